"""The visual codebook: learn words by k-means, send each descriptor to its nearest word.

Slides S05 (quantization), S08 (using a vocabulary), S13 (steps "offline" and 1 of VLAD); Sivic &
Zisserman 2003.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from coursekit.types import FloatArray, IntArray, RandomState
from coursekit.validation import as_matrix, check_integer

from ._blocks import check_range, refusal
from ._cells import Cells, WordsInCells
from ._grid import DOUBLE, SINGLE, Grid, Precision
from ._lloyd import Partition
from ._seeding import TooFewPointsError, spread_points
from ._words import as_codebook, prepare

SAMPLE_PER_WORD: Final = 64  # descriptors that a start is learnt from
LEAST_SAMPLE: Final = 4096
WORTH_ROUNDING: Final = 1e-3  # share of the distortion that rounding may take off
WORDS_PER_CELL: Final = 64  # to learn the centre of a cell from


def kmeans(
    descriptors: ArrayLike,
    n_words: int,
    *,
    init: ArrayLike | None = None,
    n_init: int = 1,
    max_iter: int = 100,
    random_state: RandomState = 0,
) -> FloatArray:
    r"""Learn a codebook (*dictionnaire visuel*) of `n_words` centroids by k-means.

    .. math:: \min_{\mu_1 \dots \mu_K} \sum_t \min_k \lVert x_t - \mu_k \rVert^2

    Lloyd's iterations from a k-means++ start, in exact arithmetic: the partition, and so the
    codebook, is the same to the last bit on every processor, with every BLAS and any number of
    threads. For that, descriptors are rounded to a grid of integers whose norm, from the mean of
    all, is at most about 800, and centroids to sixteenths of its step. SIFT's own integers are not
    changed by it; of RootSIFT it takes off some two ten-thousandths of the distortion. Where what
    is rounded off exceeds a thousandth of the distortion (one descriptor thousands of times farther
    out than the rest, say), the grid is 20 000 times finer, and the products take float64.

    Parameters
    ----------
    descriptors : (N, D) array
        Training descriptors, N ≥ `n_words`, with at least `n_words` distinct points.
    n_words : int
        K, at least 1.
    init : (K, D) array, optional
        Centroids to begin with, in the place of a start: `n_init` and `random_state` are then not
        looked at.
    n_init : int, default 1
        Starts; the one with the smallest sum of squared distances wins. A start is greedy k-means++
        on 64 K descriptors drawn at random (at least 4096), and Lloyd's iterations on these.
    max_iter : int, default 100
        Lloyd's iterations at most, of a start and then of all descriptors. They stop earlier, when
        at most one descriptor in 500 changes its word.
    random_state : int, RandomState or None, default 0
        Seed of the starts. The same seed gives the same codebook.

    Returns
    -------
    (K, D) floating, of the dtype of `descriptors` (float32 for integers)
        In no particular order.

    Raises
    ------
    ValueError
        If there are fewer (distinct) descriptors than words, or a squared distance leaves float64.

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
    start = None if init is None else _as_start(init, n_words, points.shape[1])
    # Drawn before anything else: each precision sees the same, and a start the same as alone.
    seeds = as_random_state(random_state).randint(2**31 - 1, size=n_init).tolist()
    try:
        centroids = _learn(points, n_words, start, seeds, max_iter)
    except FloatingPointError as error:
        given = {"descriptors": points} | ({} if start is None else {"init": start})
        raise refusal(given.items()) from error
    except TooFewPointsError as error:
        n_distinct = error.n_distinct
        raise ValueError(
            f"descriptors: expected {n_words} distinct points or more, got {n_distinct}"
        ) from None
    return centroids.astype(points.dtype, copy=False)


def _learn(
    points: FloatArray, K: int, start: FloatArray | None, seeds: list[int], max_iter: int
) -> FloatArray:
    """Return (K, D) centroids, float64, from a coarse grid or, if that costs much, from a fine."""
    others = [] if start is None else [start]
    coarse = Grid.around(points, SINGLE, *others)
    noise = coarse.noise(points)
    try:
        best = _best_partition(coarse.integers(points), coarse, K, start, seeds, max_iter)
        if noise <= WORTH_ROUNDING * best.distortion():
            return coarse.back(best.centroids)
    except TooFewPointsError:  # some may be distinct on the finer grid
        if noise == 0:
            raise
    fine = Grid.around(points, DOUBLE, *others)
    best = _best_partition(fine.integers(points), fine, K, start, seeds, max_iter)
    return fine.back(best.centroids)


def _best_partition(
    integers: IntArray,
    grid: Grid,
    K: int,
    start: FloatArray | None,
    seeds: list[int],
    max_iter: int,
) -> Partition:
    """Return the partition of least distortion among those that the starts lead to."""
    if start is not None:
        partition = Partition(integers, grid.sixteenths(start), grid.precision)
        partition.iterate(max_iter)
        return partition
    found = []
    for seed in seeds:
        centroids = _start(integers, K, grid.precision, max_iter, np.random.RandomState(seed))
        found.append(Partition(integers, centroids, grid.precision))
        found[-1].iterate(max_iter)
    return min(found, key=Partition.distortion) if len(found) > 1 else found[0]


def _start(
    integers: IntArray, K: int, precision: Precision, max_iter: int, rng: np.random.RandomState
) -> FloatArray:
    """Return (K, D) centroids that k-means++ and Lloyd's iterations find in a sample of points."""
    n_drawn = max(SAMPLE_PER_WORD * K, LEAST_SAMPLE)
    drawn = integers
    if n_drawn < len(integers):
        drawn = integers[np.sort(rng.choice(len(integers), n_drawn, replace=False))]
    try:
        chosen = spread_points(drawn.astype(precision.dtype), K, rng)
    except TooFewPointsError:
        if drawn is integers:
            raise
        drawn = integers
        chosen = spread_points(drawn.astype(precision.dtype), K, rng)
    centroids = drawn[chosen].astype(np.float64)
    if drawn is integers:  # the iterations to come are on the same points
        return centroids
    partition = Partition(drawn, centroids, precision)
    partition.iterate(max_iter)
    return partition.centroids


def _as_start(init: ArrayLike, K: int, D: int) -> FloatArray:
    start = as_matrix(init, "init", columns=D, match="descriptors", symbols="(K, D)")
    if len(start) != K:
        raise ValueError(f"init: expected {K} rows, one a word, got {len(start)}")
    return start


def assign(
    descriptors: ArrayLike, centroids: ArrayLike, *, n_probe: int | None = None
) -> NDArray[np.intp]:
    r"""Find the visual word of each descriptor: its nearest centroid.

    .. math:: \mathrm{NN}(x_t) = \arg\min_k \lVert x_t - \mu_k \rVert

    The search is exhaustive unless `n_probe` is given. Of equally near words the lowest index wins.
    Where rounding could confuse two words, their distances are computed again in float64 and in one
    order, so that no processor, BLAS or number of threads decides.

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
