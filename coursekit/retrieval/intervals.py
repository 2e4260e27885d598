"""How sure is a mean average precision? The bootstrap over groups of queries and over codebooks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coursekit.types import FloatArray
from coursekit.validation import as_floating, check_integer

__all__ = ["Difference", "Interval", "bootstrap_interval", "paired_difference"]


class Interval(NamedTuple):
    """A confidence interval.

    Parameters
    ----------
    low, high : float
    """

    low: float
    high: float


class Difference(NamedTuple):
    """By how much one method is better than another, and how sure that is.

    Parameters
    ----------
    mean : float
        Mean over the queries and codebooks; positive where the first method is better.
    low, high : float
        Its confidence interval.
    """

    mean: float
    low: float
    high: float

    @property
    def is_level(self) -> bool:
        """Whether the interval holds zero: the data do not tell which method is better."""
        return self.low <= 0 <= self.high

    def __str__(self) -> str:
        level = " level" if self.is_level else ""
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]{level}"


def bootstrap_interval(
    per_query: Any, groups: Any, *, level: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> Interval:
    r"""Compute a percentile interval of the mean over queries, resampling whole groups.

    Queries of one place, or copies of one photo, succeed and fail together: drawn one by one they
    would count as independent, and the interval would come out too narrow.

    A method that learns from a random start gives other figures with another start. Where
    `per_query` holds several of these codebooks, a row for each, every resample draws the groups
    *and one* of the codebooks. One, because who runs the method has one: the interval says what
    other photos or another codebook would have done. A mean over codebooks, drawn anew each time,
    would vary less than any of them. Few codebooks say little of the extremes: with five of
    them, each is drawn in a fifth of the resamples.

    Parameters
    ----------
    per_query : (Q,) or (M, Q) floating
        Average precisions, of M codebooks; NaN for a query that does not count.
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
        If the shapes do not fit, a query counts with some codebooks only, or an option is out of
        range.

    References
    ----------
    Efron & Tibshirani 1993, percentile intervals.

    Examples
    --------
    >>> groups = ["tower", "tower", "skull", "skull"]
    >>> low, high = bootstrap_interval([0.9, 1.0, 0.2, 0.4], groups)
    >>> round(low, 2), round(high, 2)
    (0.3, 0.95)

    Two codebooks, of which the second is worse by 0.1 on every query.

    >>> low, high = bootstrap_interval([[0.9, 1.0, 0.2, 0.4], [0.8, 0.9, 0.1, 0.3]], groups)
    >>> round(low, 2), round(high, 2)
    (0.2, 0.95)
    """
    values = _as_precisions(per_query, "per_query")
    labels = np.asarray(groups)
    if labels.shape != values.shape[1:]:
        expected = f"expected shape {values.shape[1:]} to match per_query"
        raise ValueError(f"groups: {expected}, got {labels.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number in (0, 1), got {level}")
    check_integer(n_resamples, "n_resamples")
    check_integer(seed, "seed", at_least=0)
    counted = ~np.isnan(values[0])
    if not counted.any():
        return Interval(np.nan, np.nan)
    _, group = np.unique(labels[counted], return_inverse=True)
    sizes = np.bincount(group)
    sums = np.stack([np.bincount(group, row) for row in values[:, counted]])  # (M, G)
    M, G = sums.shape
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(G, np.full(G, 1 / G), size=n_resamples)
    codebook = rng.integers(M, size=n_resamples)
    # No product of matrices: the order in which it adds is that of the BLAS.
    means = (draws * sums[codebook]).sum(axis=1) / (draws * sizes).sum(axis=1)  # (n_resamples,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def paired_difference(
    one: Any,
    other: Any,
    groups: Any,
    *,
    where: Any = None,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Difference:
    """Compare two methods on the same queries: the first minus the second, with its interval.

    Two intervals that overlap do not show that two methods are level: what makes a query hard
    makes it hard for both. So the differences are resampled, over groups and codebooks, and
    codebook i of one method is compared with codebook i of the other.

    Parameters
    ----------
    one, other : (Q,) or (M, Q) floating
        Average precisions of the same queries, NaN where one does not count. With one codebook,
        (Q,) or (1, Q), a method is compared with every codebook of the other.
    groups : (Q,) of any type
        What each query comes from.
    where : (Q,) bool, optional
        Which queries to compare on, such as those of one kind; all by default.
    level, n_resamples, seed
        As in `bootstrap_interval`.

    Returns
    -------
    Difference
        NaN if no query counts.

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, or as for `bootstrap_interval`.

    Examples
    --------
    >>> groups = ["tower", "tower", "skull", "skull"]
    >>> gem, vlad = [0.9, 0.9, 0.5, 0.7], [0.7, 0.7, 0.3, 0.5]
    >>> print(paired_difference(gem, vlad, groups))
    +0.200 [+0.200, +0.200]
    >>> print(paired_difference(gem, [vlad, [1.0, 1.0, 0.6, 0.8]], groups))
    +0.050 [-0.100, +0.200] level
    """
    first, second = _as_precisions(one, "one"), _as_precisions(other, "other")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"other: expected {first.shape[1]} queries, got {second.shape[1]}")
    if len(first) != len(second) and 1 not in (len(first), len(second)):
        raise ValueError(f"other: expected 1 or {len(first)} codebooks, got {len(second)}")
    Q = first.shape[1]
    chosen = np.ones(Q, dtype=bool) if where is None else np.asarray(where)
    labels = np.asarray(groups)
    if chosen.dtype != bool or chosen.shape != (Q,):
        got = f"{chosen.dtype} of shape {chosen.shape}"
        raise ValueError(f"where: expected bool of shape {(Q,)}, got {got}")
    if labels.shape != (Q,):
        raise ValueError(f"groups: expected shape {(Q,)} to match one, got {labels.shape}")
    gain = (first - second)[:, chosen]  # (M, n)
    options: dict[str, Any] = {"level": level, "n_resamples": n_resamples, "seed": seed}
    low, high = bootstrap_interval(gain, labels[chosen], **options)
    counted = gain[~np.isnan(gain)]
    return Difference(float(counted.mean()) if len(counted) else np.nan, low, high)


def _as_precisions(array: Any, name: str) -> FloatArray:
    """Return (M, Q) float64, in which a query counts with all codebooks or with none."""
    values: FloatArray = as_floating(array, name).astype(np.float64)
    if values.ndim not in (1, 2) or (values.ndim == 2 and len(values) == 0):
        expected = "expected shape (Q,) or (M, Q) with M ≥ 1"
        raise ValueError(f"{name}: {expected}, got {values.shape}")
    values = np.atleast_2d(values)
    missing = np.isnan(values)
    partly = np.flatnonzero(missing.any(axis=0) != missing.all(axis=0))
    if len(partly):
        raise ValueError(
            f"{name}: expected NaN with all codebooks or with none, got both for query {partly[0]}"
        )
    return values
