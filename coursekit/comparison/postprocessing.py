"""What is done to vectors once they are encoded: shortened, whitened, or their queries expanded.

PCA and whitening are learnt on the photos to learn on alone; query expansion learns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from coursekit.retrieval import LearnedWhitening, PCAWhitening, expand_queries
from coursekit.types import FloatArray, Image, Loadable
from coursekit.validation import read_image

__all__ = [
    "POSTPROCESSING",
    "expand",
    "learned_whitening",
    "make_views",
    "pca_whitening",
    "reduction",
]

POSTPROCESSING: Final = ("none", "PCA", "PCA whitening", "learned whitening", "query expansion")
"""What `Row.postprocessing` may be, in the order of a method's rows."""

_DIMENSIONS: Final = 64  # after PCA and whitening, at most
_VIEWS: Final = 2  # of each photo
_VIEW_SIDE: Final = 384  # in pixels, as the longer side of the photos that the network is given

expand = partial(expand_queries, n_first=5, alpha=3.0)
"""Expand queries with their first 5 results; α as in Radenović et al. 2019."""


def make_views(images: Sequence[Image | Loadable], seed: int = 0) -> list[Image]:
    """Make two random views of each image, one after the other: as if it were taken again."""
    from coursekit.training import random_view

    rng = np.random.default_rng(seed)
    return [
        random_view(pixels, _VIEW_SIDE, rng)
        for pixels in map(read_image, images)
        for _ in range(_VIEWS)
    ]


def reduction(photos: FloatArray) -> PCA:
    """Learn PCA alone from the vectors (n, D) of n photos: what whitening does but the division."""
    return PCA(_n_components(photos), svd_solver="full").fit(photos)


def pca_whitening(photos: FloatArray) -> PCAWhitening:
    """Learn PCA whitening from the vectors (n, D) of n photos, to at most 64 dimensions."""
    return PCAWhitening(_n_components(photos)).fit(photos)


def learned_whitening(photos: FloatArray, views: FloatArray) -> Any:
    """Learn whitening from matching pairs: a photo and its views all show the same.

    Vectors that are longer than there are vectors to learn from are first turned to the principal
    axes of the latter: beyond them nothing is known, and the matrices would not fit into memory.

    Parameters
    ----------
    photos : (n, D) floating
    views : (2 n, D) floating
        As `make_views` orders them.

    Returns
    -------
    estimator with `transform`
        To as many dimensions as `pca_whitening`.
    """
    X = np.concatenate([photos, views]).astype(np.float64)
    shown = np.arange(len(photos))
    axes = PCA(min(len(X) - 1, X.shape[1]), svd_solver="full")
    whitening = make_pipeline(axes, LearnedWhitening(_n_components(photos)))
    return whitening.fit(X, np.concatenate([shown, np.repeat(shown, _VIEWS)]))


def _n_components(photos: FloatArray) -> int:
    return min(_DIMENSIONS, len(photos) - 1, len(photos[0]))
