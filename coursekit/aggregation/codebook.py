"""The visual codebook: learn words by k-means, send each descriptor to its nearest word.

Slides S05 (quantization), S08 (using a vocabulary), S13 (steps "offline" and 1 of VLAD); Sivic &
Zisserman 2003.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from coursekit.types import FloatArray, RandomState
from coursekit.validation import as_matrix, check_integer

from ._blocks import check_range, refusal, segment_sums
from ._cells import Cells, WordsInCells
from ._words import as_codebook, prepare

WORDS_PER_CELL = 64  # to learn the centre of a cell from


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


def assign(
    descriptors: ArrayLike, centroids: ArrayLike, *, n_probe: int | None = None
) -> NDArray[np.intp]:
    r"""Find the visual word of each descriptor: its nearest centroid.

    .. math:: \mathrm{NN}(x_t) = \arg\min_k \lVert x_t - \mu_k \rVert

    The search is exhaustive unless `n_probe` is given. Of equally near words the lowest index wins;
    of two whose distances differ by less than the rounding of the dtype, either may.

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives an empty result.
    centroids : (K, D) array
        The codebook, K ≥ 1.
    n_probe : int, optional
        Approximate search, for codebooks of 10⁴ words and more: k-means groups the words into
        ⌊√K⌋ cells, and a descriptor is compared with the words of the `n_probe` nearest cells only.
        With 16, 95 to 98 of 100 SIFT descriptors find their nearest word; with ⌊√K⌋ or more the
        search is exhaustive. The cells are made at each call, so this pays for some 10⁴ descriptors
        at once; ``BagOfWords(n_probe=16)`` makes them once.

    Returns
    -------
    (T,) integers in [0, K)

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, or `n_probe` is below 1.

    References
    ----------
    Slide S13, step 1; Jégou et al. 2010. Large codebooks: slide S09; cells: Jégou, Douze & Schmid
    2011.

    Examples
    --------
    >>> assign([[0.1], [0.9], [0.5]], [[0.0], [1.0]]).tolist()
    [0, 1, 0]
    """
    if n_probe is not None:
        check_integer(n_probe, "n_probe")
    points, words = prepare(descriptors, centroids)
    if n_probe is not None and needs_cells(words.K, n_probe):
        codebook = as_codebook(centroids).astype(words.dtype, copy=False)
        words = WordsInCells(codebook, cells_of(codebook), n_probe)
    pieces = [np.empty(0, np.intp)]
    try:
        for block in words.blocks([points]):
            check_range(block.rows)
            pieces.append(words.nearest(block.rows))
    except FloatingPointError as error:
        raise refusal([("descriptors", points), ("centroids", words.centroids)]) from error
    return np.concatenate(pieces)


def needs_cells(K: int, n_probe: int | None) -> bool:
    """Return whether a search of K words with `n_probe` leaves any of them out."""
    return n_probe is not None and n_probe < math.isqrt(K)


def cells_of(codebook: FloatArray) -> Cells:
    """Group the (K, D) finite words of a codebook into ⌊√K⌋ cells, fewer if they are not distinct.

    The centres are learnt from a draw of the words: they need not be the best.
    """
    K = len(codebook)
    n_cells = math.isqrt(K)
    drawn = np.random.RandomState(0).permutation(K)[: WORDS_PER_CELL * n_cells]
    sample = np.unique(codebook[drawn], axis=0).astype(np.float64)
    centres = kmeans(sample, min(n_cells, len(sample)), max_iter=10)
    cells = assign(codebook, centres)
    bounds = np.cumsum([0, *np.bincount(cells, minlength=len(centres))])
    return Cells(centres, np.argsort(cells, kind="stable"), bounds)


def as_random_state(seed: RandomState) -> np.random.RandomState:
    """Return the generator that `seed` stands for, as scikit-learn understands seeds."""
    if seed is None or isinstance(seed, np.random.RandomState):
        return check_random_state(seed)  # type: ignore[no-any-return]
    return np.random.RandomState(check_integer(seed, "random_state", at_least=0, at_most=2**32 - 1))
