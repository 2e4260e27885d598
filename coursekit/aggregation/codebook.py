"""The visual codebook: learn words by k-means, send each descriptor to its nearest word.

Slides S05 (quantization), S08 (using a vocabulary), S13 (steps "offline" and 1 of VLAD); Sivic &
Zisserman 2003.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from coursekit.types import FloatArray, RandomState
from coursekit.validation import as_matrix, check_integer

from ._blocks import Block, blocks, check_range, refusal, segment_sums


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
    Sivic & Zisserman 2003; Arthur & Vassilvitskii 2007 (k-means++); slides S05, S13.

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
    rng = as_random_state(random_state)
    model = KMeans(n_words, n_init=n_init, max_iter=max_iter, random_state=rng)
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

    The search is exhaustive, not approximate. Of equally near words the lowest index wins; of two
    whose distances differ by less than the rounding of the dtype, either may.

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
    Slide S13, step 1; Jégou et al. 2010.

    Examples
    --------
    >>> assign([[0.1], [0.9], [0.5]], [[0.0], [1.0]]).tolist()
    [0, 1, 0]
    """
    points, words = prepare(descriptors, centroids)
    pieces = [np.empty(0, np.intp)]
    try:
        for block in words.blocks([points]):
            check_range(block.rows)
            pieces.append(words.nearest(block.rows))
    except FloatingPointError as error:
        raise refusal([("descriptors", points), ("centroids", words.centroids)]) from error
    return np.concatenate(pieces)


class Words:
    r"""A codebook made ready for many searches of the nearest word.

    .. math:: \arg\min_k \lVert x - \mu_k \rVert^2
              = \arg\max_k \; x^\top \mu_k - \tfrac12 \lVert \mu_k \rVert^2

    so one matrix product does it, and :math:`\lVert x \rVert^2` is never needed. Where the words
    lie farther from the origin than from each other, the origin is moved to the first of them:
    otherwise rounding would drown in the products what tells the words apart. (To a word and not to
    their mean, since differences of integers are exact, so that ties in the data stay ties.)

    Parameters
    ----------
    centroids : (K, D) float32 or float64
        K ≥ 1. Whether they are finite the caller sees from `extent`.

    Attributes
    ----------
    centroids : (K, D) floating
        Around the same origin as the rows of `blocks`.
    square_norms : (K,) floating
        Of these centroids.
    extent : float
        Sum of the squares of all components; not finite if one is not, or is too large.
    """

    def __init__(self, centroids: FloatArray) -> None:
        self.K, self.D = centroids.shape
        self.dtype = centroids.dtype
        self.origin: FloatArray | None = None
        self.centroids = centroids
        self.square_norms = np.einsum("kd,kd->k", centroids, centroids)
        self.extent = float(np.add.reduce(self.square_norms))
        total = np.add.reduce(centroids, axis=0)
        if np.vdot(total, total) > 0.9 * self.K * self.extent:
            self.origin = centroids[0]
            self.centroids = centroids - self.origin
            self.square_norms = np.einsum("kd,kd->k", self.centroids, self.centroids)

    def blocks(self, sets: Sequence[FloatArray]) -> Iterator[Block]:
        """Cut sets into blocks, in the dtype and around the origin of this codebook."""
        return blocks(sets, self.K, self._local)

    def _local(self, rows: FloatArray) -> FloatArray:
        rows = rows.astype(self.dtype, copy=False)
        return rows if self.origin is None else rows - self.origin

    def scores(self, rows: FloatArray) -> FloatArray:
        """Return (n, K) scores of the (n, D) rows of a block: −d²/2 up to a constant per row."""
        scores: FloatArray = rows @ self.centroids.T
        scores -= self.square_norms / 2
        return scores

    def nearest(self, rows: FloatArray) -> NDArray[np.intp]:
        """Return the nearest word of each of the (n, D) rows; of equally near ones the first."""
        scores = self.scores(rows)
        nearest: NDArray[np.intp] = scores.argmax(axis=1)
        return nearest

    def several(
        self, rows: FloatArray, n_assign: int | None
    ) -> tuple[NDArray[np.intp], FloatArray]:
        """Return the `n_assign` nearest words of each row, or all K, and their scores.

        Returns
        -------
        words : (n, n_assign) integers
            The nearest first; in the order of the codebook where all are asked for.
        scores : (n, n_assign) floating
        """
        scores = self.scores(rows)
        if n_assign is None:
            return np.arange(self.K)[None].repeat(len(rows), axis=0), scores
        words = np.empty((len(rows), n_assign), np.intp)
        best = np.empty((len(rows), n_assign), self.dtype)
        every_row = np.arange(len(rows))
        for i in range(n_assign):  # few, so this is faster than sorting
            words[:, i] = scores.argmax(axis=1)
            best[:, i] = scores[every_row, words[:, i]]
            scores[every_row, words[:, i]] = -np.inf
        return words, best


def prepare(
    descriptors: ArrayLike, centroids: ArrayLike, *, double: bool = False
) -> tuple[FloatArray, Words]:
    """Validate the two arrays that every encoder with a codebook takes.

    The values of `descriptors` remain to be looked at. float16 keeps its dtype here and is computed
    in float32, since no BLAS multiplies float16; with `double`, all are computed in float64.
    """
    codebook = as_codebook(centroids, finite=False)
    points = as_matrix(
        descriptors, "descriptors", columns=codebook.shape[1], match="centroids", finite=False
    )
    dtype = np.dtype(np.float64) if double else working_dtype(points.dtype)
    words = Words(codebook.astype(dtype, copy=False))
    if not math.isfinite(words.extent):
        raise refusal([("centroids", words.centroids)])
    return points, words


def as_codebook(
    centroids: ArrayLike, *, columns: int | None = None, finite: bool = True
) -> FloatArray:
    """Return `centroids` as a (K, D) floating array, K ≥ 1, of the D that is required."""
    codebook = as_matrix(
        centroids,
        "centroids",
        columns=columns,
        match="the descriptors",
        symbols="(K, D)",
        finite=finite,
    )
    if len(codebook) == 0:
        raise ValueError(f"centroids: expected at least one word, got shape {codebook.shape}")
    return codebook


def as_random_state(seed: RandomState) -> np.random.RandomState:
    """Return the generator that `seed` stands for, as scikit-learn understands seeds."""
    if seed is None or isinstance(seed, np.random.RandomState):
        return check_random_state(seed)  # type: ignore[no-any-return]
    return np.random.RandomState(check_integer(seed, "random_state", at_least=0, at_most=2**32 - 1))


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which data of `dtype` are computed: float32 or float64, as BLAS does."""
    return np.dtype(np.float64 if dtype.kind == "f" and dtype.itemsize > 4 else np.float32)
