"""Ragged sets in blocks that fit the cache, and sums over their parts: what encoders share.

A block holds several small sets end to end, or a piece of a large one. So the fixed cost of a NumPy
call is paid per block and not per set, and what one step writes the next still finds in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from coursekit.types import FloatArray
from coursekit.validation import check_finite

# The routine behind `csc_array @ rows`, whose checks take three times as long as its sums. It is
# private to SciPy: should it move, speed is all that is lost.
_csc_matvecs: Any = getattr(getattr(sparse, "_sparsetools", None), "csc_matvecs", None)

MIN_ROWS, MAX_ROWS = 256, 4096
SCORES_PER_BLOCK = 2**18  # words × rows: a MiB of float32, a share of the L2 cache


class Block(NamedTuple):
    """Consecutive rows of the sets `first` … `last` − 1."""

    first: int
    last: int
    rows: FloatArray  # (n, D)
    sizes: list[int]  # rows of each of these sets

    def cells(self, nearest: NDArray[np.intp], n_words: int) -> NDArray[np.intp]:
        """Return one number per row for its (set, word): the word, plus `n_words` per set."""
        if len(self.sizes) == 1:
            return nearest
        return nearest + np.repeat(np.arange(len(self.sizes)) * n_words, self.sizes)


def blocks(
    sets: Sequence[FloatArray],
    n_words: int,
    convert: Callable[[FloatArray], FloatArray] = lambda rows: rows,
) -> Iterator[Block]:
    """Cut sets into blocks of which `n_words` scores per row fit the cache.

    Parameters
    ----------
    sets : sequence of (n_i, D) floating
    n_words : int
    convert : callable, optional
        Applied to the (n, D) rows of each block.

    Yields
    ------
    Block
        Every row once, in order; none without rows. Sets that fit a block together are copied
        together; any other is used in place, cut where it is too long.
    """
    n_rows = max(MIN_ROWS, min(MAX_ROWS, SCORES_PER_BLOCK // n_words))
    first = 0
    while first < len(sets):
        last, total = first + 1, len(sets[first])
        while last < len(sets) and total + len(sets[last]) <= n_rows:
            total += len(sets[last])
            last += 1
        if last == first + 1:
            for start in range(0, total, n_rows):
                piece = sets[first][start : start + n_rows]
                yield Block(first, last, convert(piece), [len(piece)])
        elif total > 0:
            sizes = [len(rows) for rows in sets[first:last]]
            yield Block(first, last, convert(np.concatenate(sets[first:last])), sizes)
        first = last


def segment_sums(
    rows: FloatArray, segments: NDArray[np.integer[Any]], n_segments: int
) -> FloatArray:
    """Add up the rows that carry the same segment number, in the order in which they come.

    A product with a sparse matrix that has a single 1 in each column: the same sums as with
    ``np.add.at``, many times faster.

    Parameters
    ----------
    rows : (n, D) floating, C-contiguous
    segments : (n,) integers in [0, n_segments)
    n_segments : int

    Returns
    -------
    (n_segments, D) floating
        Zeros for a segment without rows.
    """
    n, D = rows.shape
    ones = np.ones(n, rows.dtype)
    segments = segments.astype(np.int32)
    starts = np.arange(n + 1, dtype=np.int32)
    if _csc_matvecs is None:
        member = sparse.csc_array((ones, segments, starts), shape=(n_segments, n))
        return np.asarray(member @ rows)
    sums = np.zeros((n_segments, D), rows.dtype)
    _csc_matvecs(n_segments, n, D, starts, segments, ones, rows.reshape(-1), sums.reshape(-1))
    return sums


def length(square: float) -> float:
    """Return the square root, as a divisor: 1 instead of 0, so that zeros stay zeros.

    Raises
    ------
    FloatingPointError
        If the square is infinite or NaN.
    """
    if not math.isfinite(square):
        raise FloatingPointError("a squared length is not finite")
    return math.sqrt(square) or 1.0


def in_dtype(vectors: FloatArray, dtype: np.dtype[Any]) -> FloatArray:
    """Return finite vectors in the dtype of the descriptors.

    Raises
    ------
    FloatingPointError
        If a component is too large for it.
    """
    if dtype.itemsize >= vectors.dtype.itemsize:
        return vectors.astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        narrow: FloatArray = vectors.astype(dtype)
    if not np.isfinite(narrow).all():
        raise FloatingPointError("a component is too large")
    return narrow


def check_range(rows: FloatArray) -> None:
    """Raise FloatingPointError for NaN, infinity, or values whose products leave the dtype."""
    limit = np.sqrt(np.finfo(rows.dtype).max) / rows.shape[1]
    if not (-limit < rows.min() and rows.max() < limit):
        raise FloatingPointError("a descriptor is not finite, or too large")


def refusal(named_sets: Iterable[tuple[str, FloatArray]]) -> ValueError:
    """Return the error for a FloatingPointError met while computing on these arrays.

    The encoders look at sums instead of every value, which is nearly free; the value that spoilt
    them is looked for only when there is one.

    Parameters
    ----------
    named_sets : iterable of (name, array)

    Raises
    ------
    ValueError
        Locating the first NaN or infinity. Without any, the one that blames the largest value is
        returned.
    """
    largest, where, dtype = 0.0, "", ""
    for name, values in named_sets:
        check_finite(values, name)
        peak = float(np.abs(values).max(initial=0))
        largest, where, dtype = max((largest, where, dtype), (peak, name, str(values.dtype)))
    return ValueError(
        f"{where}: expected magnitudes that {dtype} can square and add up, got {largest:g}"
    )
