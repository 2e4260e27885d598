"""Pooling layers as scikit-learn transformers: lists of maps in, one vector each out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from coursekit.types import FloatArray

__all__ = ["Pooled", "pooled"]


class Pooled(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A pooling function over maps of any size, those of one size together.

    Parameters
    ----------
    pool : callable
        From maps (B, C, h, w) to (B, dim).
    """

    def __init__(self, pool: Callable[..., Any]) -> None:
        self.pool = pool

    def fit(self, X: Sequence[FloatArray], y: object = None) -> Self:
        """Learn nothing."""
        return self

    def transform(self, X: Sequence[FloatArray]) -> FloatArray:
        """Pool each (C, h, w) and scale it to norm 1: (N, dim)."""
        return pooled(X, self.pool)


def pooled(maps: Sequence[FloatArray], pool: Callable[..., Any], batch: int = 16) -> FloatArray:
    """Pool maps of any size, and scale each vector to norm 1."""
    import torch

    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for i, one in enumerate(maps):
        by_shape[one.shape].append(i)
    rows: dict[int, FloatArray] = {}
    for same in by_shape.values():
        for start in range(0, len(same), batch):
            part = same[start : start + batch]
            with torch.inference_mode():
                vectors = pool(torch.from_numpy(np.stack([maps[i] for i in part])))
                rows.update(
                    zip(part, torch.nn.functional.normalize(vectors, dim=1).numpy(), strict=True)
                )
    return np.stack([rows[i] for i in range(len(maps))])
