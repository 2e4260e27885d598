"""A codebook made ready for many searches, and the checks of the arrays that go with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursekit.types import FloatArray
from coursekit.validation import as_matrix

from ._blocks import Block, blocks, refusal


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
        best = scores[np.arange(len(rows)), nearest]
        rivals = scores >= (best - self._doubt(rows))[:, None]
        if np.count_nonzero(rivals) > len(rows):
            self._decide(rows, rivals, nearest)
        return nearest

    def several(self, rows: FloatArray, n_assign: int) -> tuple[NDArray[np.intp], FloatArray]:
        """Return the `n_assign` nearest words of each row, and their scores.

        Returns
        -------
        words : (n, n_assign) integers
            The nearest first.
        scores : (n, n_assign) floating
        """
        scores = self.scores(rows)
        words, best = first_columns(scores.copy(), min(n_assign + 1, self.K))
        close = (best[:, :-1] - best[:, 1:] <= self._doubt(rows)).any(axis=1)
        for t in np.flatnonzero(close).tolist():
            squares = self._squared_distances(rows[[t]], np.arange(self.K))
            order = np.argsort(squares, kind="stable")[:n_assign]
            words[t, :n_assign], best[t, :n_assign] = order, scores[t, order]
        return words[:, :n_assign], best[:, :n_assign]

    def _doubt(self, rows: FloatArray) -> FloatArray:
        """Return up to what difference rounding may have put two scores of a row in wrong order.

        A sum of D products is off by at most D·ε/2 times the lengths of the two vectors, in any
        order; here both scores count, and the longest row and word for all.
        """
        D = self.D
        reach = math.sqrt(D) * np.maximum(rows.max(initial=0), -rows.min(initial=0))
        longest = math.sqrt(float(self.square_norms.max()))
        rounding = (D + 3) * np.finfo(self.dtype).eps
        return np.asarray(rounding * longest * (reach + longest), self.dtype)

    def _decide(
        self, rows: FloatArray, rivals: NDArray[np.bool_], nearest: NDArray[np.intp]
    ) -> None:
        """Correct the nearest word, in place, of rows that have several rivals, (n, K) bool."""
        t, words = np.divmod(np.flatnonzero(rivals), self.K)
        several = np.flatnonzero(t[1:] == t[:-1])
        chosen = np.union1d(several, several + 1)
        t, words = t[chosen], words[chosen]
        best_first = np.lexsort((self._squared_distances(rows[t], words), t))  # stable
        doubtful, firsts = np.unique(t, return_index=True)
        nearest[doubtful] = words[best_first[firsts]]

    def _squared_distances(self, rows: FloatArray, words: NDArray[np.intp]) -> FloatArray:
        """Return the distances of rows to words, one by one, in float64 and without a product."""
        gaps = rows.astype(np.float64) - self.centroids[words]
        return np.asarray(np.square(gaps).sum(axis=1))


def first_columns(scores: FloatArray, n: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the columns of the n largest of (m, k) scores, or of all k, and these scores.

    The scores are overwritten. Of equal ones the first column comes first.
    """
    every_row = np.arange(len(scores))
    columns, best = [], []
    for _ in range(min(n, scores.shape[1])):  # few, so this is faster than sorting
        column = scores.argmax(axis=1)
        columns.append(column)
        best.append(scores[every_row, column])
        scores[every_row, column] = -np.inf
    return np.stack(columns, axis=1), np.stack(best, axis=1)


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


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which data of `dtype` are computed: float32 or float64, as BLAS does."""
    return np.dtype(np.float64 if dtype.kind == "f" and dtype.itemsize > 4 else np.float32)
