"""NetVLAD: as hard VLAD in the limit, its initialisation by hand, sharp assignments."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from coursekit.pooling import NetVLAD, netvlad
from tests.oracles.pooling import slow_vlad
from tests.pooling.layers import BIAS, CENTROIDS, CHANNELS, WEIGHT, assert_near, make_maps


def test_two_words_by_hand():
    # Equal scores: each column counts half for each word. Sums: ½(1 + 4) − 1·c.
    x = torch.tensor([[[[1.0, 4.0]]]])
    words = torch.tensor([[0.5], [5.5]])  # residual sums 2 and −3, each of length 1 after L2
    pooled = netvlad(x, words, torch.zeros(2, 1), torch.zeros(2))
    half = math.sqrt(0.5)
    assert pooled[0].tolist() == pytest.approx([half, -half])


def test_sharp_assignment_gives_vlad(rng):
    x = make_maps(rng, 2, CHANNELS, 5, 6, kind="signed")
    layer = NetVLAD.from_centroids(CENTROIDS, alpha=1e5, normalize_input=False)
    expected = np.stack([slow_vlad(image, CENTROIDS.double().numpy()) for image in x.numpy()])
    assert_near(layer(x), expected, torch.float32)


def test_first_word_weighs_a_hundred_times_the_second_at_the_mean_gap():
    # From the point 0 the squared distances are 1 and 9, the gap is 8: α = ln(100)/8.
    layer = NetVLAD.from_centroids([[1.0], [-3.0]], descriptors=[[0.0]])
    alpha = math.log(100) / 8
    assert layer.weight.flatten().tolist() == pytest.approx([2 * alpha, -6 * alpha])
    assert layer.bias.tolist() == pytest.approx([-alpha, -9 * alpha])
    first, second = layer.bias.softmax(0).tolist()  # of the point 0
    assert first / second == pytest.approx(100, rel=1e-5)


def test_words_stand_in_for_descriptors():
    # Nearest other words of 0, 1 and 3: at squared distances 1, 1 and 4, in the mean 2.
    layer = NetVLAD.from_centroids(torch.tensor([[0.0], [1.0], [3.0]]))
    assert layer.bias[1].item() == pytest.approx(-math.log(100) / 2)


def test_assignment_is_a_softmax_of_squared_distances(rng):
    points = torch.from_numpy(rng.normal(size=(20, CHANNELS)).astype(np.float32))
    layer = NetVLAD.from_centroids(CENTROIDS, alpha=0.7)
    scores = points @ layer.weight.T + layer.bias
    squared = (points[:, None] - CENTROIDS).square().sum(2)
    torch.testing.assert_close(scores.softmax(1), (-0.7 * squared).softmax(1))


def test_layer_normalises_the_columns_once_asked(rng):
    x = make_maps(rng, 2, CHANNELS, 4, 6, dtype=torch.float32)
    layer = NetVLAD.from_centroids(CENTROIDS)
    words = (layer.centroids, layer.weight, layer.bias)
    assert_near(layer(x), netvlad(nn.functional.normalize(x), *words).detach())
    assert_near(layer(1e30 * x), layer(x).detach())


def test_gradients_through_the_lengths_are_those_of_finite_differences(rng):
    x = make_maps(rng, 2, CHANNELS, 2, 3, kind="signed").requires_grad_()
    layer = NetVLAD.from_centroids(CENTROIDS).double()
    assert torch.autograd.gradcheck(layer, x, fast_mode=True)


def test_lengths_of_columns_are_each_their_own(rng):
    # Columns of very different lengths, in an image whose squares would leave float32.
    x = make_maps(rng, 1, CHANNELS, 2, 3, kind="signed", dtype=torch.float32)
    scales = torch.tensor([[1e-30, 1.0, 1e30], [1e-15, 1e10, 3.0]])
    layer = NetVLAD.from_centroids(CENTROIDS)
    assert_near(layer(x * scales), layer(x).detach())


def test_columns_too_short_to_invert_count_as_zero():
    layer = NetVLAD.from_centroids(CENTROIDS)
    x = torch.zeros(1, CHANNELS, 2, 2)
    assert torch.equal(layer(x + 1e-45), layer(x))


def test_zero_columns_stay_zero_when_normalised():
    layer = NetVLAD.from_centroids(CENTROIDS)
    x = torch.zeros(1, CHANNELS, 2, 2, dtype=torch.float16, requires_grad=True)
    (slopes,) = torch.autograd.grad(layer(x).float().sum(), x)
    assert layer(x).isfinite().all()
    assert slopes.isfinite().all()


def test_columns_on_their_word_give_zeros_and_finite_gradients():
    words = torch.tensor([[1.0, 2.0]])
    x = words[0][None, :, None, None].expand(1, 2, 3, 3).clone().requires_grad_()
    pooled = netvlad(x, words, torch.zeros(1, 2), torch.zeros(1))
    (slopes,) = torch.autograd.grad(pooled.sum(), x)
    assert pooled.tolist() == [[0.0, 0.0]]
    assert slopes.isfinite().all()


def test_gradients_of_the_words_are_those_of_finite_differences(rng):
    x = make_maps(rng, 2, CHANNELS, 2, 3, kind="signed")
    words = [value.double().requires_grad_() for value in (CENTROIDS, WEIGHT, BIAS)]
    assert torch.autograd.gradcheck(lambda *w: netvlad(x, *w), words, fast_mode=True)


def test_random_start_is_seeded_by_torch_and_spreads_the_assignments():
    torch.manual_seed(3)
    first = NetVLAD(16, 4)
    torch.manual_seed(3)
    second = NetVLAD(16, 4)
    assert torch.equal(first.weight, second.weight)
    torch.testing.assert_close(first.centroids.norm(dim=1), torch.ones(4))


def test_one_word_takes_every_column():
    assert NetVLAD.from_centroids([[0.0, 2.0]]).bias.tolist() == [-4.0]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (
            (torch.ones(2, 4), torch.ones(2, 4), torch.ones(2)),
            ValueError,
            r"centroids: expected shape \(K, 3\), K ≥ 1, to match x, got \(2, 4\)",
        ),
        (
            (torch.ones(0, 3), torch.ones(0, 3), torch.ones(0)),
            ValueError,
            r"centroids: expected shape \(K, 3\), K ≥ 1, to match x, got \(0, 3\)",
        ),
        (
            (torch.ones(2, 3), torch.ones(2, 3, 1, 1), torch.ones(2)),
            ValueError,
            r"weight: expected shape \(2, 3\) to match centroids, got \(2, 3, 1, 1\)",
        ),
        (
            (torch.ones(2, 3), torch.ones(2, 3), torch.ones(3)),
            ValueError,
            r"bias: expected shape \(2,\) to match centroids, got \(3,\)",
        ),
        (
            (np.ones((2, 3)), torch.ones(2, 3), torch.ones(2)),
            TypeError,
            "centroids: expected a floating tensor, got ndarray",
        ),
        (
            (torch.ones(2, 3), torch.ones(2, 3).int(), torch.ones(2)),
            TypeError,
            "weight: expected a floating tensor, got torch.int32",
        ),
    ],
)
def test_bad_words_are_named(words, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        netvlad(torch.ones(1, 3, 2, 2), *words)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"centroids": [[1.0], [1.0]]},
            ValueError,
            "alpha: expected a number > 0, since the mean gap is 0.0, got None",
        ),
        (
            {"centroids": np.ones((2, 1)), "alpha": 0},
            ValueError,
            "alpha: expected a finite number > 0, got 0",
        ),
        (
            {"centroids": np.ones((0, 3))},
            ValueError,
            r"centroids: expected at least one row, got \(0, 3\)",
        ),
        ({"centroids": np.ones(3)}, ValueError, r"centroids: expected shape \(K, C\), got \(3,\)"),
        (
            {"centroids": [[np.nan]]},
            ValueError,
            r"centroids: expected finite values, got nan at \[0, 0\]",
        ),
        (
            {"centroids": [[1.0], [2.0]], "descriptors": np.ones((4, 2))},
            ValueError,
            r"descriptors: expected shape \(T, 1\) to match centroids, got \(4, 2\)",
        ),
        (
            {"centroids": [[1.0], [2.0]], "normalize_input": None},
            ValueError,
            "normalize_input: expected one of True, False, got None",
        ),
    ],
)
def test_bad_start_is_named(arguments, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        NetVLAD.from_centroids(**arguments)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 4), "channels: expected an integer ≥ 1, got 0"),
        ((4, 0), "n_words: expected an integer ≥ 1, got 0"),
    ],
)
def test_bad_size_is_named(sizes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        NetVLAD(*sizes)


def test_maps_of_other_channels_are_refused_by_the_layer():
    message = r"^centroids: expected shape \(K, 5\), K ≥ 1, to match x, got \(4, 3\)$"
    with pytest.raises(ValueError, match=message):
        NetVLAD(3, 4)(torch.ones(1, 5, 2, 2))


def test_repr_shows_sizes_and_option():
    assert repr(NetVLAD(6, 4)) == "NetVLAD(channels=6, n_words=4, normalize_input=True)"
