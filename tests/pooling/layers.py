"""The table of all pooling layers: a new one is one more line, and gets every contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.pooling import (
    MAC,
    RMAC,
    CroW,
    GeM,
    NetVLAD,
    SPoC,
    crow,
    gem,
    mac,
    netvlad,
    rmac,
    spoc,
)
from tests.oracles.pooling import (
    slow_crow,
    slow_gem,
    slow_mac,
    slow_netvlad,
    slow_rmac,
    slow_spoc,
)

CHANNELS = 5
EXPONENTS = torch.tensor([1.0, 2.0, 3.5, 8.0, 0.5])

_generator = torch.Generator().manual_seed(7)
CENTROIDS, WEIGHT = (torch.randn(3, CHANNELS, generator=_generator) for _ in range(2))
BIAS = torch.randn(3, generator=_generator)
WHITENING = torch.randn(4, CHANNELS, generator=_generator)

# Relative to the largest entry: rounding to the dtype, and float32 sums over a few hundred pixels.
TOLERANCE = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 2e-3,
    torch.bfloat16: 1e-2,
}


def whiten(vectors: Tensor) -> Tensor:
    return vectors @ WHITENING.to(vectors).mT


class Layer(NamedTuple):
    pool: Callable[..., Tensor]
    oracle: Callable[..., Any]
    module: Callable[[], nn.Module]
    any_mask: bool = True
    width: int = CHANNELS
    at_zero: float | None = 0.0  # what a zero map gives; None: what the oracle says


def _netvlad_module() -> nn.Module:
    layer = NetVLAD(CHANNELS, 3, normalize_input=False)
    with torch.no_grad():
        layer.centroids.copy_(CENTROIDS)
        layer.weight.copy_(WEIGHT)
        layer.bias.copy_(BIAS)
    return layer


def _gem_per_channel() -> nn.Module:
    layer = GeM(channels=CHANNELS)
    with torch.no_grad():
        layer.get_parameter("p").copy_(EXPONENTS)
    return layer


_WORDS = (CENTROIDS, WEIGHT, BIAS)
_SLOW_WORDS = {
    name: value.double().numpy()
    for name, value in zip(("centroids", "weight", "bias"), _WORDS, strict=True)
}

LAYERS = {
    "mac": Layer(mac, slow_mac, MAC),
    "spoc": Layer(spoc, slow_spoc, SPoC, any_mask=False),
    "spoc-plain": Layer(
        partial(spoc, center_prior=False),
        partial(slow_spoc, center_prior=False),
        partial(SPoC, center_prior=False),
        any_mask=False,
    ),
    "crow": Layer(crow, slow_crow, CroW),
    "crow-1-3": Layer(
        partial(crow, alpha=1, beta=3),
        partial(slow_crow, alpha=1, beta=3),
        partial(CroW, alpha=1, beta=3),
    ),
    "gem": Layer(gem, slow_gem, partial(GeM, trainable=False), at_zero=1e-6),
    "gem-2.5": Layer(
        partial(gem, p=2.5),
        partial(slow_gem, p=2.5),
        partial(GeM, 2.5, trainable=False),
        at_zero=1e-6,
    ),
    "gem-tensor": Layer(partial(gem, p=torch.tensor(3.0)), slow_gem, GeM, at_zero=1e-6),
    "gem-per-channel": Layer(
        partial(gem, p=EXPONENTS),
        partial(slow_gem, p=EXPONENTS.double().numpy()),
        _gem_per_channel,
        at_zero=1e-6,
    ),
    "rmac": Layer(rmac, slow_rmac, RMAC, any_mask=False),
    "rmac-2-whole": Layer(
        partial(rmac, levels=2, overlap=0.1, whole_map=True),
        partial(slow_rmac, levels=2, overlap=(1, 10), whole_map=True),
        partial(RMAC, levels=2, overlap=0.1, whole_map=True),
        any_mask=False,
    ),
    "rmac-whitened": Layer(
        partial(rmac, whitening=whiten),
        partial(slow_rmac, whitening=lambda v: WHITENING.double().numpy() @ v),
        partial(RMAC, whitening=whiten),
        any_mask=False,
        width=4,
    ),
    "netvlad": Layer(
        partial(netvlad, centroids=CENTROIDS, weight=WEIGHT, bias=BIAS),
        partial(slow_netvlad, **_SLOW_WORDS),
        _netvlad_module,
        width=3 * CHANNELS,
        at_zero=None,  # the residuals to the words
    ),
}


def make_maps(
    rng: np.random.Generator, *shape: int, kind: str = "relu", dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return random maps; `relu` is what a ConvNet gives: half of it zero."""
    values = rng.normal(size=shape)
    values = {
        "relu": np.maximum(values, 0),
        "signed": values,
        "negative": -np.abs(values),
        "dead": np.maximum(values, 0) * (np.arange(shape[1]) != 2)[:, None, None],
        "zero": values * 0,
        "constant": values * 0 + 2.0,
    }[kind]
    return torch.from_numpy(values).to(dtype)


def assert_near(actual: Tensor, expected: Any, dtype: torch.dtype | None = None) -> None:
    """Compare relative to the largest entry, which a cancelled one cannot be held to."""
    dtype = dtype or actual.dtype
    wanted = torch.as_tensor(np.asarray(expected), dtype=torch.float64)
    largest = float(wanted.abs().max()) if wanted.numel() else 0.0
    step = torch.finfo(actual.dtype).smallest_normal * torch.finfo(actual.dtype).eps
    atol = TOLERANCE[dtype] * largest + step  # 1e-6 in float16 is a few steps of 6e-8
    torch.testing.assert_close(actual.detach().double(), wanted, rtol=0, atol=atol)
