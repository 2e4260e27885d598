"""What all encoders of bags have in common, as scikit-learn sees them.

An encoder learns something from the descriptors of training images (`fit`), then turns each image's
set of descriptors into one vector (`transform`).
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import ThreadingBackend, get_active_backend
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from coursekit.types import BagsLike, FloatArray, RandomState
from coursekit.validation import check_integer

from ._blocks import in_dtype, refusal
from ._threads import products_on_one_thread
from ._words import Words, as_codebook, working_dtype
from .bags import as_bags, pooled
from .codebook import as_random_state, kmeans


class BagEncoder(  # scikit-learn is untyped, hence the comments for the type checker
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    metaclass=ABCMeta,
):
    """Base of the encoders: one vector per bag, in scikit-learn's contract.

    A subclass says what it learns (`_learn`), how it encodes (`_encode`), the length of its vectors
    (`_n_features_out`), and what its options may be (`_check_options`).

    Parameters
    ----------
    max_descriptors : int or None
        `fit` draws this many of the training descriptors at random; None takes them all.
    random_state : int, RandomState or None
        Seed of the draw and of what follows it.
    n_jobs : int, optional
        Workers over the images of one `transform`, as in joblib.

    Attributes
    ----------
    n_features_in_ : int
        D, the dimension of the descriptors.
    """

    def __init__(
        self, *, max_descriptors: int | None, random_state: RandomState, n_jobs: int | None
    ) -> None:
        self.max_descriptors = max_descriptors
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, bags: BagsLike, y: Any = None) -> Self:
        """Learn from the descriptors of training images.

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
        self._check_options()
        if self.max_descriptors is not None:
            check_integer(self.max_descriptors, "max_descriptors")
        rng = as_random_state(self.random_state)
        sample = pooled(as_bags(bags), max_rows=self.max_descriptors, rng=rng)
        self.n_features_in_ = sample.shape[1]
        self._learn(sample, rng)
        return self

    def transform(self, bags: BagsLike) -> FloatArray:
        """Encode images.

        Parameters
        ----------
        bags : Bags, or list of (n_i, D) arrays or of LocalFeatures

        Returns
        -------
        (n_images, dimension) floating
            In the dtype of the descriptors (float32 for integers); zeros for an image without any.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        ValueError
            If a bag does not have the D of `fit`, or a value is NaN or infinite.
        """
        check_is_fitted(self)
        sets = as_bags(bags, n_features=self.n_features_in_, match="fit")
        dtype = common_dtype(sets)
        n_parts = min(effective_n_jobs(self.n_jobs), len(sets))
        if n_parts <= 1:
            return self._encode_part(sets, 0, dtype)
        bounds = pairwise(_shares(sets, n_parts))
        tasks = [delayed(self._encode_part)(sets[a:b], a, dtype) for a, b in bounds]
        with products_on_one_thread():  # the workers share the cores out among themselves
            return np.concatenate(_in_parallel(tasks))

    def _encode_part(
        self, sets: Sequence[FloatArray], first: int, dtype: np.dtype[Any]
    ) -> FloatArray:
        with located(sets, first):
            return in_dtype(self._encode(sets, working_dtype(dtype)), dtype)

    @abstractmethod
    def _check_options(self) -> None:
        """Refuse options out of range, in the words of the plain function."""

    @abstractmethod
    def _learn(self, sample: FloatArray, rng: np.random.RandomState) -> None:
        """Learn attributes from (N, D) descriptors."""

    @abstractmethod
    def _encode(self, sets: Sequence[FloatArray], dtype: np.dtype[Any]) -> FloatArray:
        """Return one row per set, computed in `dtype`."""


class CodebookEncoder(BagEncoder):
    """Base of the encoders that learn a codebook by k-means.

    Parameters
    ----------
    n_words : int
        K, the size of the codebook.
    centroids : (K, D) array, optional
        A codebook to use as it is: `fit` then learns nothing, and `n_words` is not looked at.
    n_init, max_iter
        As in `kmeans`.
    max_descriptors, random_state, n_jobs
        As in `BagEncoder`.

    Attributes
    ----------
    centroids_ : (K, D) floating
        The codebook.
    """

    def __init__(
        self,
        n_words: int,
        *,
        centroids: ArrayLike | None,
        n_init: int,
        max_iter: int,
        max_descriptors: int | None,
        random_state: RandomState,
        n_jobs: int | None,
    ) -> None:
        super().__init__(max_descriptors=max_descriptors, random_state=random_state, n_jobs=n_jobs)
        self.n_words = n_words
        self.centroids = centroids
        self.n_init = n_init
        self.max_iter = max_iter

    def _learn(self, sample: FloatArray, rng: np.random.RandomState) -> None:
        if self.centroids is not None:
            self.centroids_ = as_codebook(self.centroids, columns=sample.shape[1])
            return
        self.centroids_ = kmeans(
            sample, self.n_words, n_init=self.n_init, max_iter=self.max_iter, random_state=rng
        )

    def _words(self, dtype: np.dtype[Any]) -> Words:
        return Words(self.centroids_.astype(dtype, copy=False))


@contextmanager
def located(sets: Sequence[FloatArray], first: int) -> Iterator[None]:
    """Turn a FloatingPointError into the ValueError that names the bag; `first` is the first's."""
    try:
        yield
    except FloatingPointError as error:
        named = ((f"bags[{i}]", rows) for i, rows in enumerate(sets, first))
        raise refusal(named) from error


def _in_parallel(tasks: list[Any]) -> list[FloatArray]:
    """Run tasks made by joblib's `delayed`, all at once, in the backend that is active."""
    backend, _ = get_active_backend(prefer="threads")
    if not isinstance(backend, ThreadingBackend):
        return list(Parallel(n_jobs=len(tasks))(tasks))
    # joblib looks for results every 10 ms, in which a thread encodes 30 images.
    with ThreadPoolExecutor(len(tasks)) as pool:
        futures = [pool.submit(function, *given, **named) for function, given, named in tasks]
        return [future.result() for future in futures]


def common_dtype(sets: Sequence[FloatArray]) -> np.dtype[Any]:
    """Return the dtype that holds the values of all sets, float32 standing in for integers."""
    single = np.dtype(np.float32)
    dtypes = {rows.dtype if rows.dtype.kind == "f" else single for rows in sets}
    return np.result_type(*(dtypes or {single}))


def _shares(sets: Sequence[FloatArray], n_parts: int) -> list[int]:
    """Return n_parts + 1 bounds that cut the sets into runs with about as many rows each."""
    rows = np.cumsum([len(rows) for rows in sets])
    ends = np.searchsorted(rows, rows[-1] * np.arange(1, n_parts) / n_parts)
    return [0, *ends.tolist(), len(sets)]
