"""GeM: between average and maximum, safe in every precision, its exponent trainable."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from coursekit.pooling import GeM, gem, mac
from tests.pooling.layers import assert_near, make_maps


def as_number(p):
    return p


def as_tensor(p):
    return torch.tensor(p)


either = pytest.mark.parametrize("form", [as_number, as_tensor])


@either
@pytest.mark.parametrize(
    ("p", "responses", "expected"),
    [
        (1.0, (2, 8), 5.0),
        (2.0, (1, 7), 5.0),  # (1 + 49)/2 = 25
        (3.0, (3, 5), 76 ** (1 / 3)),  # (27 + 125)/2 = 76
        (0.5, (1, 9), 4.0),  # (1 + 3)/2 = 2, squared
    ],
)
def test_means_by_hand(p, responses, expected, form):
    x = torch.tensor([[[responses]]], dtype=torch.float64)
    assert gem(x, form(p)).item() == pytest.approx(expected, rel=1e-6)


def test_p_1_is_the_average(rng):
    x = make_maps(rng, 2, 3, 6, 7) + 0.1
    torch.testing.assert_close(gem(x, 1), x.mean((2, 3)))


@either
def test_large_p_approaches_the_maximum(form, rng):
    x = make_maps(rng, 2, 3, 6, 7, dtype=torch.float32)
    # The mean is at least max/(H·W)^(1/p): 42^(1/1000) = 1.004.
    torch.testing.assert_close(gem(x, form(1000.0)), mac(x), rtol=4e-3, atol=0)


@either
def test_result_grows_with_p(form, rng):
    x = make_maps(rng, 2, 3, 6, 7)
    means = torch.stack([gem(x, form(p)) for p in (0.5, 1.0, 2.0, 3.0, 7.5, 20.0)])
    assert (means.diff(dim=0) > 0).all()


@either
@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (torch.float16, 6e4),
        (torch.float16, 1e-6),
        (torch.bfloat16, 1e38),
        (torch.bfloat16, 1e-6),
        (torch.float32, 1e11),
        (torch.float32, 1e-6),
    ],
)
@pytest.mark.parametrize("p", [3.0, 40.0])
def test_powers_do_not_leave_the_range(dtype, value, p, form):
    x = torch.full((1, 1, 24, 32), value, dtype=dtype)
    x[..., ::2] = 0
    x.requires_grad_()
    pooled = gem(x, form(p))
    (slopes,) = torch.autograd.grad(pooled.sum(), x)
    stored = x.detach().double()
    expected = stored.clamp(min=1e-6).amax((2, 3)) * (0.5 if value > 1e-5 else 1) ** (1 / p)
    assert_near(pooled, expected)
    assert slopes.isfinite().all()


def test_responses_below_eps_are_raised_to_it():
    x = torch.tensor([[[[-5.0, 0.25]]]])
    assert gem(x, 1, eps=0.75).tolist() == [[0.75]]


def test_each_channel_has_its_own_exponent(rng):
    x = make_maps(rng, 2, 3, 4, 5)
    p = torch.tensor([1.0, 3.0, 6.5])
    one_by_one = torch.cat([gem(x[:, c : c + 1], float(p[c])) for c in range(3)], 1)
    torch.testing.assert_close(gem(x, p), one_by_one)


@pytest.mark.parametrize("p", [[3.0], [1.5, 2.0, 4.0]])
def test_gradient_of_the_exponent_is_that_of_finite_differences(p):
    x = make_maps(np.random.default_rng(0), 2, 3, 4, 5) + 0.1
    exponents = torch.tensor(p, dtype=torch.float64).squeeze().requires_grad_()
    assert torch.autograd.gradcheck(lambda q: gem(x, q), exponents)


@pytest.mark.parametrize("x", [torch.zeros(1, 2, 3, 3), torch.full((1, 2, 3, 3), 7.0)])
def test_gradient_of_the_exponent_is_finite_on_flat_maps(x):
    p = torch.tensor(3.0, requires_grad=True)
    (slope,) = torch.autograd.grad(gem(x, p).sum(), p)
    assert slope.item() == pytest.approx(0, abs=1e-5)


def test_exponent_of_an_empty_image_has_no_gradient():
    p = torch.tensor(3.0, requires_grad=True)
    x, mask = torch.full((1, 2, 3, 3), torch.nan), torch.zeros(1, 3, 3, dtype=torch.bool)
    (slope,) = torch.autograd.grad(gem(x, p, mask=mask).sum(), p)
    assert slope.item() == 0


def test_value_of_a_tensor_is_not_checked():
    assert gem(torch.ones(1, 1, 2, 2), torch.tensor(torch.nan)).isnan().all()


@pytest.mark.parametrize(
    ("p", "error", "message"),
    [
        (0, ValueError, "p: expected a finite number > 0, got 0"),
        (-3.0, ValueError, "p: expected a finite number > 0, got -3.0"),
        (math.nan, ValueError, "p: expected a finite number > 0, got nan"),
        ("3", TypeError, "p: expected a number, got '3'"),
        (True, TypeError, "p: expected a number, got True"),
        (torch.tensor(3), TypeError, "p: expected a floating tensor, got torch.int64"),
        (torch.ones(3), ValueError, r"p: expected shape \(\) or \(2,\), got \(3,\)"),
        (torch.ones(1, 2), ValueError, r"p: expected shape \(\) or \(2,\), got \(1, 2\)"),
    ],
)
def test_bad_exponent_is_named(p, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        gem(torch.ones(1, 2, 3, 3), p)


def test_bad_eps_is_named():
    with pytest.raises(ValueError, match=r"^eps: expected a finite number > 0, got 0$"):
        gem(torch.ones(1, 2, 3, 3), eps=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"p": 0}, ValueError, "p: expected a finite number > 0, got 0"),
        ({"eps": -1}, ValueError, "eps: expected a finite number > 0, got -1"),
        ({"channels": 0}, ValueError, "channels: expected an integer ≥ 1, got 0"),
        ({"trainable": "no"}, ValueError, "trainable: expected one of True, False, got 'no'"),
        (
            {"channels": 2, "trainable": False},
            ValueError,
            "channels: expected None with trainable=False, got 2",
        ),
    ],
)
def test_bad_option_of_the_layer_is_named(options, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        GeM(**options)


def test_trainable_exponent_learns():
    layer = GeM(p=3.0)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    x = torch.rand(4, 8, 5, 5, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        optimiser.zero_grad()
        (-layer(x)).sum().backward()  # a larger mean needs a larger exponent
        optimiser.step()
    assert layer.get_parameter("p").item() > 3


def test_frozen_exponent_is_no_part_of_the_state():
    layer = GeM(p=4.0, trainable=False)
    assert layer.state_dict() == {}
    assert layer.p == 4.0


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (GeM(), "GeM(p=3, trainable=True, eps=1e-06)"),
        (GeM(2.5, trainable=False), "GeM(p=2.5, trainable=False, eps=1e-06)"),
        (GeM(channels=512), "GeM(channels=512, trainable=True, eps=1e-06)"),
    ],
)
def test_repr_shows_exponent_and_options(layer, text):
    assert repr(layer) == text
