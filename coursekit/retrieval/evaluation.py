r"""How good is a ranking? Average precision under the Oxford protocol.

A query has positives, which should come first, and may have junk: photos that are neither right
nor wrong, which are taken out before ranking (the query itself is one). The average precision is
the area under the precision-recall curve, by the trapezoid rule, as in the program ``compute_ap``
published with the Oxford buildings: with :math:`r_i` the rank of the i-th of P positives, from 1,

.. math::

    AP = \frac{1}{P} \sum_{i=1}^{P} \frac{1}{2}
         \left( \frac{i - 1}{r_i - 1} + \frac{i}{r_i} \right),

where the first term is the precision just before that rank, and 1 before the first rank.

A tie is decided *against* the method: of equal scores, positives rank last. A vector that is the
same for every photo thus earns nothing from the order in which the photos happen to be stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursekit.types import BoolArray, FloatArray, IntArray
from coursekit.validation import as_floating, check_finite

__all__ = ["MeanAveragePrecision", "average_precision", "mean_average_precision", "rank"]


@dataclass(frozen=True, eq=False)
class MeanAveragePrecision:
    """The average precision of each query, and their mean.

    Parameters
    ----------
    per_query : (Q,) float64
        In [0, 1]; NaN for a query without positives, which is skipped.

    Examples
    --------
    >>> result = MeanAveragePrecision(np.array([1.0, 0.5, np.nan]))
    >>> print(result)
    mAP 0.750 over 2 queries (1 skipped)
    >>> f"{result:.1%}", float(result), result.n_skipped
    ('75.0%', 0.75, 1)
    >>> print(result.of(np.array([True, False, False])))
    mAP 1.000 over 1 query
    """

    per_query: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over the queries that count; NaN if there is none."""
        counted = self.per_query[~np.isnan(self.per_query)]
        return float(counted.mean()) if len(counted) else float("nan")

    @property
    def n_skipped(self) -> int:
        """The number of queries without positives."""
        return int(np.isnan(self.per_query).sum())

    def of(self, queries: BoolArray | IntArray) -> MeanAveragePrecision:
        """Restrict to some queries, to report one kind apart.

        Parameters
        ----------
        queries : (Q,) bool or (n,) integers
            Which ones.

        Returns
        -------
        MeanAveragePrecision
        """
        return MeanAveragePrecision(self.per_query[queries])

    def __float__(self) -> float:
        return self.mean

    def __format__(self, spec: str) -> str:
        return format(self.mean, spec) if spec else str(self)

    def __str__(self) -> str:
        n_counted = len(self.per_query) - self.n_skipped
        skipped = f" ({self.n_skipped} skipped)" if self.n_skipped else ""
        return (
            f"mAP {self.mean:.3f} over {n_counted} quer{'y' if n_counted == 1 else 'ies'}{skipped}"
        )


def average_precision(
    scores: FloatArray | IntArray, positives: BoolArray, *, junk: BoolArray | None = None
) -> float:
    """Measure one ranking; see the module for the formula and the rule for ties.

    Parameters
    ----------
    scores : (N,) floating or integers
        The higher, the closer to the query; minus a distance will do.
    positives : (N,) bool
        What should come first.
    junk : (N,) bool, optional
        What to take out before ranking.

    Returns
    -------
    float
        In [0, 1]; NaN if there is no positive.

    Raises
    ------
    TypeError, ValueError
        If types, shapes or values are not as above, or a photo is both positive and junk.

    References
    ----------
    Philbin et al. 2007, "Object retrieval with large vocabularies and fast spatial matching",
    and the program that goes with its data.

    Examples
    --------
    Ranks 1 and 3: ½ · (½(1 + 1) + ½(1/2 + 2/3)).

    >>> ap = average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    >>> round(ap, 4)
    0.7917
    """
    values = _as_scores(scores, (1,), "(N,)")
    right, out = _as_masks(positives, junk, values.shape)
    return float(_average_precisions(values[None], right[None], out[None])[0])


def mean_average_precision(
    scores: FloatArray | IntArray,
    positives: BoolArray,
    *,
    junk: BoolArray | None = None,
    exclude: IntArray | None = None,
) -> MeanAveragePrecision:
    """Measure the rankings of many queries; see the module for the formula and ties.

    Parameters
    ----------
    scores : (Q, N) floating or integers
        Query by photo of the database; the higher, the closer.
    positives : (Q, N) bool
        What should come first for each query. One without positives is skipped and counted.
    junk : (Q, N) bool, optional
        What to take out before ranking.
    exclude : (Q,) integers in [0, N), optional
        Where each query itself stands in the database: it is taken out too, even if `positives`
        says that it shows what it shows.

    Returns
    -------
    MeanAveragePrecision

    Raises
    ------
    TypeError, ValueError
        If types, shapes or values are not as above, or a photo is both positive and junk.

    References
    ----------
    Philbin et al. 2007, as for `average_precision`.

    Examples
    --------
    >>> scores = np.array([[1.0, 0.3, 0.6], [0.2, 1.0, 0.4]])
    >>> positives = np.array([[False, True, False], [False, False, False]])
    >>> print(mean_average_precision(scores, positives, exclude=np.array([0, 1])))
    mAP 0.250 over 1 query (1 skipped)
    """
    values = _as_scores(scores, (2,), "(Q, N)")
    right, out = _as_masks(positives, junk, values.shape)
    if exclude is not None:
        itself = _as_indices(exclude, values.shape)
        out = out | (np.arange(values.shape[1]) == itself[:, None])
    return MeanAveragePrecision(_average_precisions(values, right & ~out, out))


def rank(scores: FloatArray | IntArray, *, exclude: IntArray | int | None = None) -> IntArray:
    """List the database from the closest photo to the farthest.

    Parameters
    ----------
    scores : (N,) or (Q, N) floating or integers
        The higher, the closer. Equal scores keep the order of the database.
    exclude : int or (Q,) integers in [0, N), optional
        The photo to leave out of each list, as a rule the query itself.

    Returns
    -------
    (N,) or (Q, N) integers
        Indices into the database; one fewer in each list if one is excluded.

    Raises
    ------
    TypeError, ValueError
        If types, shapes or values are not as above.

    Examples
    --------
    >>> rank(np.array([0.3, 1.0, 0.6]), exclude=1).tolist()
    [2, 0]
    """
    values = _as_scores(scores, (1, 2), "(N,) or (Q, N)")
    order = np.argsort(-values, axis=-1, kind="stable")
    if exclude is None:
        return order
    itself = _as_indices(exclude, values.shape)
    kept: IntArray = order[order != itself[..., None]]
    return kept.reshape(*values.shape[:-1], values.shape[-1] - 1)


def _average_precisions(
    scores: FloatArray, positives: BoolArray, out: BoolArray
) -> NDArray[np.float64]:
    """Compute (Q,) average precisions; `positives` and `out` have no photo in common."""
    order = np.lexsort((positives, -scores, out), axis=-1)  # `out` last, positives last in a tie
    hits = np.take_along_axis(positives, order, axis=-1)  # (Q, N), best first
    precision = np.cumsum(hits, axis=-1) / np.arange(1, hits.shape[1] + 1)
    before = np.column_stack([np.ones(len(hits)), precision[:, :-1]])
    areas = ((before + precision) / 2 * hits).sum(axis=-1)
    n_positives = hits.sum(axis=-1)
    return np.where(n_positives > 0, areas / np.maximum(n_positives, 1), np.nan)


def _as_scores(scores: Any, ranks: tuple[int, ...], symbols: str) -> FloatArray:
    values = as_floating(scores, "scores")
    if values.ndim not in ranks or values.shape[-1] == 0:
        raise ValueError(f"scores: expected shape {symbols} with N ≥ 1, got {values.shape}")
    check_finite(values, "scores")
    return values


def _as_masks(positives: Any, junk: Any, shape: tuple[int, ...]) -> tuple[BoolArray, BoolArray]:
    right = _as_mask(positives, "positives", shape)
    out = np.zeros(shape, dtype=bool) if junk is None else _as_mask(junk, "junk", shape)
    both = np.argwhere(right & out)
    if len(both):
        where = ", ".join(str(i) for i in both[0])
        raise ValueError(f"junk: expected no photo that is positive as well, got one at [{where}]")
    return right, out


def _as_mask(mask: Any, name: str, shape: tuple[int, ...]) -> BoolArray:
    array = np.asarray(mask)
    if array.dtype != bool:
        raise TypeError(f"{name}: expected an array of bool, got dtype {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape} to match scores, got {array.shape}")
    return array


def _as_indices(exclude: Any, shape: tuple[int, ...]) -> IntArray:
    array = np.asarray(exclude)
    if array.dtype.kind not in "iu":
        raise TypeError(f"exclude: expected integers, got dtype {array.dtype}")
    if array.shape != shape[:-1]:
        raise ValueError(f"exclude: expected shape {shape[:-1]}, one per query, got {array.shape}")
    wrong = array[(array < 0) | (array >= shape[-1])]
    if wrong.size:
        raise ValueError(f"exclude: expected indices in [0, {shape[-1]}), got {wrong.flat[0]}")
    return array
