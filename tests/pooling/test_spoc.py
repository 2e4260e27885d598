"""SPoC: the prior by hand, the plain sum, the prior of a padded map."""

from __future__ import annotations

import math

import pytest
import torch

from coursekit.pooling import SPoC, spoc
from tests.pooling.layers import make_maps


def test_prior_of_a_small_map_by_hand():
    # σ = 3/6 on 3×3: a neighbour of the centre weighs exp(−1/(2·0.25)) = e⁻², a corner e⁻⁴.
    x = torch.eye(9, dtype=torch.float64).reshape(1, 9, 3, 3)
    side, corner = math.exp(-2), math.exp(-4)
    expected = [[corner, side, corner, side, 1.0, side, corner, side, corner]]
    torch.testing.assert_close(spoc(x), torch.tensor(expected, dtype=torch.float64))


def test_prior_is_as_wide_along_the_long_side():
    # σ = 1/6 on 1×3: the neighbours weigh exp(−18).
    x = torch.eye(3, dtype=torch.float64).reshape(1, 3, 1, 3)
    assert spoc(x)[0].tolist() == pytest.approx([math.exp(-18), 1.0, math.exp(-18)])


def test_without_prior_it_is_the_sum(rng):
    x = make_maps(rng, 2, 3, 6, 7, kind="signed")
    torch.testing.assert_close(spoc(x, center_prior=False), x.sum((2, 3)))


@pytest.mark.parametrize(
    "hole", [(0, 0), (1, 2), (3, 4)], ids=["corner", "inside", "opposite corner"]
)
def test_mask_with_a_hole_is_refused(hole):
    mask = torch.ones(1, 4, 5, dtype=torch.bool)
    mask[0][hole] = False
    with pytest.raises(ValueError, match=r"^mask: expected an axis-aligned rectangle"):
        spoc(torch.ones(1, 1, 4, 5), mask=mask)


def test_mask_of_two_blocks_is_refused():
    mask = torch.tensor([[[True, False, True]]])
    with pytest.raises(ValueError, match=r"^mask: expected an axis-aligned rectangle"):
        spoc(torch.ones(1, 1, 1, 3), mask=mask)


def test_float16_is_summed_in_float32():
    # A float16 sum would stand still at 2048.
    assert spoc(torch.ones(1, 1, 64, 64).half(), center_prior=False).tolist() == [[4096.0]]


def test_bad_option_is_named():
    message = "^center_prior: expected one of True, False, got 'yes'$"
    with pytest.raises(ValueError, match=message):
        spoc(torch.ones(1, 1, 2, 2), center_prior="yes")
    with pytest.raises(ValueError, match=message):
        SPoC(center_prior="yes")


def test_repr_shows_the_option():
    assert repr(SPoC()) == "SPoC(center_prior=True)"
