"""Approximate search in large codebooks: only the words of the cells next to a descriptor.

Slide S09 ("solution 1": larger codebooks); the inverted lists of Jégou, Douze & Schmid, PAMI 2011.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coursekit.types import FloatArray

from ._blocks import Block, blocks
from ._words import Words, first_columns


class Cells(NamedTuple):
    """A partition of the words of a codebook into cells, those around a common centre.

    Parameters
    ----------
    centres : (n_cells, D) float64
    order : (K,) integers
        The words, cell after cell.
    bounds : (n_cells + 1,) integers
        Cell c owns ``order[bounds[c]:bounds[c + 1]]``.
    """

    centres: FloatArray
    order: NDArray[np.intp]
    bounds: NDArray[np.intp]


class WordsInCells(Words):
    """A codebook of which a search sees only the words of the cells nearest to the descriptor.

    All descriptors of a block that look into a cell are compared with its words in one product:
    the more descriptors, the faster. (faiss visits the lists of each descriptor in turn; at this
    recall its inverted lists take as long as its exhaustive search, see ``benchmarks``.)

    Parameters
    ----------
    centroids : (K, D) float32 or float64
    cells : Cells
        Of this codebook.
    n_probe : int
        Cells looked into, at most all.
    """

    def __init__(self, centroids: FloatArray, cells: Cells, n_probe: int) -> None:
        super().__init__(centroids)
        self._cells = cells
        self._n_probe = min(n_probe, len(cells.centres))
        origin = 0.0 if self.origin is None else self.origin
        self._centres = cells.centres - origin  # float64: see `_visits`
        self._centre_squares = np.vecdot(self._centres, self._centres)
        self._ordered = self.centroids[cells.order]  # the words of a cell side by side
        self._ordered_squares = self.square_norms[cells.order]

    def blocks(self, sets: Sequence[FloatArray]) -> Iterator[Block]:
        """Cut sets into long blocks: more rows share a cell, and each has few scores at a time."""
        return blocks(sets, 1, self._local)

    def nearest(self, rows: FloatArray) -> NDArray[np.intp]:
        """Return the word found for each of the (n, D) rows."""
        return self.several(rows, 1)[0][:, 0]

    def several(self, rows: FloatArray, n_assign: int) -> tuple[NDArray[np.intp], FloatArray]:
        """Return the `n_assign` nearest words found for each row, and their scores.

        A row whose cells hold fewer words than that is compared with all words.
        """
        shape = len(rows) * self._n_probe, n_assign
        words, scores = np.zeros(shape, np.intp), np.full(shape, -np.inf, self.dtype)
        for first, last, visits in self._visits(rows):
            found = rows[visits // self._n_probe] @ self._ordered[first:last].T
            found -= self._ordered_squares[first:last] / 2
            columns, best = first_columns(found, n_assign)
            words[visits, : columns.shape[1]] = self._cells.order[first:last][columns]
            scores[visits, : columns.shape[1]] = best
        columns, best = first_columns(scores.reshape(len(rows), -1), n_assign)
        found_words = np.take_along_axis(words.reshape(len(rows), -1), columns, axis=1)
        short = np.flatnonzero(best[:, -1] == -np.inf)
        if len(short):
            found_words[short], best[short] = super().several(rows[short], n_assign)
        return found_words, best

    def _visits(self, rows: FloatArray) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
        """Yield, for each cell, the bounds of its words in `order` and the visits to it.

        Row t pays the visits t · n_probe … (t + 1) · n_probe − 1. In float64, so that which cells
        they are does not hang on rounding; equal scores are told apart by a stable sort.
        """
        scores = rows.astype(np.float64) @ self._centres.T
        scores -= self._centre_squares / 2
        cells = np.argsort(-scores, axis=1, kind="stable")[:, : self._n_probe]
        by_cell = np.argsort(cells, axis=None, kind="stable")
        ends = np.cumsum([0, *np.bincount(cells.ravel(), minlength=len(self._centres))])
        for (first, last), (a, b) in zip(
            pairwise(self._cells.bounds.tolist()), pairwise(ends.tolist()), strict=True
        ):
            if a < b and first < last:
                yield first, last, by_cell[a:b]
