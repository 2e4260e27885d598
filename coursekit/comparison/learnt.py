"""What the comparison learns besides codebooks: descriptors of patches, and pooling layers.

All are scikit-learn transformers, fitted on features and on the photos that they are of;
`random_state` decides all that is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin

from coursekit.comparison.pooled import pooled
from coursekit.types import FloatArray, Image, Loadable, LocalFeatures

__all__ = ["LayerPooled", "LayerTrained", "PatchDescriptors", "gem_layer", "netvlad_layer"]

Start = Callable[[Sequence[FloatArray], int], Any]

_STRONGEST: Final = 100  # patches of each photo that anchors are learnt from


class PatchDescriptors(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Convolutional kernel descriptors of patches, learnt without labels.

    Parameters
    ----------
    random_state : int, default 0
        Of the anchors.
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Sequence[LocalFeatures], y: object = None) -> Self:
        """Learn the anchors from the strongest patches of each photo, which come first."""
        from coursekit.features import PatchCKN

        patches = [_squares(one.descriptors[:_STRONGEST]) for one in X]
        self.ckn_ = PatchCKN(random_state=self.random_state).fit(np.concatenate(patches))
        return self

    def transform(self, X: Sequence[LocalFeatures]) -> list[LocalFeatures]:
        """Describe every patch (P · P,) of every image."""
        run = Parallel(n_jobs=-1, prefer="threads")
        described = run(delayed(self.ckn_.transform)(_squares(one.descriptors)) for one in X)
        return [one.with_descriptors(new) for one, new in zip(X, described, strict=True)]


class LayerPooled(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A pooling layer with parameters, as it starts from the maps.

    Parameters
    ----------
    start : callable
        From a list of maps (C, h, w) and a seed to the layer.
    random_state : int, default 0

    Attributes
    ----------
    layer_ : torch.nn.Module
    """

    def __init__(self, start: Start, random_state: int = 0) -> None:
        self.start = start
        self.random_state = random_state

    def fit(self, X: Sequence[FloatArray], y: object = None) -> Self:
        """Start from maps (C, h, w)."""
        self.layer_ = self.start(X, self.random_state).eval()
        return self

    def transform(self, X: Sequence[FloatArray]) -> FloatArray:
        """Pool each (C, h, w) and scale it to norm 1: (N, dim)."""
        return pooled(X, self.layer_)


class LayerTrained(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A pooling layer above the last block of our network, trained on views without labels.

    Parameters
    ----------
    start : callable
        From a list of the network's maps (C, h, w) and a seed to the layer as its training begins.
    last_block : bool, default False
        Whether to train the block too.
    n_epochs : int, default 8
        Passes over the photos, at most.
    random_state : int, default 0
        Of the start and of the training.

    Attributes
    ----------
    layer_ : torch.nn.Module
        From the maps before the block to vectors.
    note : str
        What the training came to.
    """

    def __init__(
        self, start: Start, last_block: bool = False, n_epochs: int = 8, random_state: int = 0
    ) -> None:
        self.start = start
        self.last_block = last_block
        self.n_epochs = n_epochs
        self.random_state = random_state

    def fit(self, X: Sequence[FloatArray], images: Sequence[Image | Loadable]) -> Self:
        """Start from maps before the block, then train on views of the images they are of."""
        import torch

        from coursekit.comparison.tuning import network_parts, tune

        _, block = network_parts()
        with torch.inference_mode():
            maps = [block(torch.from_numpy(one[None]))[0].numpy() for one in X]
        pool = self.start(maps, self.random_state)
        block, self.note = tune(
            pool,
            images,
            last_block=self.last_block,
            n_epochs=self.n_epochs,
            seed=self.random_state,
        )
        self.layer_ = torch.nn.Sequential(block, pool).eval()
        return self

    def transform(self, X: Sequence[FloatArray]) -> FloatArray:
        """Run the block on the maps (C, h, w) before it, pool, and scale to norm 1: (N, dim)."""
        return pooled(X, self.layer_)


def gem_layer(maps: Sequence[FloatArray], seed: int = 0) -> Any:
    """Return GeM with p = 3, whatever the maps."""
    from coursekit.pooling import GeM

    return GeM()


def netvlad_layer(
    maps: Sequence[FloatArray], seed: int = 0, n_words: int = 64, n_columns: int = 200
) -> Any:
    """Return NetVLAD with centres by k-means over columns of the maps, `n_columns` of each."""
    from coursekit.aggregation import kmeans
    from coursekit.pooling import NetVLAD

    rng = np.random.default_rng(seed)
    drawn = []
    for one in maps:
        columns = one.reshape(len(one), -1).T
        columns = columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12)
        n = min(len(columns), n_columns)
        drawn.append(columns[np.sort(rng.choice(len(columns), n, replace=False))])
    centroids = kmeans(np.concatenate(drawn), n_words, random_state=seed)
    return NetVLAD.from_centroids(centroids, normalize_input=True)


def _squares(rows: FloatArray) -> FloatArray:
    """Turn rows (T, P · P) into patches (T, P, P)."""
    side = round(rows.shape[1] ** 0.5)
    return rows.reshape(-1, side, side)
