r"""Searching many vectors: all of them exactly, or compressed to a few bytes each.

Thin covers of faiss that check their input and count their bytes.

Jégou, Douze & Schmid 2011 (product quantisation, inverted lists); Johnson et al. 2021 (faiss).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
from sklearn.exceptions import NotFittedError

from coursekit.types import FloatArray, IntArray
from coursekit.validation import as_matrix, check_integer

__all__ = ["CompressedIndex", "ExactIndex"]


class _Index(ABC):
    """A faiss index of inner products, over vectors of norm 1: larger is nearer."""

    _faiss: Any = None

    @abstractmethod
    def fit(self, X: Any) -> Self:
        """Learn what compression needs."""

    @property
    @abstractmethod
    def bytes_per_vector(self) -> int:
        """What each vector takes in memory, its number in the lists included."""

    def __len__(self) -> int:
        """Return the number of vectors in the index."""
        return 0 if self._faiss is None else int(self._faiss.ntotal)

    def add(self, X: Any) -> Self:
        """Add vectors; they are numbered in the order in which they come, from 0.

        Parameters
        ----------
        X : (n, D) floating
            n = 0 is allowed.

        Returns
        -------
        the index

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If `X` is no finite matrix of D columns.
        """
        self._faiss_or_error.add(self._as_vectors(X, "X"))
        return self

    def search(self, queries: Any, k: int) -> tuple[FloatArray, IntArray]:
        """Find the k vectors of largest inner product with each query.

        Parameters
        ----------
        queries : (Q, D) floating
        k : int
            At most the number of vectors in the index.

        Returns
        -------
        scores : (Q, k) float32
            Inner products, largest first; approximate if the index is compressed, and −∞ where
            the lists that were visited held fewer than k vectors.
        indices : (Q, k) integers
            Which vectors; −1 where there is none.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If `queries` is no finite matrix of D columns, or `k` is out of range.
        """
        index = self._faiss_or_error
        check_integer(k, "k", at_most=len(self))
        scores, indices = index.search(self._as_vectors(queries, "queries"), k)
        return np.where(indices < 0, -np.inf, scores).astype(np.float32), indices

    def save(self, path: str | Path) -> None:
        """Write the index to a file: first beside it, so that a crash leaves the old one whole."""
        new = Path(f"{path}.new")
        faiss.write_index(self._faiss_or_error, str(new))
        new.replace(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an index that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it holds no index, or one of another kind.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"path: expected an index, found no file {path}")
        try:
            found = faiss.read_index(str(path))
        except RuntimeError as error:
            raise ValueError(f"path: expected an index, got {path}: {error}") from error
        index = cls()
        index._adopt(found)
        return index

    @abstractmethod
    def _adopt(self, found: Any) -> None:
        """Take a faiss index as one's own, with its options."""

    @property
    def _faiss_or_error(self) -> Any:
        if self._faiss is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted: call fit first")
        return self._faiss

    def _as_vectors(self, X: Any, name: str) -> FloatArray:
        D = self._faiss_or_error.d
        matrix = as_matrix(X, name, columns=D, match="fit", symbols="(n, D)")
        return matrix.astype(np.float32, copy=False)


class ExactIndex(_Index):
    """Every vector, compared with every query.

    Examples
    --------
    >>> vectors = np.eye(4, dtype=np.float32)
    >>> index = ExactIndex().fit(vectors).add(vectors)
    >>> scores, indices = index.search(np.array([[0.8, 0.6, 0.0, 0.0]]), k=2)
    >>> indices.tolist(), index.bytes_per_vector
    ([[0, 1]], 16)
    """

    def fit(self, X: Any) -> Self:
        """Take the dimension from `X`, an (n, D) matrix; the index is empty afterwards."""
        X = as_matrix(X, "X", symbols="(n, D)")
        self._faiss = faiss.IndexFlatIP(X.shape[1])
        return self

    def _adopt(self, found: Any) -> None:
        _check_kind(self, found, faiss.IndexFlatIP)
        self._faiss = found

    @property
    def bytes_per_vector(self) -> int:
        """4·D."""
        return 4 * int(self._faiss_or_error.d)


class CompressedIndex(_Index):
    r"""Product quantisation: each of a vector's `n_bytes` parts becomes its nearest word.

    With `n_lists`, vectors are first sorted into lists by their nearest of `n_lists` centres, and
    only the `n_probe` lists nearest to the query are visited (IVF).

    Parameters
    ----------
    n_bytes : int, default 16
        Bytes a vector; must divide D. Each byte names one of 256 words, learnt by k-means.
    n_lists : int, optional
        Number of inverted lists; by default none.
    n_probe : int, default 8
        Lists visited for a query.
    seed : int, default 0

    References
    ----------
    Jégou, Douze & Schmid 2011.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> vectors = rng.normal(size=(2000, 64)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = CompressedIndex(n_bytes=16).fit(vectors).add(vectors)
    >>> len(index), index.bytes_per_vector
    (2000, 16)
    """

    def __init__(
        self,
        n_bytes: int = 16,
        *,
        n_lists: int | None = None,
        n_probe: int = 8,
        seed: int = 0,
    ) -> None:
        self.n_bytes = check_integer(n_bytes, "n_bytes")
        self.n_lists = n_lists if n_lists is None else check_integer(n_lists, "n_lists")
        self.n_probe = check_integer(n_probe, "n_probe")
        self.seed = check_integer(seed, "seed", at_least=0)

    def fit(self, X: Any) -> Self:
        """Learn the words, and the centres of the lists.

        Parameters
        ----------
        X : (n, D) floating
            At least 256 vectors, and as many as there are lists; not added to the index.

        Returns
        -------
        CompressedIndex

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite matrix, D is no multiple of `n_bytes`, or there are too few vectors.
        """
        X = as_matrix(X, "X", symbols="(n, D)").astype(np.float32, copy=False)
        n, D = X.shape
        least = max(256, self.n_lists or 0)
        if n < least:
            raise ValueError(f"X: expected at least {least} vectors to learn from, got {n}")
        if D % self.n_bytes:
            raise ValueError(f"n_bytes: expected a divisor of D = {D}, got {self.n_bytes}")
        self._faiss = self._lists(D, self.n_lists) if self.n_lists else self._flat(D)
        self._faiss.train(X)
        return self

    def _flat(self, D: int) -> Any:
        index = faiss.IndexPQ(D, self.n_bytes, 8, faiss.METRIC_INNER_PRODUCT)
        _prepare(index.pq.cp, self.seed)
        return index

    def _lists(self, D: int, n_lists: int) -> Any:
        centres = faiss.IndexFlatIP(D)
        index = faiss.IndexIVFPQ(centres, D, n_lists, self.n_bytes, 8, faiss.METRIC_INNER_PRODUCT)
        index.nprobe = self.n_probe
        _prepare(index.cp, self.seed)
        _prepare(index.pq.cp, self.seed)
        return index

    def _adopt(self, found: Any) -> None:
        _check_kind(self, found, faiss.IndexPQ, faiss.IndexIVFPQ)
        self._faiss, self.n_bytes = found, int(found.pq.M)
        if isinstance(found, faiss.IndexIVFPQ):
            self.n_lists, self.n_probe = int(found.nlist), int(found.nprobe)

    @property
    def bytes_per_vector(self) -> int:
        """`n_bytes`, and 8 for the number of the vector where there are lists."""
        return self.n_bytes + (8 if self.n_lists else 0)


def _check_kind(index: _Index, found: Any, *kinds: Any) -> None:
    if not isinstance(found, kinds):
        raise ValueError(f"path: expected a {type(index).__name__}, got {type(found).__name__}")


def _prepare(clustering: Any, seed: int) -> None:
    """Seed k-means, and spare its advice on how many vectors it would like."""
    clustering.seed = seed + 1  # 0 means the clock
    clustering.min_points_per_centroid = 1
