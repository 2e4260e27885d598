"""MAC: values by hand, ties, agreement with torch's own pooling."""

from __future__ import annotations

import torch

from coursekit.pooling import MAC, mac
from tests.pooling.layers import make_maps


def test_maximum_of_each_map_by_hand():
    x = torch.tensor([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]] * 2])
    x[0, 1] -= 10
    assert mac(x).tolist() == [[8.0, -2.0]]


def test_agrees_with_torch(rng):
    x = make_maps(rng, 2, 3, 6, 7, kind="signed")
    assert torch.equal(mac(x), torch.nn.functional.adaptive_max_pool2d(x, 1).flatten(1))


def test_equal_maxima_share_the_gradient_evenly():
    x = torch.tensor([[[[2.0, 0.0], [2.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]], requires_grad=True)
    (slopes,) = torch.autograd.grad(mac(x).sum(), x)
    assert slopes.tolist() == [[[[0.5, 0.0], [0.5, 0.0]], [[0.25, 0.25], [0.25, 0.25]]]]


def test_padding_above_every_response_does_not_win():
    x = torch.tensor([[[[-3.0, 9.0], [-2.0, 9.0]]]])
    mask = torch.tensor([[[True, False], [True, False]]])
    assert mac(x, mask=mask).tolist() == [[-2.0]]


def test_repr_is_short():
    assert repr(MAC()) == "MAC()"
