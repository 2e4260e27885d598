r"""Posteriors of a mixture and the sums that a Fisher vector needs, fast where digits allow it.

With the features z(x) = [1, x, x²] both the logarithm of w_k u_k(x) and the sums Σ_t γ_t(k) z(x_t)
are matrix products with z. The expanded square loses digits where its terms are large: 1 + M loses
log₂ M bits. So every block is tried in float32, then in float64, against a bound of its terms; and
what is too large for both (σ far smaller than the spread of the means, descriptors thousands of σ
away) is computed from the differences (x − μ)/σ, word by word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coursekit.types import FloatArray

from .mixture import Mixture

# Terms up to this leave the exponents an error of at most 2^-12 in float32, 2^-29 in float64.
LARGEST_TERM: dict[np.dtype[Any], float] = {
    np.dtype(np.float32): 2.0**12,
    np.dtype(np.float64): 2.0**24,
}


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
    means, sigmas : (K, D) float64
        Around `origin`, in units of 1/`factor`.
    """

    def __init__(self, mixture: Mixture, dtype: np.dtype[Any], least: float) -> None:
        self.least = least
        w, mu, var = mixture
        self.weights = w
        self.K, self.D = mu.shape
        with np.errstate(over="ignore"):  # what leaves the range is then left to the differences
            origin = (w @ mu).astype(np.float32).astype(np.float64)
            # Exact in float32, as are powers of two: moving there and dividing adds no error.
            self.origin = np.where(np.isfinite(origin), origin, 0.0)
            self.factor = np.exp2(-np.round(np.log2(var.max(axis=0)) / 2))
            self.means = (mu - self.origin) * self.factor
            self.sigmas = np.sqrt(var) * self.factor
            self.log_scales = np.log(w) - np.log(self.sigmas).sum(axis=1)  # without (2π)^(−D/2)
            self._precisions = self.sigmas**-2
            self._squares = (self.means**2 * self._precisions).sum(axis=1)
        terms = max(self._squares.max(), self._precisions.max())
        self._tables: dict[np.dtype[Any], FloatArray] = {
            name: self._table().astype(name)
            for name, largest in LARGEST_TERM.items()
            if name.itemsize >= dtype.itemsize and terms <= largest
        }

    def _table(self) -> FloatArray:
        """Return (K, 1 + 2·D), of which the product with features is log w_k u_k(x) + constant."""
        constants = (self.log_scales - self._squares / 2)[:, None]
        return np.hstack([constants, self.means * self._precisions, -self._precisions / 2])

    def sums(self, rows: FloatArray, bounds: Sequence[tuple[int, int]]) -> FloatArray:
        """Sum over the rows a … b − 1, for each pair of bounds.

        Parameters
        ----------
        rows : (n, D) integers or floats
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
        steepest = self._precisions.max(axis=0)
        for dtype, table in self._tables.items():
            z = self._features(rows, dtype)
            largest = (z[:, 1 + self.D :] @ steepest.astype(dtype)).max()
            if largest + self._squares.max() <= LARGEST_TERM[dtype]:  # not so for NaN
                gamma = _shares(table @ z.T, self.least)
                moments = np.stack([gamma[:, a:b] @ z[a:b] for a, b in bounds])
                return self._centred(moments.astype(np.float64))
        return self._sums_of_differences(rows, bounds)

    def _features(self, rows: FloatArray, dtype: np.dtype[Any]) -> FloatArray:
        """Return (n, 1 + 2·D) features [1, y, y²] of y = (x − origin)·factor."""
        z = np.empty((len(rows), 1 + 2 * self.D), dtype)
        z[:, 0] = 1
        y = z[:, 1 : 1 + self.D]
        np.subtract(rows, self.origin.astype(dtype), out=y, casting="unsafe")
        y *= self.factor.astype(dtype)
        np.multiply(y, y, out=z[:, 1 + self.D :])
        return z

    def _centred(self, moments: FloatArray) -> FloatArray:
        """Turn sums of γ [1, y, y²] into those of γ [1, (y − m)/s, (y − m)²/s² − 1]."""
        mass, first, second = np.split(moments, [1, 1 + self.D], axis=2)  # views
        second -= 2 * self.means * first
        second += mass * self.means**2
        second /= self.sigmas**2
        second -= mass
        first -= mass * self.means
        first /= self.sigmas
        return moments

    def _sums_of_differences(
        self, rows: FloatArray, bounds: Sequence[tuple[int, int]]
    ) -> FloatArray:
        y = (rows.astype(np.float64) - self.origin) * self.factor
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


def _shares(logits: FloatArray, least: float) -> FloatArray:
    """Turn (K, n) logarithms, in place, into posteriors: exp(·) over its sum in each column."""
    best = logits.max(axis=0)
    if not np.isfinite(best).all():
        raise FloatingPointError("a log-likelihood is not finite")
    logits -= best  # the largest becomes exp(0) = 1: no sum can vanish
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    if least > 0:
        logits[logits < least] = 0
    return logits
