"""The start of k-means: points far from one another, drawn in exact arithmetic.

k-means++ (Arthur & Vassilvitskii 2007) in its greedy form: of several points drawn, each with a
probability proportional to its squared distance to the nearest one chosen so far, the one that
lowers the sum of these distances most is chosen.
"""

from __future__ import annotations

import math

import numpy as np

from coursekit.types import FloatArray, IntArray

from ._threads import products_on_one_thread


class TooFewPointsError(Exception):
    """There are fewer distinct points than words.

    Parameters
    ----------
    n_distinct : int
    """

    def __init__(self, n_distinct: int) -> None:
        super().__init__(n_distinct)
        self.n_distinct = n_distinct


def spread_points(points: FloatArray, K: int, rng: np.random.RandomState) -> IntArray:
    """Choose K points by greedy k-means++.

    Parameters
    ----------
    points : (N, D) floating
        Whole numbers whose squared distances the dtype holds exactly.
    K : int
    rng : RandomState

    Returns
    -------
    (K,) integers
        Rows of `points`, all distinct.

    Raises
    ------
    TooFewPointsError
        If there are not K distinct points.
    """
    with products_on_one_thread():
        return np.array(_chosen(points, K, rng))


def _chosen(points: FloatArray, K: int, rng: np.random.RandomState) -> list[int]:
    square_norms = np.square(points).sum(axis=1)
    n_trials = 2 + int(math.log(K))
    chosen = [int(rng.randint(len(points)))]
    nearest = _squared_distances(points, square_norms, np.array(chosen))[0]
    while len(chosen) < K:
        # Sums over all points must fit into 63 bits: where they might not, small digits go.
        drop = max(0, int(nearest.max()).bit_length() + len(points).bit_length() - 62)
        bounds = np.cumsum(_whole(nearest, drop))
        if bounds[-1] == 0:
            raise TooFewPointsError(len(chosen))
        draws = rng.randint(bounds[-1], size=n_trials, dtype=np.int64)
        trials = np.searchsorted(bounds, draws, side="right")
        distances = _squared_distances(points, square_norms, trials)
        np.minimum(distances, nearest, out=distances)
        best = int(_whole(distances, drop).sum(axis=1).argmin())
        nearest = distances[best]
        chosen.append(int(trials[best]))
    return chosen


def _squared_distances(points: FloatArray, square_norms: FloatArray, rows: IntArray) -> FloatArray:
    """Return (n, N) squared distances of some rows to all points."""
    distances: FloatArray = points[rows] @ points.T
    distances *= -2
    distances += square_norms
    distances += square_norms[rows, None]
    return distances


def _whole(distances: FloatArray, drop: int) -> IntArray:
    """Return distances as integers without their `drop` lowest binary digits."""
    return np.asarray(distances.astype(np.int64) >> drop)
