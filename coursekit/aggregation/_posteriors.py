r"""Posteriors of a mixture and the sums that a Fisher vector needs, fast where digits allow it.

With y = x − origin, both the logarithms of w_k u_k(x) and the sums Σ_t γ_t(k) [1, y_t, y_t²] are
matrix products with y and y². The expanded square loses digits where its terms are large: 1 + M
loses log₂ M bits. So every block is tried in float32, then in float64, against a bound of its
terms; and what is too large for both (σ far smaller than the spread of the means, descriptors
thousands of σ away) is computed from the differences (x − μ)/σ, word by word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from coursekit.types import FloatArray

from .mixture import Mixture

# Terms up to this leave the exponents an error of at most 2^-12 in float32, 2^-29 in float64.
LARGEST_TERM: dict[np.dtype[Any], float] = {
    np.dtype(np.float32): 2.0**12,
    np.dtype(np.float64): 2.0**24,
}


class Table:
    """A mixture in the dtype of products: log w_k u_k = constant_k + slopes_k · [y, y²].

    Parameters
    ----------
    posteriors : Posteriors
    dtype : float32 or float64
    """

    def __init__(self, posteriors: Posteriors, dtype: np.dtype[Any]) -> None:
        means, precisions = posteriors.means, posteriors.precisions
        slopes = means * precisions
        squares = np.vecdot(slopes, means)
        constants = posteriors.log_scales - squares / 2
        self.dtype = dtype
        self.constants = constants[:, None].astype(dtype)
        self.slopes = np.concatenate([slopes, precisions / -2], axis=1, dtype=dtype)
        self.origin = posteriors.origin.astype(dtype)
        self.steepest = precisions.max(axis=0).astype(dtype)
        self.allowance = LARGEST_TERM[dtype] - squares.max()  # left for the terms of descriptors

    def features(self, rows: FloatArray) -> FloatArray | None:
        """Return (n, 2·D) [y, y²], or None if the products would lose too many digits."""
        y = rows.astype(self.dtype, copy=False)
        if self.origin.any():
            y = y - self.origin
        n, D = y.shape
        z = np.empty((n, 2 * D), self.dtype)
        z[:, :D] = y
        np.multiply(y, y, out=z[:, D:])
        within = (z[:, D:] @ self.steepest).max() <= self.allowance  # not so for NaN
        return z if within else None

    def logits(self, z: FloatArray) -> FloatArray:
        """Return (K, n) log w_k u_k(x_t) + constant."""
        # BLAS could add to the constants and save a pass. But SciPy's, which can be asked to,
        # brings a second pool of threads, and the two wait for one another.
        logits: FloatArray = self.slopes @ z.T
        logits += self.constants
        return logits


class Posteriors:
    """A mixture made ready for many blocks of descriptors.

    Parameters
    ----------
    mixture : Mixture
        Checked by the caller.
    dtype : float32 or float64
        The first in which to try.
    least : float
        Posteriors below it count as 0.

    Attributes
    ----------
    weights : (K,) float64
    means, precisions, sigmas : (K, D) float64
        The means around `origin`, the 1/σ² and σ.
    """

    def __init__(self, mixture: Mixture, dtype: np.dtype[Any], least: float) -> None:
        self.least = least
        w, mu, var = mixture
        self.weights = w
        self.K, self.D = mu.shape
        with np.errstate(over="ignore", invalid="ignore"):  # is then left to the differences
            self.origin = _origin(w @ mu, var)
            self.means = mu - self.origin
            self.precisions = 1 / var
            self.sigmas = np.sqrt(var)
            self.log_scales = np.log(w) - np.log(var).sum(axis=1) / 2  # without (2π)^(−D/2)
        self._dtypes = [
            name
            for name in LARGEST_TERM
            if name.itemsize >= dtype.itemsize and _in_range(var, name)
        ]
        self._tables: dict[np.dtype[Any], Table] = {}  # made when first tried

    def sums(self, pieces: Iterable[FloatArray], bounds: Sequence[tuple[int, int]]) -> FloatArray:
        """Sum over the rows a … b − 1 of every piece, for each pair of bounds.

        Parameters
        ----------
        pieces : (n, D) integers or floats
            Several only if there is one pair of bounds: each piece is then taken whole.
        bounds : list of (a, b)

        Returns
        -------
        (len(bounds), K, 1 + 2·D) float64
            Σ γ, Σ γ (x − μ)/σ, Σ γ ((x − μ)²/σ² − 1).

        Raises
        ------
        FloatingPointError
            If a row holds NaN or infinity, or its squares do.
        """
        moments, differences = (np.zeros((len(bounds), self.K, 1 + 2 * self.D)) for _ in "ab")
        by_products = False
        for rows in pieces:
            ranges = bounds if len(bounds) > 1 else [(0, len(rows))]
            if self._add_moments(rows, ranges, moments):
                by_products = True
            else:
                differences += self._sums_of_differences(rows, ranges)
        return differences + self._centred(moments) if by_products else differences

    def _add_moments(
        self, rows: FloatArray, bounds: Sequence[tuple[int, int]], moments: FloatArray
    ) -> bool:
        """Add Σ γ [1, y, y²], unless no dtype holds the digits; return whether one does."""
        for dtype in self._dtypes:
            table = self._tables.get(dtype) or self._tables.setdefault(dtype, Table(self, dtype))
            z = table.features(rows)
            if z is not None:
                gamma = _shares(table.logits(z), self.least)
                for of_set, (a, b) in zip(moments, bounds, strict=True):
                    of_set[:, 0] += gamma[:, a:b] @ np.ones(b - a, dtype)
                    of_set[:, 1:] += gamma[:, a:b] @ z[a:b]
                return True
        return False

    def _centred(self, moments: FloatArray) -> FloatArray:
        """Turn sums of γ [1, y, y²] into those of γ [1, (y − m)/s, (y − m)²/s² − 1], in place."""
        mass, first, second = np.split(moments, [1, 1 + self.D], axis=2)  # views
        around = mass * self.means
        np.subtract(first, around, out=around)  # Σ γ (y − m)
        first += around
        first *= self.means
        second -= first  # Σ γ (y − m)², since that is Σ γ y² − m (Σ γ y + Σ γ (y − m))
        second *= self.precisions
        second -= mass
        np.divide(around, self.sigmas, out=first)
        return moments

    def _sums_of_differences(
        self, rows: FloatArray, bounds: Sequence[tuple[int, int]]
    ) -> FloatArray:
        y = rows.astype(np.float64) - self.origin
        logits = np.empty((self.K, len(rows)))
        for k in range(self.K):
            u = (y - self.means[k]) / self.sigmas[k]
            logits[k] = self.log_scales[k] - np.vecdot(u, u) / 2
        gamma = _shares(logits, self.least)
        sums = np.empty((len(bounds), self.K, 1 + 2 * self.D))
        for k in range(self.K):
            u = (y - self.means[k]) / self.sigmas[k]
            for i, (a, b) in enumerate(bounds):
                shares = gamma[k, a:b]
                sums[i, k, 0] = shares.sum()
                sums[i, k, 1 : 1 + self.D] = shares @ u[a:b]
                sums[i, k, 1 + self.D :] = shares @ (u[a:b] ** 2 - 1)
        return sums


def _origin(middle: FloatArray, variances: FloatArray) -> FloatArray:
    """Return (D,) numbers to take off the data: about their mean, or 0 where that gains nothing.

    They are exact in float32, so that the difference adds no error.
    """
    origin = middle.astype(np.float32).astype(np.float64)
    terms = (origin**2 / variances.min(axis=0)).sum()
    worth_it = np.isfinite(terms) and terms > len(origin)  # those of a descriptor are about D
    return origin if worth_it else np.zeros_like(origin)


def _in_range(variances: FloatArray, dtype: np.dtype[Any]) -> bool:
    """Return whether `dtype` holds squares in units of these variances, with some to spare."""
    far = float(np.finfo(dtype).max) ** 0.8
    return bool(variances.max() < far and variances.min() > 1 / far)


def _shares(logits: FloatArray, least: float) -> FloatArray:
    """Turn (K, n) logarithms, in place, into posteriors: exp(·) over its sum in each column."""
    best = logits.max(axis=0)
    if not np.isfinite(best).all():
        raise FloatingPointError("a log-likelihood is not finite")
    logits -= best  # the largest becomes exp(0) = 1: no sum can vanish
    # Subnormal numbers slow products down tenfold: what would be one becomes exactly 0.
    lowest = np.full(1, 0.9 * np.log(np.finfo(logits.dtype).tiny), logits.dtype)
    np.maximum(logits, lowest, out=logits)
    np.exp(logits, out=logits)
    logits -= np.exp(lowest)
    logits /= logits.sum(axis=0)
    if least > 0:
        logits[logits < least] = 0
    return logits
