"""VLAD, the vector of locally aggregated descriptors: residual sums per visual word.

Slides S10–S14; Jégou, Douze, Schmid & Pérez, CVPR 2010; Jégou et al., PAMI 2012; Arandjelović &
Zisserman, CVPR 2013.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray

from ._blocks import blocks, segment_sums
from .codebook import Words, prepare, refuse_non_finite


def residual_sums(descriptors: ArrayLike, centroids: ArrayLike) -> FloatArray:
    points, words = prepare(descriptors, centroids)
    with refuse_non_finite([("descriptors", points)]):
        return _residual_sums([points], words)[0].astype(points.dtype, copy=False)


def vlad(
    descriptors: ArrayLike,
    centroids: ArrayLike,
    *,
    power: float = 1.0,
    intra_norm: bool = False,
    norm: bool = True,
) -> FloatArray:
    points, words = prepare(descriptors, centroids)
    with refuse_non_finite([("descriptors", points)]):
        sums = _residual_sums([points], words)
    _normalise(sums, power, intra_norm, norm)
    return sums.reshape(-1).astype(points.dtype, copy=False)


def _residual_sums(sets: Sequence[FloatArray], words: Words) -> FloatArray:
    K, D = words.K, words.D
    sums = np.zeros((len(sets) * K, D), words.dtype)
    for first, last, rows, owner in blocks(sets, words.dtype):
        nearest = words.nearest(rows)
        residuals = rows - words.centroids[nearest]  # (n, D)
        segments = owner * K + nearest
        sums[first * K : last * K] += segment_sums(residuals, segments, (last - first) * K)
    if not np.isfinite(sums).all():
        raise FloatingPointError("a sum is not finite")
    return sums.reshape(len(sets), K, D)


def _normalise(sums: FloatArray, power: float, intra_norm: bool, norm: bool) -> None:
    for v in sums:  # image by image: (K, D) stays in the cache
        if power != 1:
            np.copysign(np.abs(v) ** power, v, out=v)
        if intra_norm:
            _l2_normalise(v)
        if norm:
            _l2_normalise(v.reshape(1, -1))


def _l2_normalise(rows: FloatArray) -> None:
    """Scale each row to length 1, in place; a zero row stays zero."""
    peaks = np.abs(rows).max(axis=1, keepdims=True)
    peaks[peaks == 0] = 1
    rows /= peaks  # first, since squares of very large or small values leave the range
    lengths = np.sqrt(np.einsum("kd,kd->k", rows, rows))[:, None]
    lengths[lengths == 0] = 1
    rows /= lengths
