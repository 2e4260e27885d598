"""Lloyd's iterations in exact arithmetic: the same partition on every machine, bit for bit.

The points are integers, see `_grid`. So are their sums by cell, which need not be made anew in each
iteration: a point that changes its cell is taken from one sum and added to another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from coursekit.types import FloatArray, IntArray

from ._blocks import segment_sums
from ._grid import STEPS, Precision
from ._seeding import TooFewPointsError
from ._threads import Map, row_workers

SETTLED: Final = 500
"""Iterations end when at most one point of so many changes its cell."""

_SCORES_AT_ONCE: Final = 2**17  # words × rows
_MIN_ROWS, _MAX_ROWS = 256, 2048
_POINTS_AT_ONCE: Final = 2**15  # of a thread


class Partition:
    """Points in the cells of K centroids.

    Parameters
    ----------
    integers : (N, D) integers
        Of norm at most ``precision.radius``.
    centroids : (K, D) float64
        To begin with, in sixteenths.
    precision : Precision

    Attributes
    ----------
    words : (N,) int32
        The cell of each point; −1 before the first iteration.
    totals : (K, D + 1) float64
        The sum of the points of each cell, and in the last column their number.
    centroids : (K, D) float64
        The means of the cells, in sixteenths.
    """

    def __init__(self, integers: IntArray, centroids: FloatArray, precision: Precision) -> None:
        self.integers = integers
        self.centroids = centroids
        self.precision = precision
        self.words = np.full(len(integers), -1, np.int32)
        self.totals = np.zeros((len(centroids), integers.shape[1] + 1))

    def iterate(self, max_iter: int) -> None:
        """Move points and centroids until hardly anything changes, at most `max_iter` times.

        Raises
        ------
        TooFewPointsError
            If a cell stays empty, because there are too few distinct points.
        """
        with row_workers() as run:
            for _ in range(max_iter):
                changed = self._assign(run) + self._fill_empty_cells()
                sums, counts = self.totals[:, :-1], self.totals[:, -1:]
                self.centroids = np.rint(STEPS * sums / counts) / STEPS
                if changed * SETTLED <= len(self.integers):
                    break

    def distortion(self) -> float:
        """Return the sum of the squared distances of points to centroids."""
        squares = [float(np.square(x[:, :-1]).sum()) for _, x in self._blocks(self.integers)]
        sums, counts = self.totals[:, :-1], self.totals[:, -1:]
        moved = (counts * self.centroids - 2 * sums) * self.centroids
        return math.fsum([*squares, *moved.ravel().tolist()])

    def _assign(self, run: Map) -> int:
        """Send every point to its nearest centroid; return how many change their cell."""
        table = np.empty(self.totals.T.shape, self.precision.dtype)  # (D + 1, K)
        table[:-1] = self.centroids.T
        table[-1] = -np.rint(STEPS / 2 * np.square(self.centroids).sum(axis=1)) / STEPS
        bounds = range(0, len(self.integers), _POINTS_AT_ONCE)
        changed = 0
        for n_changed, moved in run(partial(self._assign_part, table), bounds):
            changed += n_changed
            self.totals += moved
        return changed

    def _assign_part(self, table: FloatArray, first: int) -> tuple[int, FloatArray]:
        """Do so for the points from `first` on; return the change of the totals too."""
        part = slice(first, first + _POINTS_AT_ONCE)
        integers, words = self.integers[part], self.words[part]
        nearest = np.empty(len(words), np.intp)
        scores = np.empty((self._n_rows, len(self.totals)), table.dtype)
        for here, rows in self._blocks(integers):
            np.matmul(rows, table, out=scores[: len(rows)]).argmax(axis=1, out=nearest[here])
        others = np.flatnonzero(nearest != words)
        moved = np.zeros_like(self.totals)
        for here, rows in self._blocks(integers, others):
            some = others[here]
            moved += segment_sums(rows, nearest[some], len(moved))
            if words[some[0]] >= 0:  # all or none: the first iteration is the first for all
                moved -= segment_sums(rows, words[some], len(moved))
        words[others] = nearest[others]
        return len(others), moved

    def _fill_empty_cells(self) -> int:
        """Give each empty cell the point that is farthest from its centroid; return how many."""
        counts = self.totals[:, -1]
        empty = np.flatnonzero(counts == 0)
        if not len(empty):
            return 0
        gaps = np.square(self.integers - self.centroids[self.words]).sum(axis=1)
        farthest = iter(np.argsort(-gaps, kind="stable").tolist())
        for k in empty.tolist():
            t = next((t for t in farthest if counts[self.words[t]] > 1), 0)
            if gaps[t] == 0:
                raise TooFewPointsError(int(np.count_nonzero(counts)))
            point = np.append(self.integers[t], 1)
            self.totals[self.words[t]] -= point
            self.totals[k] += point
            self.words[t] = k
        return len(empty)

    @property
    def _n_rows(self) -> int:
        return max(_MIN_ROWS, min(_MAX_ROWS, _SCORES_AT_ONCE // len(self.centroids)))

    def _blocks(
        self, integers: IntArray, chosen: IntArray | None = None
    ) -> Iterator[tuple[slice, FloatArray]]:
        """Yield points, or those chosen, in blocks: where they stand, and they with a column of 1.

        The ones bring −½‖μ‖² into the product, and count in the sums. The array is used again.
        """
        n = len(integers) if chosen is None else len(chosen)
        block = np.ones((self._n_rows, self.totals.shape[1]), self.precision.dtype)
        for start in range(0, n, len(block)):
            here = slice(start, min(start + len(block), n))
            rows = block[: here.stop - start]
            rows[:, :-1] = integers[here] if chosen is None else integers[chosen[here]]
            yield here, rows
