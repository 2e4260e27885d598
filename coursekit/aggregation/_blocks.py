"""Ragged sets in blocks that fit the cache: what the encoders share.

A block holds a few small sets end to end, or a piece of a large one, so that the fixed cost of a
NumPy call is paid once per block and not once per set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from coursekit.types import FloatArray, IntArray

ROWS_PER_BLOCK = 2048  # 1 MiB of float32 SIFT descriptors


class Block(NamedTuple):
    """Consecutive descriptors of the sets `first` … `last` − 1."""

    first: int
    last: int
    rows: FloatArray  # (n, D)
    owner: IntArray  # (n,), the set of each row, counted from `first`


def blocks(sets: Sequence[FloatArray], dtype: np.dtype[Any]) -> Iterator[Block]:
    """Cut sets into blocks of at most `ROWS_PER_BLOCK` rows.

    Small sets are copied together, a set of half a block or more is used in place.

    Parameters
    ----------
    sets : sequence of (n_i, D) floating
    dtype : dtype
        In which the rows are wanted.

    Yields
    ------
    Block
        Every row of every set once, in order. Empty sets own no row.
    """
    first = 0
    while first < len(sets):
        last, n_rows = first + 1, len(sets[first])
        while last < len(sets) and n_rows + len(sets[last]) <= ROWS_PER_BLOCK:
            n_rows += len(sets[last])
            last += 1
        together = sets[first] if last == first + 1 else np.concatenate(sets[first:last])
        owner = np.repeat(np.arange(last - first), [len(rows) for rows in sets[first:last]])
        for start in range(0, n_rows, ROWS_PER_BLOCK):
            piece = slice(start, start + ROWS_PER_BLOCK)
            yield Block(first, last, together[piece].astype(dtype, copy=False), owner[piece])
        first = last


def segment_sums(rows: FloatArray, segments: NDArray[np.integer[Any]], n_segments: int) -> FloatArray:
    """Add up the rows that carry the same segment number.

    A product with a sparse matrix that holds one 1 per row: in the order of the rows, so the same
    bytes on every machine, and several times faster than ``np.add.at``.

    Parameters
    ----------
    rows : (n, D) floating
    segments : (n,) integers in [0, n_segments)
    n_segments : int

    Returns
    -------
    (n_segments, D) floating
        Zeros for a segment without rows.
    """
    n = len(rows)
    column_starts = np.arange(n + 1, dtype=np.int32)
    membership = sparse.csc_array(
        (np.ones(n, rows.dtype), segments.astype(np.int32), column_starts), shape=(n_segments, n)
    )
    return membership @ rows
