r"""Descriptors on a grid of integers: what k-means multiplies and adds up then has no rounding.

A floating-point number of p bits holds every integer up to :math:`2^p`. Descriptors are moved to
their mean, scaled by a power of two and rounded to integers of norm at most ρ; centroids are
rounded to sixteenths. With ρ as below, a score :math:`x^\top \mu - \frac12 \lVert \mu \rVert^2`
and every part of its sum fit into p bits, in whatever order it is added up: each BLAS, processor
and number of threads gives the same. A power of two takes nothing off, so that descriptors which
are integers, as SIFT's, stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coursekit.types import FloatArray, IntArray

STEPS: Final = 16  # of the centroids' grid in one of the descriptors'
_ROWS_AT_ONCE: Final = 1024
_SAMPLE: Final = 1024


class Precision(NamedTuple):
    """How fine a grid may be.

    Parameters
    ----------
    dtype : dtype
        In which products are computed.
    stored : dtype
        That holds the integers meanwhile.
    bits : int
        p: `dtype` holds the integers up to 2^p.
    """

    dtype: np.dtype[Any]
    stored: np.dtype[Any]
    bits: int

    @property
    def radius(self) -> int:
        """ρ: no part of x·μ exceeds ρ² (Cauchy–Schwarz), none of ½‖μ‖² half of that."""
        return math.isqrt(2 ** (self.bits + 1) // (3 * STEPS))


SINGLE: Final = Precision(np.dtype(np.float32), np.dtype(np.int16), 24)
DOUBLE: Final = Precision(np.dtype(np.float64), np.dtype(np.int32), 53)


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the grid lies: x stands at scale · x − origin.

    Parameters
    ----------
    precision : Precision
    origin : (D,) float64
        Whole numbers.
    scale : float
        A power of two.
    """

    precision: Precision
    origin: FloatArray
    scale: float

    @classmethod
    def around(cls, points: FloatArray, precision: Precision, *others: FloatArray) -> Grid:
        """Return the finest grid around (N, D) points that holds them and the others.

        Raises
        ------
        FloatingPointError
            If a squared norm is not finite.
        """
        mean = _some(points).astype(np.float64).mean(axis=0)
        reach = max(_longest(rows, mean) for some in (points, *others) for rows in _blocks(some))
        if not math.isfinite(reach):
            raise FloatingPointError("a squared length is not finite")
        # Rounding moves point and origin by half a step at most in each dimension.
        room = max(precision.radius - 1.1 * math.sqrt(len(mean)), 1.0)
        scale = math.ldexp(1.0, math.floor(math.log2(room / reach))) if reach > 0 else 1.0
        return cls(precision, np.rint(mean * scale), scale)

    def integers(self, points: FloatArray) -> IntArray:
        """Return (N, D) points as integers."""
        integers = np.empty(points.shape, self.precision.stored)
        for rows, out in zip(_blocks(points), _blocks(integers), strict=True):
            out[:] = np.rint(self._placed(rows))
        return integers

    def noise(self, points: FloatArray) -> float:
        """Return what rounding takes off: the sum of its squares, estimated from some points."""
        placed = self._placed(_some(points))
        return float(np.square(placed - np.rint(placed)).sum(axis=1).mean()) * len(points)

    def sixteenths(self, centroids: FloatArray) -> FloatArray:
        """Return centroids, float64, at their place on the grid."""
        return np.rint(STEPS * self._placed(centroids)) / STEPS

    def back(self, centroids: FloatArray) -> FloatArray:
        """Return centroids, float64, from the grid to where the points were."""
        return np.asarray((self.origin + centroids) / self.scale)

    def _placed(self, points: FloatArray) -> FloatArray:
        placed = points.astype(np.float64)
        placed *= self.scale
        placed -= self.origin
        return placed


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the rows, a few at a time, so that memory stays small."""
    return (array[i : i + _ROWS_AT_ONCE] for i in range(0, len(array), _ROWS_AT_ONCE))


def _some(points: FloatArray) -> FloatArray:
    """Return at most 1024 points, evenly spread: enough to know about where they lie."""
    return points[:: -(-len(points) // _SAMPLE)]


def _longest(rows: FloatArray, origin: FloatArray) -> float:
    gaps = rows.astype(np.float64)
    gaps -= origin
    return math.sqrt(float(np.einsum("nd,nd->n", gaps, gaps).max()))
