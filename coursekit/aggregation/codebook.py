"""The visual codebook: learn words by k-means, send each descriptor to its nearest word.

Slides S05 (quantization), S08 (using a vocabulary), S13 (steps "offline" and 1 of VLAD); Sivic &
Zisserman 2003.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from coursekit.types import FloatArray, RandomState
from coursekit.validation import as_matrix, check_finite, check_integer

from ._blocks import segment_sums

SCORES_PER_CHUNK = 2**15  # 128 KiB of float32: written, read and forgotten inside the L2 cache


def kmeans(
    descriptors: ArrayLike,
    n_words: int,
    *,
    n_init: int = 1,
    max_iter: int = 100,
    random_state: RandomState = 0,
) -> FloatArray:
    r"""Learn a codebook (*dictionnaire visuel*) of `n_words` centroids by k-means.

    .. math:: \min_{\mu_1 \dots \mu_K} \sum_t \min_k \lVert x_t - \mu_k \rVert^2

    scikit-learn's Lloyd iterations from a k-means++ start, always in float64: in float32 the
    rounding of one processor can lead to another local minimum than that of the next. Each
    centroid is, to the last bit, the mean of its cell of the final partition.

    Parameters
    ----------
    descriptors : (N, D) array
        Training descriptors, N ≥ `n_words`, with at least `n_words` distinct points.
    n_words : int
        K, at least 1.
    n_init : int, default 1
        Starts; the one with the smallest sum of squared distances wins.
    max_iter : int, default 100
        Lloyd iterations at most; it stops earlier when the centroids hardly move.
    random_state : int, RandomState or None, default 0
        Seed of the starts. The same seed gives the same codebook.

    Returns
    -------
    (K, D) floating, of the dtype of `descriptors`
        In no particular order.

    Raises
    ------
    ValueError
        If there are fewer (distinct) descriptors than words.

    References
    ----------
    Sivic & Zisserman 2003, §3; Arthur & Vassilvitskii 2007 (k-means++); slides S05, S13.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> sorted(kmeans(points, 2).ravel().tolist())
    [0.5, 10.5]
    """
    points = as_matrix(descriptors, "descriptors", symbols="(N, D)")
    n_words = check_integer(n_words, "n_words")
    n_init = check_integer(n_init, "n_init")
    max_iter = check_integer(max_iter, "max_iter")
    if len(points) < n_words:
        raise ValueError(f"descriptors: expected at least {n_words} rows, got {len(points)}")
    precise = points.astype(np.float64, copy=False)
    model = KMeans(n_words, n_init=n_init, max_iter=max_iter, random_state=random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # too few distinct points: our error
        model.fit(precise)
    sizes = np.bincount(model.labels_, minlength=n_words)
    if not sizes.all():
        distinct = np.count_nonzero(sizes)
        raise ValueError(f"descriptors: expected {n_words} distinct points or more, got {distinct}")
    # Means of our own: scikit-learn adds up in an order that depends on the number of threads.
    centroids = segment_sums(precise, model.labels_, n_words) / sizes[:, None]
    return centroids.astype(points.dtype, copy=False)


def assign(descriptors: ArrayLike, centroids: ArrayLike) -> NDArray[np.intp]:
    r"""Find the visual word of each descriptor: its nearest centroid.

    .. math:: \mathrm{NN}(x_t) = \arg\min_k \lVert x_t - \mu_k \rVert

    The search is exhaustive, not approximate; of equally near words the lowest index wins.

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives an empty result.
    centroids : (K, D) array
        The codebook, K ≥ 1.

    Returns
    -------
    (T,) integers in [0, K)

    Raises
    ------
    ValueError
        If the shapes do not agree, or a value is NaN or infinite.

    References
    ----------
    Slide S13, step 1; Jégou et al. 2010, §2.

    Examples
    --------
    >>> assign([[0.1], [0.9], [0.5]], [[0.0], [1.0]]).tolist()
    [0, 1, 0]
    """
    points, words = prepare(descriptors, centroids)
    with refuse_non_finite([("descriptors", points)]):
        return words.nearest(points.astype(words.dtype, copy=False))


class Words:
    r"""A codebook made ready for many searches of the nearest word.

    .. math:: \arg\min_k \lVert x - \mu_k \rVert^2
              = \arg\max_k \; (x - m)^\top \mu'_k - \tfrac12 \lVert \mu'_k \rVert^2,
              \qquad \mu'_k = \mu_k - m

    so one matrix product per chunk does it, and :math:`\lVert x \rVert^2` is never needed. The
    shift m keeps scores small where data and codebook lie far from the origin. It is a multiple of
    a power of two near the codebook's radius, by which scores are divided as well: both operations
    are exact in floating point, so ties in the data remain ties and nothing overflows or vanishes.

    Parameters
    ----------
    centroids : (K, D) floating
        Finite, K ≥ 1, in the dtype of the computation; the caller has validated them.
    """

    def __init__(self, centroids: FloatArray) -> None:
        self.centroids = centroids
        self.dtype = centroids.dtype
        self.K, self.D = centroids.shape
        mean = centroids.mean(axis=0)
        radius = float(np.abs(centroids - mean).max())
        unit = self.dtype.type(2.0 ** math.floor(math.log2(radius)) if radius > 0 else 1)
        shift = np.rint(mean / unit) * unit
        centred = (centroids - shift) / unit
        self.shift = shift if shift.any() else None
        self.directions = np.ascontiguousarray(centred.T)  # (D, K)
        self.half_norms = np.einsum("kd,kd->k", centred, centred) * (unit / 2)

    def nearest(self, descriptors: FloatArray) -> NDArray[np.intp]:
        """Return the index of the nearest word of each of the (T, D) descriptors.

        Raises
        ------
        FloatingPointError
            If a descriptor holds NaN or infinity, or is too large for the dtype.
        """
        nearest = np.empty(len(descriptors), np.intp)
        step = max(1, SCORES_PER_CHUNK // self.K)
        for start in range(0, len(descriptors), step):
            scores = self.scores(descriptors[start : start + step])
            np.argmax(scores, axis=1, out=nearest[start : start + step])
        return nearest

    def scores(self, chunk: FloatArray) -> FloatArray:
        """Return (n, K) scores: the nearer the word, the larger."""
        with np.errstate(over="ignore", invalid="ignore"):  # looked for in the next lines
            centred = chunk if self.shift is None else chunk - self.shift
            scores = centred @ self.directions
            scores -= self.half_norms
        # NaN or infinity in a descriptor spoils all its scores: looking at one word is enough.
        if not np.isfinite(scores[:, 0]).all():
            raise FloatingPointError("a score is not finite")
        return scores


def prepare(descriptors: ArrayLike, centroids: ArrayLike) -> tuple[FloatArray, Words]:
    """Validate the two arrays that every encoder with a codebook takes.

    The values of `descriptors` remain to be checked, by `refuse_non_finite`. float16 keeps its
    dtype here and is computed in float32, since NumPy multiplies float16 matrices without BLAS.
    """
    codebook = as_matrix(centroids, "centroids", symbols="(K, D)")
    if len(codebook) == 0:
        raise ValueError(f"centroids: expected at least one word, got shape {codebook.shape}")
    points = as_matrix(
        descriptors, "descriptors", columns=codebook.shape[1], match="centroids", finite=False
    )
    return points, Words(codebook.astype(working_dtype(points.dtype), copy=False))


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which data of `dtype` are computed: at least float32."""
    return np.promote_types(dtype, np.float32)


@contextmanager
def refuse_non_finite(sets: Iterable[tuple[str, FloatArray]]) -> Iterator[None]:
    """Turn a FloatingPointError into the error that names the value which caused it.

    Checking the scores costs a hundredth of a pass over the data; the culprit is looked for only
    when there is one.

    Parameters
    ----------
    sets : iterable of (name, array)
        The data that were being computed on.
    """
    try:
        yield
    except FloatingPointError as error:
        for name, values in sets:
            check_finite(values, name)
        peak, name = max((float(np.abs(values).max(initial=0)), name) for name, values in sets)
        raise ValueError(
            f"{name}: expected magnitudes that fit the sums in {values.dtype}, got {peak:g}"
        ) from error
