"""How sure is a mean average precision? The bootstrap over groups of queries."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coursekit.types import FloatArray
from coursekit.validation import as_floating, check_integer

__all__ = ["Interval", "bootstrap_interval"]


class Interval(NamedTuple):
    """A confidence interval.

    Parameters
    ----------
    low, high : float
    """

    low: float
    high: float


def bootstrap_interval(
    per_query: Any, groups: Any, *, level: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> Interval:
    r"""Compute a percentile interval of the mean over queries, resampling whole groups.

    Queries of one place, or copies of one photo, succeed and fail together: drawn one by one they
    would count as independent, and the interval would come out too narrow.

    Parameters
    ----------
    per_query : (Q,) floating
        Average precisions; NaN for a query that does not count.
    groups : (Q,) of any type
        What each query comes from: the unit that is drawn.
    level : float in (0, 1), default 0.95
    n_resamples : int, default 2000
    seed : int, default 0

    Returns
    -------
    Interval
        Both NaN if no query counts.

    Raises
    ------
    TypeError, ValueError
        If the lengths differ or an option is out of range.

    References
    ----------
    Efron & Tibshirani 1993, percentile intervals.

    Examples
    --------
    >>> low, high = bootstrap_interval([0.9, 1.0, 0.2, 0.4], ["tower", "tower", "skull", "skull"])
    >>> round(low, 2), round(high, 2)
    (0.3, 0.95)
    """
    values: FloatArray = as_floating(per_query, "per_query").astype(np.float64)
    labels = np.asarray(groups)
    if values.ndim != 1 or labels.shape != values.shape:
        raise ValueError(
            f"groups: expected shape {values.shape} to match per_query, got {labels.shape}"
        )
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number in (0, 1), got {level}")
    check_integer(n_resamples, "n_resamples")
    check_integer(seed, "seed", at_least=0)
    counted = ~np.isnan(values)
    if not counted.any():
        return Interval(np.nan, np.nan)
    _, group = np.unique(labels[counted], return_inverse=True)
    sums, sizes = np.bincount(group, values[counted]), np.bincount(group)
    G = len(sums)
    draws = np.random.default_rng(seed).multinomial(G, np.full(G, 1 / G), size=n_resamples)
    means = (draws @ sums) / (draws @ sizes)  # (n_resamples,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
