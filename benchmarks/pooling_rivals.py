"""Pooling layers as published repositories and torch itself offer them: the contenders.

Written from their formulas, one torch call per step, with their choice of calls. Where a repository
is named, its steps are followed; its grid of regions and added whole map (R-MAC) are left out, so
that all contenders of a table give the same vectors.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d, avg_pool2d, conv2d, max_pool2d, normalize

from coursekit.pooling import regions


def torch_max_pool(x: Tensor) -> Tensor:
    """MAC as cirtorch writes it."""
    return max_pool2d(x, (x.shape[2], x.shape[3])).flatten(1)


def torch_adaptive_max_pool(x: Tensor) -> Tensor:
    """MAC by torch's adaptive pooling."""
    return adaptive_max_pool2d(x, 1).flatten(1)


def torch_average_pool(x: Tensor) -> Tensor:
    """SPoC without a prior as cirtorch writes it, times the area: a sum."""
    return avg_pool2d(x, (x.shape[2], x.shape[3])).flatten(1) * (x.shape[2] * x.shape[3])


def weighted_spoc(x: Tensor) -> Tensor:
    """SPoC with its prior multiplied into the maps."""
    H, W = x.shape[2:]
    sigma = min(H, W) / 6
    down, across = ((torch.arange(n) - (n - 1) / 2) ** 2 for n in (H, W))
    prior = torch.exp(-(down[:, None] + across) / (2 * sigma**2))
    return (x * prior).sum((2, 3))


def power_pool_gem(x: Tensor, p: float | Tensor) -> Tensor:
    """GeM as cirtorch writes it."""
    powers = x.clamp(min=1e-6).pow(p)
    return avg_pool2d(powers, (x.shape[2], x.shape[3])).pow(1.0 / p).flatten(1)


def direct_crow(x: Tensor) -> Tensor:
    """CroW, the steps of the authors' script (which is NumPy, one image at a time)."""
    total = x.sum(1)
    norm = (total**2).sum((1, 2), keepdim=True) ** 0.5
    sums = (x * ((total / norm) ** 0.5)[:, None]).sum((2, 3))
    shares = (x != 0).float().mean((2, 3))
    return sums * torch.log(shares.sum(1, keepdim=True) / shares)


def pooled_rmac(x: Tensor) -> Tensor:
    """R-MAC as cirtorch writes it: a max pooling for each region."""
    vectors = []
    for _, top, left, size in regions(x.shape[2], x.shape[3]):
        region = x[:, :, top : top + size, left : left + size]
        maxima = max_pool2d(region, (size, size)).flatten(1)
        vectors.append(maxima / (maxima.norm(dim=1, keepdim=True) + 1e-6))
    return torch.stack(vectors).sum(0)


def reduced_rmac(x: Tensor) -> Tensor:
    """R-MAC with a reduction for each region."""
    vectors = []
    for _, top, left, size in regions(x.shape[2], x.shape[3]):
        maxima = x[:, :, top : top + size, left : left + size].amax((2, 3))
        vectors.append(normalize(maxima))
    return torch.stack(vectors).sum(0)


def word_by_word_netvlad(x: Tensor, centroids: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """NetVLAD as Nanne writes it: residuals word by word."""
    assigned = conv2d(x, weight[:, :, None, None], bias).flatten(2).softmax(1)  # (B, K, N)
    columns = x.flatten(2)
    words = [
        ((columns - centroid[:, None]) * assigned[:, k : k + 1]).sum(2)
        for k, centroid in enumerate(centroids)
    ]
    return _normalized(torch.stack(words, 1))


def einsum_netvlad(x: Tensor, centroids: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """NetVLAD as two products, by `einsum`."""
    columns = x.flatten(2)
    assigned = (torch.einsum("kc,bcn->bkn", weight, columns) + bias[:, None]).softmax(1)
    sums = torch.einsum("bkn,bcn->bkc", assigned, columns)
    return _normalized(sums - assigned.sum(2, keepdim=True) * centroids)


def _normalized(sums: Tensor) -> Tensor:
    return normalize(normalize(sums, dim=2).flatten(1))
