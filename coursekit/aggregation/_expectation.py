r"""Expectation–maximisation for Gaussians of diagonal covariances, block by block.

With z = [x, x², 1], the logarithms of w_k u_k(x) and the sums Σ_t γ_t(k) z_t are matrix products,
and what stands between them stays in the cache. Descriptors have to be centred and scaled by the
caller: the expanded squares would lose their digits far from the origin.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np

from coursekit.types import FloatArray

from ._threads import Map, row_workers

_POSTERIORS_AT_ONCE: Final = 2**17  # components × rows
_MIN_ROWS, _MAX_ROWS = 256, 2048
_POINTS_AT_ONCE: Final = 2**13  # of a thread: the sums do not depend on how many there are
_LEAST_GAIN: Final = 1e-3  # of the log-likelihood per point, below which EM ends


class Gaussians(NamedTuple):
    """(K,) weights, (K, D) means and variances, all float64."""

    weights: FloatArray
    means: FloatArray
    variances: FloatArray


def maximise(points: FloatArray, start: Gaussians, max_iter: int, regulariser: float) -> Gaussians:
    """Iterate until the log-likelihood hardly grows, `max_iter` times at most.

    Parameters
    ----------
    points : (N, D) float64
        About 0, of variance about 1.
    start : Gaussians
    max_iter : int
    regulariser : float
        Added to every variance: no Gaussian can collapse on one point.
    """
    gaussians, before = start, -np.inf
    with row_workers() as run:
        for _ in range(max_iter):
            moments, log_likelihood = _expected(points, gaussians, run)
            gaussians = _from_moments(moments, regulariser)
            if abs(log_likelihood - before) < _LEAST_GAIN * len(points):
                break
            before = log_likelihood
    return gaussians


def _expected(points: FloatArray, gaussians: Gaussians, run: Map) -> tuple[FloatArray, float]:
    """Return (K, 2 D + 1) sums of γ [x, x², 1], and the log-likelihood but for a constant."""
    table = _table(gaussians)
    parts = [points[i : i + _POINTS_AT_ONCE] for i in range(0, len(points), _POINTS_AT_ONCE)]
    moments, log_likelihood = np.zeros_like(table), 0.0
    for part_moments, part_log in run(partial(_expected_part, table), parts):  # in order
        moments += part_moments
        log_likelihood += part_log
    return moments, log_likelihood


def _expected_part(table: FloatArray, points: FloatArray) -> tuple[FloatArray, float]:
    K, D = len(table), points.shape[1]
    moments, log_likelihood = np.zeros_like(table), 0.0
    block = np.ones((max(_MIN_ROWS, min(_MAX_ROWS, _POSTERIORS_AT_ONCE // K)), 2 * D + 1))
    for first in range(0, len(points), len(block)):
        x = points[first : first + len(block)]
        z = block[: len(x)]
        z[:, :D] = x
        np.square(x, out=z[:, D:-1])
        gamma = table @ z.T  # (K, n): logarithms first
        best = gamma.max(axis=0)
        gamma -= best  # the largest becomes exp(0) = 1: no sum can vanish
        np.exp(gamma, out=gamma)
        totals = gamma.sum(axis=0)
        gamma /= totals
        moments += gamma @ z
        log_likelihood += float((best + np.log(totals)).sum())
    return moments, log_likelihood


def _table(gaussians: Gaussians) -> FloatArray:
    """Return (K, 2 D + 1) numbers whose products with [x, x², 1] are log w u(x) but for (2π)^…."""
    weights, means, variances = gaussians
    slopes = means / variances
    constants = np.log(weights) - (np.log(variances) + slopes * means).sum(axis=1) / 2
    return np.concatenate([slopes, -0.5 / variances, constants[:, None]], axis=1)


def _from_moments(moments: FloatArray, regulariser: float) -> Gaussians:
    D = moments.shape[1] // 2
    masses = moments[:, -1:] + 10 * np.finfo(np.float64).eps  # as in scikit-learn: none is 0
    means = moments[:, :D] / masses
    variances = np.maximum(moments[:, D:-1] / masses - means**2, 0) + regulariser
    weights = masses[:, 0] / masses.sum()
    return Gaussians(weights, means, variances)
