"""*Places*: find the other photos of the same place or object among distractors."""

from __future__ import annotations

import numpy as np

from coursekit.data.benchmark import Benchmark
from coursekit.data.photos import Photo, photos

__all__ = ["places"]

# All other groups were photographed from drones, planes and kites: they resemble one another
# more than holiday photos do, so that figures are given for the two kinds apart as well.
_NOT_AERIAL = frozenset({"bananas", "skull", "eiffel", "umayyad", "sports_bag"})


def places() -> Benchmark[Photo]:
    """Make the set *Places*: 76 queries with 1 to 5 true neighbours among 161 photos.

    Every other distractor, the first included, is for learning; the rest is in the database.
    All grouped photos are in the database, in front, so no place, object or source photo is in
    both; each of them is a query.

    Returns
    -------
    Benchmark of Photo
        Of the kinds ``"aerial"`` and ``"other"``. ``queries[q] is database[exclude[q]]``.

    References
    ----------
    The protocol (each photo of a group is a query, itself left out) is that of INRIA Holidays,
    Jégou, Douze & Schmid 2008, but for one query a group there; slides S12–S14.

    Examples
    --------
    >>> benchmark = places()
    >>> len(benchmark.learning), len(benchmark.database), len(benchmark.queries)
    (85, 161, 76)
    >>> benchmark.queries[-1].name, int(benchmark.positives[-1].sum())
    ('sports_bag_2', 2)
    """
    distractors = photos(subset="distractor")
    queries = tuple(one for one in photos() if one.group is not None)
    database = queries + distractors[1::2]
    exclude = np.arange(len(queries))
    positives = np.array([[one.group == query.group for one in database] for query in queries])
    positives[exclude, exclude] = False
    group = np.array([query.group for query in queries])
    kind = np.where(np.isin(group, list(_NOT_AERIAL)), "other", "aerial")
    return Benchmark(distractors[::2], database, queries, positives, kind, group, exclude)
