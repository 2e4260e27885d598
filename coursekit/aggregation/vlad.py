"""VLAD, the vector of locally aggregated descriptors: sums of residuals per visual word.

Slides S10–S14; Jégou, Douze, Schmid & Pérez, CVPR 2010; Jégou et al., PAMI 2012; Arandjelović &
Zisserman, CVPR 2013.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray, RandomState
from coursekit.validation import check_flag, check_positive

from ._blocks import Block, in_dtype, refusal, segment_sums
from ._words import Words, prepare
from .encoder import CodebookEncoder

SETS_AT_ONCE = 16  # to normalise together: few calls, and yet few temporaries
CANCELLED = 0.01  # of Σ x_t left: float32 then still holds five digits of it


def residual_sums(descriptors: ArrayLike, centroids: ArrayLike) -> FloatArray:
    r"""Add up, per visual word, what separates its descriptors from it (*résidus*).

    .. math:: v_i = \sum_{t : \mathrm{NN}(x_t) = i} (x_t - \mu_i)

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives zeros.
    centroids : (K, D) array
        The codebook, K ≥ 1.

    Returns
    -------
    (K, D) floating, of the dtype of `descriptors` (float32 for integers)
        Row i is v_i: exactly zero for a word without descriptors, or with descriptors that all
        coincide with it.

    Raises
    ------
    ValueError
        If the shapes do not agree, or a value is NaN or infinite.

    See Also
    --------
    vlad : these sums in one vector, normalised.

    References
    ----------
    Slide S13, steps 1 to 3; Jégou et al. 2010, eq. (1).

    Examples
    --------
    >>> residual_sums([[1.0, 0.0], [0.0, 2.0], [9.0, 9.0]], [[0.0, 0.0], [8.0, 8.0]]).tolist()
    [[1.0, 2.0], [1.0, 1.0]]
    """
    points, words = prepare(descriptors, centroids)
    try:
        return in_dtype(_residual_sums([points], words)[0], points.dtype)
    except FloatingPointError as error:
        raise refusal([("descriptors", points), ("centroids", words.centroids)]) from error


def vlad(
    descriptors: ArrayLike,
    centroids: ArrayLike,
    *,
    power: float = 1.0,
    intra_norm: bool = False,
    norm: bool = True,
) -> FloatArray:
    r"""Encode a set of descriptors as one vector, the residual sums of all words.

    .. math:: V = \frac{(v_1, \dots, v_K)}{\lVert (v_1, \dots, v_K) \rVert_2},
              \qquad v_i = \sum_{t : \mathrm{NN}(x_t) = i} (x_t - \mu_i)

    In this order: residual sums, signed power, length 1 per word, length 1 in all.

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives the zero vector. Their order does not matter.
    centroids : (K, D) array
        The codebook, K ≥ 1.
    power : float in (0, 1], default 1.0
        Each component z becomes sign(z)·\|z\|^power: 0.5 damps words that are seen too often
        (bursts), 1 changes nothing.
    intra_norm : bool, default False
        Bring the v_i of each word to length 1, so that no word outweighs the others.
    norm : bool, default True
        Bring the whole vector to length 1.

    Returns
    -------
    (K·D,) floating, of the dtype of `descriptors` (float32 for integers)
        Word-major: component i·D + d belongs to word i. What is zero before a normalisation is
        zero after it.

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, or `power` is out of range.

    See Also
    --------
    residual_sums : the v_i before any normalisation.
    VLAD : the same for lists of images, with a codebook that it learns.

    References
    ----------
    Slides S10–S13; Jégou et al. 2010, eq. (1); power: Jégou et al. 2012; per-word length:
    Arandjelović & Zisserman 2013.

    Examples
    --------
    >>> vlad([[3.0, 0.0], [8.0, 12.0]], [[0.0, 0.0], [8.0, 8.0]]).tolist()
    [0.6, 0.0, 0.0, 0.8]
    >>> vlad([[3.0, 0.0], [8.0, 12.0]], [[0.0, 0.0], [8.0, 8.0]], norm=False).tolist()
    [3.0, 0.0, 0.0, 4.0]
    """
    _check_options(power, intra_norm, norm)
    points, words = prepare(descriptors, centroids)
    try:
        vectors = _encode([points], words, power, intra_norm, norm)
        return in_dtype(vectors[0], points.dtype)
    except FloatingPointError as error:
        raise refusal([("descriptors", points), ("centroids", words.centroids)]) from error


def _encode(
    sets: Sequence[FloatArray], words: Words, power: float, intra_norm: bool, norm: bool
) -> FloatArray:
    """Return (n_sets, K·D) VLADs, in the dtype of the codebook."""
    sums = _residual_sums(sets, words)
    for first in range(0, len(sums), SETS_AT_ONCE):
        _normalise(sums[first : first + SETS_AT_ONCE], power, intra_norm, norm)
    return sums.reshape(len(sets), words.K * words.D)


def _residual_sums(sets: Sequence[FloatArray], words: Words) -> FloatArray:
    """Return (n_sets, K, D) residual sums."""
    sums = np.zeros((len(sets), words.K, words.D), words.dtype)
    for block in words.blocks(sets):
        sums[block.first : block.last] += counts_and_sums(block, words)[1]
    return sums


def counts_and_sums(block: Block, words: Words) -> tuple[FloatArray, FloatArray]:
    """Return the (n_sets, K) descriptors per word and the (n_sets, K, D) residual sums of a block.

    The sums are Σ x_t − n_i μ_i: one difference per word.
    """
    K, D = words.K, words.D
    nearest = words.nearest(block.rows)
    cells = block.cells(nearest, K)
    n_cells = K * len(block.sizes)
    counts = np.bincount(cells, minlength=n_cells).astype(words.dtype).reshape(-1, K)
    sums = segment_sums(block.rows, cells, n_cells).reshape(-1, K, D)
    sums -= counts[:, :, None] * words.centroids
    squares = np.einsum("nkd,nkd->nk", sums, sums)
    if not math.isfinite(squares.sum()):  # because a descriptor is not, or is too large
        raise FloatingPointError("a squared length is not finite")
    # Where hardly anything is left, it is mostly rounding: take the differences before the sum.
    cancelled = squares < (CANCELLED * counts) ** 2 * words.square_norms
    if cancelled.any():
        chosen = cancelled.ravel()[cells]
        residuals = block.rows[chosen] - words.centroids[nearest[chosen]]
        sums[cancelled] = segment_sums(residuals, cells[chosen], n_cells)[cancelled.ravel()]
    return counts, sums


def _normalise(v: FloatArray, power: float, intra_norm: bool, norm: bool) -> None:
    """Apply to (n, K, D) residual sums, in place: signed power, length per word, length in all."""
    if power != 1:
        np.copysign(np.abs(v) ** power, v, out=v)
    if intra_norm:
        _to_length_one(v.reshape(-1, v.shape[2]))
    if norm:
        _to_length_one(v.reshape(len(v), -1))


def _to_length_one(vectors: FloatArray) -> None:
    """Divide (n, d) vectors by their lengths, in place; zeros stay zeros."""
    lengths = [math.sqrt(square) or 1.0 for square in np.vecdot(vectors, vectors).tolist()]
    vectors /= np.array(lengths, vectors.dtype)[:, None]


class VLAD(CodebookEncoder):
    """Encode images as VLADs, with a codebook learnt from training images.

    The scikit-learn form of `vlad`, which documents the encoding.

    Parameters
    ----------
    n_words : int, default 64
        K, the size of the codebook.
    power, intra_norm, norm
        As in `vlad`.
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
    >>> VLAD(n_words=2).fit(images).transform(images).shape
    (3, 8)
    """

    def __init__(
        self,
        n_words: int = 64,
        *,
        power: float = 1.0,
        intra_norm: bool = False,
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
        self.power = power
        self.intra_norm = intra_norm
        self.norm = norm

    def _check_options(self) -> None:
        _check_options(self.power, self.intra_norm, self.norm)

    def _encode(self, sets: Sequence[FloatArray], dtype: np.dtype[Any]) -> FloatArray:
        return _encode(sets, self._words(dtype), self.power, self.intra_norm, self.norm)

    @property
    def _n_features_out(self) -> int:
        return int(self.centroids_.size)


def _check_options(power: float, intra_norm: bool, norm: bool) -> None:
    # A power above 1 would stress bursts instead of damping them, 0 would only count signs.
    if check_positive(power, "power") > 1:
        raise ValueError(f"power: expected a number in (0, 1], got {power}")
    check_flag(intra_norm, "intra_norm")
    check_flag(norm, "norm")
