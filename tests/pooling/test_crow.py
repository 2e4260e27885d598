"""CroW: weights by hand, independence of scale, zeros, bad options."""

from __future__ import annotations

import math

import pytest
import torch

from coursekit.pooling import CroW, crow
from tests.pooling.layers import assert_near, make_maps


def test_weights_by_hand():
    # S = (9, 16), ‖S‖₂ = √337; Q = (1, ½), so the channel weights are log 1.5 and log 3.
    x = torch.tensor([[[[9.0, 12.0]], [[0.0, 4.0]]]], dtype=torch.float64)
    root = 337**0.25
    first = math.log(1.5) * (9 * 3 / root + 12 * 4 / root)
    second = math.log(3) * 4 * 4 / root
    assert crow(x)[0].tolist() == pytest.approx([first, second], rel=1e-12)


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e18, 1e30])
def test_result_scales_with_the_map(scale, rng):
    x = make_maps(rng, 1, 4, 5, 6, dtype=torch.float32)
    assert_near(crow(x * scale) / scale, crow(x))


def test_pixels_with_a_negative_sum_weigh_nothing():
    x = torch.tensor([[[[1.0, -5.0]], [[2.0, 1.0]]]])
    log2 = math.log(2)  # both channels respond everywhere; S = (3, 0)
    assert crow(x)[0].tolist() == pytest.approx([log2, 2 * log2])


def test_sum_map_of_many_float16_channels_does_not_overflow():
    x = torch.full((1, 512, 2, 2), 1000.0, dtype=torch.float16)  # S = 512 000 > 65 504
    # s = 1/√2 at four pixels, channel weight log 512.
    assert crow(x)[0, 0].item() == pytest.approx(4000 / math.sqrt(2) * math.log(512), rel=1e-3)


def test_gradient_is_finite_where_the_sum_map_touches_zero():
    x = torch.tensor([[[[1.0, 0.0, -1.0]], [[0.0, 0.0, 1.0]]]], requires_grad=True)
    (slopes,) = torch.autograd.grad(crow(x).sum(), x)
    assert slopes.isfinite().all()


@pytest.mark.parametrize("option", ["alpha", "beta"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "expected a finite number > 0, got 0"),
        (-1.0, ValueError, "expected a finite number > 0, got -1.0"),
        (math.inf, ValueError, "expected a finite number > 0, got inf"),
        (None, TypeError, "expected a number, got None"),
        (True, TypeError, "expected a number, got True"),
    ],
)
def test_bad_option_is_named(option, value, error, message):
    for call in (lambda **options: crow(torch.ones(1, 1, 2, 2), **options), CroW):
        with pytest.raises(error, match=f"^{option}: {message}$"):
            call(**{option: value})


def test_repr_shows_the_options():
    assert repr(CroW(beta=0.5)) == "CroW(alpha=2, beta=0.5)"
