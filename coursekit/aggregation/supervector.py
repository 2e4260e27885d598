"""Super-vector coding: per visual word, the mass of its descriptors and their residuals.

Slide S13 ("see also"); Zhou, Yu, Zhang & Huang, ECCV 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray, RandomState
from coursekit.validation import check_flag, check_positive

from ._blocks import Block, check_range, in_dtype, length, refusal
from ._words import Words, prepare
from .bag_of_words import shares_of
from .encoder import CodebookEncoder
from .vlad import counts_and_sums

CANCELLED = 1e-9  # of Σ γ x left: float64 then still holds seven digits of it


def supervector(
    descriptors: ArrayLike,
    centroids: ArrayLike,
    *,
    s: float = 1e-3,
    sigma: float | None = None,
    norm: bool = True,
) -> FloatArray:
    r"""Encode a set of descriptors as a super-vector.

    .. math:: V = \Big[\, s\sqrt{p_k}, \;
              \frac{1}{T\sqrt{p_k}} \sum_t \gamma_t(k) (x_t - \mu_k)^\top \,\Big]_{k = 1 \dots K},
              \qquad p_k = \frac1T \sum_t \gamma_t(k)

    γ_t(k) is 1 for the nearest word and 0 for the others (hard), or, with `sigma`, shared out over
    all words, ∝ exp(−‖x_t − μ_k‖² / 2σ²) (soft). A word divides by the root of its mass where VLAD
    adds up, so that a crowded word does not drown the others.

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives the zero vector. Their order does not matter.
    centroids : (K, D) array
        The codebook, K ≥ 1.
    s : float ≥ 0, default 1e-3
        Weight of the masses beside the residuals, in the units of the descriptors.
    sigma : float, optional
        Width of the soft assignment, in the units of the descriptors; hard without it.
    norm : bool, default True
        Divide by the length of the whole vector.

    Returns
    -------
    (K·(D + 1),) floating, of the dtype of `descriptors` (float32 for integers)
        Word after word, the mass before the residuals. A word with p_k = 0 gives zeros.

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, or an option is out of range.

    See Also
    --------
    vlad : the residuals alone, added up.
    SuperVector : the same for lists of images, with a codebook that it learns.

    References
    ----------
    Zhou et al. 2010; slide S13.

    Examples
    --------
    >>> points, words = [[1.0], [3.0], [10.0], [10.0]], [[0.0], [8.0], [99.0]]
    >>> supervector(points, words, s=2.0, norm=False).round(3).tolist()
    [1.414, 1.414, 1.414, 1.414, 0.0, 0.0]
    """
    _check_options(s, sigma, norm)
    points, words = prepare(descriptors, centroids, double=sigma is not None)
    try:
        return in_dtype(_encode([points], words, s, sigma, norm)[0], points.dtype)
    except FloatingPointError as error:
        raise refusal([("descriptors", points), ("centroids", words.centroids)]) from error


def _encode(
    sets: Sequence[FloatArray], words: Words, s: float, sigma: float | None, norm: bool
) -> FloatArray:
    """Return (n_sets, K·(D + 1)) super-vectors in float64."""
    masses = np.zeros((len(sets), words.K))
    sums = np.zeros((len(sets), words.K, words.D))
    for block in words.blocks(sets):
        parts = (
            counts_and_sums(block, words)
            if sigma is None
            else _soft_masses_and_sums(block, words, sigma)
        )
        masses[block.first : block.last] += parts[0]
        sums[block.first : block.last] += parts[1]
    T = np.array([[max(len(rows), 1)] for rows in sets]).reshape(-1, 1)
    roots = np.sqrt(masses / T)
    divisors = np.where(roots > 0, T * roots, 1)  # the sums of an empty word are zeros
    vectors = np.concatenate([s * roots[:, :, None], sums / divisors[:, :, None]], axis=2)
    vectors = vectors.reshape(len(sets), words.K * (words.D + 1))
    if norm:
        squares = np.vecdot(vectors, vectors).tolist()
        vectors /= np.array([length(square) for square in squares]).reshape(-1, 1)
    return vectors


def _soft_masses_and_sums(
    block: Block, words: Words, sigma: float
) -> tuple[FloatArray, FloatArray]:
    """Return (n_sets, K) masses Σ γ and (n_sets, K, D) sums Σ γ (x − μ) of a block."""
    check_range(block.rows)
    gamma = shares_of(words.scores(block.rows), sigma).T  # (K, n)
    masses = np.empty((len(block.sizes), words.K))
    sums = np.empty((len(block.sizes), words.K, words.D))
    ends = np.cumsum([0, *block.sizes])
    for i, (a, b) in enumerate(pairwise(ends)):
        shares, rows = gamma[:, a:b], block.rows[a:b]
        masses[i] = shares.sum(axis=1)
        sums[i] = shares @ rows - masses[i, :, None] * words.centroids
        # Where hardly anything is left, it is mostly rounding: take the differences first.
        squares = np.vecdot(sums[i], sums[i])
        for k in np.flatnonzero(squares < (CANCELLED * masses[i]) ** 2 * words.square_norms):
            sums[i, k] = shares[k] @ (rows - words.centroids[k])
    return masses, sums


class SuperVector(CodebookEncoder):
    """Encode images as super-vectors, with a codebook learnt from training images.

    The scikit-learn form of `supervector`, which documents the encoding.

    Parameters
    ----------
    n_words : int, default 64
        K, the size of the codebook.
    s, sigma, norm
        As in `supervector`.
    centroids : (K, D) array, optional
        A codebook to use as it is: `fit` then learns nothing, and `n_words` is not looked at.
    n_init, max_iter
        As in `kmeans`.
    max_descriptors : int or None, default 100_000
        `fit` draws this many of the training descriptors at random; None takes them all.
    random_state : int, RandomState or None, default 0
        Seed of the draw and of k-means.
    n_jobs : int, optional
        Workers over the images of one `transform`, as in joblib; threads unless
        ``joblib.parallel_config`` says otherwise.

    Attributes
    ----------
    centroids_ : (K, D) floating
        The codebook.
    n_features_in_ : int
        D.

    Examples
    --------
    >>> images = [np.eye(4)[[0, 1, 2]], np.eye(4)[[2, 3]], np.zeros((0, 4))]
    >>> SuperVector(n_words=2).fit(images).transform(images).shape
    (3, 10)
    """

    def __init__(
        self,
        n_words: int = 64,
        *,
        s: float = 1e-3,
        sigma: float | None = None,
        norm: bool = True,
        centroids: ArrayLike | None = None,
        n_init: int = 1,
        max_iter: int = 100,
        max_descriptors: int | None = 100_000,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_words,
            centroids=centroids,
            n_init=n_init,
            max_iter=max_iter,
            max_descriptors=max_descriptors,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        self.s = s
        self.sigma = sigma
        self.norm = norm

    def _check_options(self) -> None:
        _check_options(self.s, self.sigma, self.norm)

    def _encode(self, sets: Sequence[FloatArray], dtype: np.dtype[Any]) -> FloatArray:
        words = self._words(dtype if self.sigma is None else np.dtype(np.float64))
        return _encode(sets, words, self.s, self.sigma, self.norm)

    @property
    def _n_features_out(self) -> int:
        K, D = self.centroids_.shape
        return int(K * (D + 1))


def _check_options(s: float, sigma: float | None, norm: bool) -> None:
    check_positive(s, "s", or_zero=True)
    if sigma is not None:
        check_positive(sigma, "sigma")
    check_flag(norm, "norm")
