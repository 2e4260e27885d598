"""R-MAC: its grid against the definition in integers, regions shared, ties, whitening."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from coursekit.pooling import RMAC, Region, mac, regions, rmac
from tests.oracles.pooling import slow_regions
from tests.pooling.layers import make_maps


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ((1, 1), 1),
        ((2, 2), 1 + 4 + 9),
        ((7, 7), 14),
        ((30, 30), 14),
        ((24, 32), 20),
        ((32, 24), 20),
    ],
)
def test_number_of_regions(size, count):
    assert len(regions(*size)) == count


def test_grid_of_a_small_map_by_hand():
    # Level 1: side 4, 1×2 squares; level 2: side ⌊8/3⌋ = 2, 2×3 squares, 2 and 3 rows or columns
    # to spread.
    assert regions(4, 6, levels=2) == [
        Region(1, 0, 0, 4),
        Region(1, 0, 2, 4),
        Region(2, 0, 0, 2),
        Region(2, 0, 2, 2),
        Region(2, 0, 4, 2),
        Region(2, 2, 0, 2),
        Region(2, 2, 2, 2),
        Region(2, 2, 4, 2),
    ]


def test_grid_is_the_definition_on_every_size():
    for h in range(1, 49):
        for w in range(1, 49):
            assert regions(h, w) == slow_regions(h, w)


@pytest.mark.parametrize(("levels", "overlap", "exact"), [(5, 0.1, (1, 10)), (2, 0.75, (3, 4))])
def test_grid_of_other_options_is_the_definition(levels, overlap, exact):
    for h, w in [(1, 1), (3, 40), (17, 23), (40, 7), (9, 9)]:
        assert regions(h, w, levels=levels, overlap=overlap) == slow_regions(h, w, levels, exact)


def test_regions_lie_on_the_map_and_reach_its_corners():
    for h, w in [(1, 9), (5, 5), (24, 32), (31, 10)]:
        grid = regions(h, w)
        assert all(r.top >= 0 and r.left >= 0 for r in grid)
        assert max(r.top + r.size for r in grid) == h
        assert max(r.left + r.size for r in grid) == w


def test_one_level_on_a_square_map_is_mac_at_length_1(rng):
    x = make_maps(rng, 2, 4, 6, 6)
    torch.testing.assert_close(rmac(x, levels=1), nn.functional.normalize(mac(x)))


def test_whole_map_adds_the_direction_of_mac(rng):
    x = make_maps(rng, 2, 4, 6, 9)
    added = rmac(x, whole_map=True) - rmac(x)
    torch.testing.assert_close(added, nn.functional.normalize(mac(x)))


def test_gradient_at_ties_sums_to_that_of_a_single_pixel():
    # The vector (3, 4) everywhere: one region, whatever the size of the map.
    pixel = torch.tensor([3.0, 4.0], dtype=torch.float64)[None, :, None, None]
    weights = torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    sums = []
    for size in (1, 7, 8):
        x = pixel.expand(1, 2, size, size).clone().requires_grad_()
        (slopes,) = torch.autograd.grad((rmac(x, levels=1) * weights).sum(), x)
        sums.append(slopes.sum((2, 3)))
    # ∂/∂v of (w·v)/‖v‖ is (w − (w·v)v/25)/5, with w·v = −5.
    torch.testing.assert_close(sums[0], torch.tensor([[0.32, -0.24]], dtype=torch.float64))
    torch.testing.assert_close(sums[1], sums[0])
    torch.testing.assert_close(sums[2], sums[0])


def test_whitening_module_is_trained_and_stored_with_the_layer(rng):
    layer = RMAC(whitening=nn.Linear(4, 2))
    x = make_maps(rng, 1, 4, 6, 6, dtype=torch.float32)
    assert layer(x).shape == (1, 2)
    layer(x).sum().backward()
    assert sorted(layer.state_dict()) == ["whitening.bias", "whitening.weight"]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def test_half_precision_layer_whitens_in_half_precision(rng):
    layer = RMAC(whitening=nn.Linear(4, 2)).to(torch.bfloat16)
    x = make_maps(rng, 1, 4, 6, 6, dtype=torch.bfloat16)
    assert layer(x).dtype == torch.bfloat16


bad_options = pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"levels": 0}, ValueError, "levels: expected an integer ≥ 1, got 0"),
        ({"levels": 2.0}, TypeError, "levels: expected an integer, got 2.0"),
        ({"overlap": 1}, ValueError, r"overlap: expected a number in \[0, 1\), got 1"),
        ({"overlap": -0.1}, ValueError, r"overlap: expected a number in \[0, 1\), got -0.1"),
        ({"overlap": "0.4"}, TypeError, "overlap: expected a number, got '0.4'"),
    ],
)


@bad_options
def test_bad_option_of_the_grid_is_named(options, error, message):
    x = torch.ones(1, 1, 5, 5)
    for call in (lambda **o: regions(5, 5, **o), lambda **o: rmac(x, **o), RMAC):
        with pytest.raises(error, match=f"^{message}$"):
            call(**options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"whole_map": 3}, ValueError, "whole_map: expected one of True, False, got 3"),
        ({"whitening": "pca"}, TypeError, "whitening: expected a callable, got 'pca'"),
    ],
)
def test_bad_option_of_the_layer_is_named(options, error, message):
    for call in (lambda **o: rmac(torch.ones(1, 1, 5, 5), **o), RMAC):
        with pytest.raises(error, match=f"^{message}$"):
            call(**options)


@pytest.mark.parametrize(
    ("size", "error", "message"),
    [
        ((0, 5), ValueError, "h: expected an integer ≥ 1, got 0"),
        ((5, 2.5), TypeError, "w: expected an integer, got 2.5"),
    ],
)
def test_bad_size_is_named(size, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        regions(*size)


def test_repr_shows_the_options():
    assert repr(RMAC(levels=2)) == "RMAC(levels=2, overlap=0.4, whole_map=False)"
