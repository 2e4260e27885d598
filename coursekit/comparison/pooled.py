"""Pooling layers as scikit-learn transformers: lists of maps in, one vector each out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from coursekit.types import FloatArray

__all__ = ["NetVLADMaps", "Pooled"]


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


class NetVLADMaps(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """NetVLAD as its training begins: centres by k-means over the columns of the maps.

    Parameters
    ----------
    n_words : int, default 64
        K.
    n_columns : int, default 200
        Columns drawn from each image to learn from, at most.
    """

    def __init__(self, n_words: int = 64, n_columns: int = 200) -> None:
        self.n_words = n_words
        self.n_columns = n_columns

    def fit(self, X: Sequence[FloatArray], y: object = None) -> Self:
        """Learn the centres from maps (C, h, w)."""
        from coursekit.aggregation import kmeans
        from coursekit.pooling import NetVLAD

        rng = np.random.default_rng(0)
        drawn = []
        for maps in X:
            columns = maps.reshape(len(maps), -1).T
            columns = columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12)
            n = min(len(columns), self.n_columns)
            drawn.append(columns[np.sort(rng.choice(len(columns), n, replace=False))])
        centroids = kmeans(np.concatenate(drawn), self.n_words, random_state=0)
        self.layer_ = NetVLAD.from_centroids(centroids, normalize_input=True).eval()
        return self

    def transform(self, X: Sequence[FloatArray]) -> FloatArray:
        """Pool each (C, h, w): (N, K·C)."""
        return pooled(X, self.layer_)


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
