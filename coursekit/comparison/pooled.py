"""Pooling layers as scikit-learn transformers: lists of maps in, one vector each out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from coursekit.types import FloatArray, Image, Loadable

__all__ = ["LayerPooled", "Pooled", "gem_layer", "netvlad_layer"]


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


class LayerPooled(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A pooling layer with parameters: started from the maps, then trained on the photos if asked.

    Parameters
    ----------
    start : callable
        From a list of maps (C, h, w) to the layer as its training begins.
    n_epochs : int, default 0
        Passes over the photos in `fine_tune`, at most, the network staying as it is; 0 leaves the
        layer as it starts.

    Attributes
    ----------
    layer_ : torch.nn.Module
    note : str
        What the training came to; empty without one.
    """

    def __init__(self, start: Callable[[Sequence[FloatArray]], Any], n_epochs: int = 0) -> None:
        self.start = start
        self.n_epochs = n_epochs

    def fit(
        self, X: Sequence[FloatArray], images: Sequence[Image | Loadable] | None = None
    ) -> Self:
        """Start from maps (C, h, w), then train on views of the `images` that they are of."""
        self.layer_, self.note = self.start(X), ""
        if self.n_epochs:
            from coursekit.comparison.tuning import tune
            from coursekit.convnet.backbones import backbone

            if images is None:
                raise ValueError("images: expected the photos to train on, got None")
            self.note = tune(backbone(), self.layer_, images, n_epochs=self.n_epochs)
        self.layer_.eval()
        return self

    def transform(self, X: Sequence[FloatArray]) -> FloatArray:
        """Pool each (C, h, w) and scale it to norm 1: (N, dim)."""
        return pooled(X, self.layer_)


def gem_layer(maps: Sequence[FloatArray]) -> Any:
    """Return GeM with p = 3, whatever the maps."""
    from coursekit.pooling import GeM

    return GeM()


def netvlad_layer(maps: Sequence[FloatArray], n_words: int = 64, n_columns: int = 200) -> Any:
    """Return NetVLAD with centres by k-means over columns of the maps, `n_columns` of each."""
    from coursekit.aggregation import kmeans
    from coursekit.pooling import NetVLAD

    rng = np.random.default_rng(0)
    drawn = []
    for one in maps:
        columns = one.reshape(len(one), -1).T
        columns = columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12)
        n = min(len(columns), n_columns)
        drawn.append(columns[np.sort(rng.choice(len(columns), n, replace=False))])
    centroids = kmeans(np.concatenate(drawn), n_words, random_state=0)
    return NetVLAD.from_centroids(centroids, normalize_input=True)


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
