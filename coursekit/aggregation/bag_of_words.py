"""Bag of words: the histogram of visual words (*sac de mots visuels*).

Slides S07–S09; Sivic & Zisserman, ICCV 2003 (also the TF-IDF weights); Csurka et al., ECCV workshop
2004; several words per descriptor (S08): Philbin et al., CVPR 2008; van Gemert et al., ECCV 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from coursekit.types import BagsLike, FloatArray, IntArray, RandomState
from coursekit.validation import check_choice, check_flag, check_integer, check_positive

from ._blocks import Block, check_range, in_dtype, refusal, segment_sums
from ._cells import WordsInCells
from ._words import Words, prepare, working_dtype
from .bags import as_bags
from .codebook import cells_of, needs_cells
from .encoder import CodebookEncoder, common_dtype, located

Assignment: TypeAlias = Literal["hard", "soft"]
Norm: TypeAlias = Literal["l1", "l2"] | None

IMAGES_AT_ONCE = 64  # to look for words in: whole histograms of all images might not fit the memory


def bag_of_words(
    descriptors: ArrayLike,
    centroids: ArrayLike,
    *,
    assignment: Assignment = "hard",
    n_assign: int | None = 1,
    sigma: float | None = None,
    norm: Norm = "l1",
) -> FloatArray:
    r"""Encode a set of descriptors as the histogram of its visual words.

    .. math:: h_k = \sum_t w_t(k), \qquad
              w_t(k) = [k \in N_t] \quad\text{(hard)}, \qquad
              w_t(k) = \frac{[k \in N_t] \, e^{-d_{tk}^2 / 2\sigma^2}}
                            {\sum_{j \in N_t} e^{-d_{tj}^2 / 2\sigma^2}} \quad\text{(soft)}

    where N_t are the `n_assign` words nearest to x_t and d_tk their distances. With the defaults
    each descriptor counts once, for its nearest word.

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives the zero vector. Their order does not matter.
    centroids : (K, D) array
        The codebook, K ≥ 1.
    assignment : {"hard", "soft"}, default "hard"
        Hard: a descriptor counts 1 for each of its `n_assign` nearest words. Soft: it counts 1 in
        all, shared out by distance.
    n_assign : int in [1, K] or None, default 1
        Words per descriptor; None, with soft assignment only, is all of them.
    sigma : float, optional
        Width of the soft assignment, in the units of the descriptors; required there.
    norm : {"l1", "l2"} or None, default "l1"
        Divide by the sum (shares of words), by the length, or not at all (counts).

    Returns
    -------
    (K,) floating, of the dtype of `descriptors` (float32 for integers)

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, or an option is out of range.

    See Also
    --------
    assign : the word of each descriptor.
    BagOfWords : the same for lists of images, with a codebook that it learns.

    References
    ----------
    Slides S07–S09; Sivic & Zisserman 2003; Csurka et al. 2004; several words per descriptor:
    Philbin et al. 2008, van Gemert et al. 2008.

    Examples
    --------
    >>> bag_of_words([[0.1], [0.2], [0.9], [0.3]], [[0.0], [1.0]]).tolist()
    [0.75, 0.25]
    >>> bag_of_words([[0.5]], [[0.0], [1.0]], assignment="soft", n_assign=2, sigma=1.0).tolist()
    [0.5, 0.5]
    """
    _check_options(assignment, n_assign, sigma, norm)
    points, words = prepare(descriptors, centroids)
    try:
        histograms = _votes([points], words, assignment, n_assign, sigma)
        return in_dtype(_normalised(histograms, norm)[0], points.dtype)
    except FloatingPointError as error:
        raise refusal([("descriptors", points), ("centroids", words.centroids)]) from error


def _votes(
    sets: Sequence[FloatArray],
    words: Words,
    assignment: Assignment,
    n_assign: int | None,
    sigma: float | None,
) -> FloatArray:
    """Return (n_sets, K) histograms in float64, not normalised."""
    if n_assign is not None:
        check_integer(n_assign, "n_assign", at_most=words.K)
    histograms = np.zeros((len(sets), words.K))
    for block in words.blocks(sets):
        check_range(block.rows)
        if assignment == "hard" and n_assign == 1:
            counts = _histograms(block, words.nearest(block.rows), words.K)
        elif n_assign is None:  # soft, for all words
            owners = np.repeat(np.arange(len(block.sizes)), block.sizes)
            shares = shares_of(words.scores(block.rows), check_positive(sigma, "sigma"))
            counts = segment_sums(shares, owners, len(block.sizes))
        else:
            nearest, scores = words.several(block.rows, n_assign)  # (n, r) each
            weights = None if sigma is None else shares_of(scores, sigma)
            counts = _histograms(block, nearest, words.K, weights)
        histograms[block.first : block.last] += counts
    return histograms


def shares_of(scores: FloatArray, sigma: float) -> FloatArray:
    """Return (n, r) weights ∝ exp(−d²/2σ²) that add up to 1 over the r words of a descriptor."""
    # A score is −d²/2 up to a constant of the descriptor, which the division by the sum removes;
    # taking the best one off first keeps the exponentials in range.
    below = (scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
    with np.errstate(over="ignore"):  # −∞, for a tiny sigma, has the weight 0 that it should
        weights: FloatArray = np.exp(below / sigma / sigma)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _histograms(
    block: Block, nearest: NDArray[np.intp], K: int, weights: FloatArray | None = None
) -> FloatArray:
    """Return the (n_sets, K) sums of the weights of (n,) or (n, r) words, 1 if not given."""
    cells = block.cells(nearest.T, K).T.ravel()
    flat = None if weights is None else weights.ravel()
    sums: Any = np.bincount(cells, flat, minlength=K * len(block.sizes))
    histograms: FloatArray = sums.reshape(-1, K)
    return histograms


def _normalised(histograms: FloatArray, norm: Norm) -> FloatArray:
    if norm is None:
        return histograms
    size = np.linalg.norm(histograms, ord=1 if norm == "l1" else 2, axis=1, keepdims=True)
    return histograms / np.where(size > 0, size, 1)


class BagOfWords(CodebookEncoder):
    r"""Encode images as histograms of visual words, with a codebook learnt from training images.

    The scikit-learn form of `bag_of_words`, which documents the encoding. With `tf_idf`, a word
    counts the more, the fewer of the N training images hold it:

    .. math:: h_k \mathrel{\to} h_k \log \frac{N}{n_k}, \qquad
              n_k = \#\{\text{training images with a vote for word } k\}

    before the histogram is normalised. A word of every image weighs 0. A word of none weighs as
    much as one of a single image, log N: it is at least as rare.

    Parameters
    ----------
    n_words : int, default 1024
        K, the size of the codebook.
    assignment, n_assign, sigma, norm
        As in `bag_of_words`.
    tf_idf : bool, default False
        Weight words by their rarity among the training images (term frequency – inverse document
        frequency). Images are then read once more by `fit`, all of them, whatever
        `max_descriptors` is. A vote counts as one, however small a soft weight it has; so
        `n_assign` has to be a number, for otherwise every image votes for all words.
    n_probe : int, optional
        Approximate search of the words, as in `assign`: for codebooks of 10⁴ words and more.
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
    idf_ : (K,) float64
        log(N/n_k) of each word; only with `tf_idf`.
    cells_ : tuple of arrays
        The partition of the words that `n_probe` < ⌊√K⌋ asks for; only then.
    n_features_in_ : int
        D.

    References
    ----------
    TF-IDF: Sivic & Zisserman 2003; of words with soft votes: Philbin et al. 2008.

    Examples
    --------
    >>> images = [np.array([[0.0], [0.1], [0.9]]), np.array([[1.0]]), np.zeros((0, 1))]
    >>> encoder = BagOfWords(centroids=[[0.0], [1.0]], norm=None).fit(images)
    >>> encoder.transform(images).tolist()
    [[2.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    >>> weighted = BagOfWords(centroids=[[0.0], [1.0]], tf_idf=True).fit(images)
    >>> weighted.idf_.round(2).tolist()
    [1.1, 0.41]
    """

    def __init__(
        self,
        n_words: int = 1024,
        *,
        assignment: Assignment = "hard",
        n_assign: int | None = 1,
        sigma: float | None = None,
        norm: Norm = "l1",
        tf_idf: bool = False,
        n_probe: int | None = None,
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
        self.assignment = assignment
        self.n_assign = n_assign
        self.sigma = sigma
        self.norm = norm
        self.tf_idf = tf_idf
        self.n_probe = n_probe

    def fit(self, bags: BagsLike, y: Any = None) -> Self:
        """Learn a codebook from training images and, with `tf_idf`, how rare its words are in them.

        Parameters
        ----------
        bags : Bags, or list of (n_i, D) arrays or of LocalFeatures
        y : ignored

        Returns
        -------
        the encoder itself

        Raises
        ------
        ValueError
            If a bag or an option is not as documented, or there are too few descriptors.
        """
        super().fit(bags, y)
        self.__dict__.pop("idf_", None)  # of an earlier fit, with another codebook
        if self.tf_idf:
            sets = as_bags(bags)
            seen = np.maximum(self._images_with_word(sets), 1)
            self.idf_ = np.log(len(sets) / seen)
        return self

    def _images_with_word(self, sets: Sequence[FloatArray]) -> IntArray:
        """Return the (K,) number of sets with a vote for each word."""
        words = self._words(working_dtype(common_dtype(sets)))
        seen = np.zeros(words.K, np.intp)
        for first in range(0, len(sets), IMAGES_AT_ONCE):
            part = sets[first : first + IMAGES_AT_ONCE]
            with located(part, first):
                votes = _votes(part, words, "hard", self.n_assign, None)
            seen += np.count_nonzero(votes, axis=0)
        return seen

    def _check_options(self) -> None:
        _check_options(self.assignment, self.n_assign, self.sigma, self.norm)
        if check_flag(self.tf_idf, "tf_idf") and self.n_assign is None:
            raise ValueError("n_assign: expected an integer with tf_idf, got None")
        if self.n_probe is not None:
            check_integer(self.n_probe, "n_probe")
            if self.n_assign is None:
                raise ValueError("n_assign: expected an integer with n_probe, got None")

    def _learn(self, sample: FloatArray, rng: np.random.RandomState) -> None:
        super()._learn(sample, rng)
        if self.n_assign is not None:
            check_integer(self.n_assign, "n_assign", at_most=len(self.centroids_))
        self.__dict__.pop("cells_", None)  # of an earlier fit, with another codebook
        if needs_cells(len(self.centroids_), self.n_probe):
            self.cells_ = cells_of(self.centroids_)

    def _words(self, dtype: np.dtype[Any]) -> Words:
        if self.n_probe is None or not needs_cells(len(self.centroids_), self.n_probe):
            return super()._words(dtype)
        check_is_fitted(self, "cells_")  # the option may have been set after `fit`
        codebook = self.centroids_.astype(dtype, copy=False)
        return WordsInCells(codebook, self.cells_, self.n_probe)

    def _encode(self, sets: Sequence[FloatArray], dtype: np.dtype[Any]) -> FloatArray:
        histograms = _votes(sets, self._words(dtype), self.assignment, self.n_assign, self.sigma)
        if self.tf_idf:
            check_is_fitted(self, "idf_")  # the option may have been set after `fit`
            histograms *= self.idf_
        return _normalised(histograms, self.norm)

    @property
    def _n_features_out(self) -> int:
        return len(self.centroids_)


def _check_options(
    assignment: Assignment, n_assign: int | None, sigma: float | None, norm: Norm
) -> None:
    check_choice(assignment, "assignment", ("hard", "soft"))
    check_choice(norm, "norm", ("l1", "l2", None))
    if n_assign is not None or assignment == "hard":
        check_integer(n_assign, "n_assign")
    if assignment == "soft":
        check_positive(sigma, "sigma")
    elif sigma is not None:
        raise ValueError(f"sigma: expected None with hard assignment, got {sigma!r}")
