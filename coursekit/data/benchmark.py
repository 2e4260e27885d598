"""Sets to learn on and to evaluate on, made from the photographs that ship.

*Places*: find the other photos of the same place or object among distractors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coursekit.data.photos import Photo, photos
from coursekit.types import BoolArray, IntArray

__all__ = ["Places", "places"]

# All other groups were photographed from drones, planes and kites: they resemble one another
# more than holiday photos do, so that figures are given for the two kinds apart as well.
_NOT_AERIAL = frozenset({"bananas", "skull", "eiffel", "umayyad", "sports_bag"})


@dataclass(frozen=True, eq=False)
class Places:
    """A retrieval set with its true neighbours, and the photos to learn on.

    Parameters
    ----------
    learning : tuple of Photo
        For codebooks, PCA, whitening … None of them is in the database.
    database : tuple of N Photo
        What is searched: the grouped photos first, then distractors.
    queries : tuple of Q Photo
        The grouped photos; ``queries[q] is database[exclude[q]]``.
    positives : (Q, N) bool
        Whether the photo shows the query's place or object; False for the query itself.
    exclude : (Q,) integers in [0, N)
        Where the query itself stands in the database, to be left out of its own ranking.
    kind : (Q,) str
        ``"aerial"`` or ``"other"``.
    """

    learning: tuple[Photo, ...]
    database: tuple[Photo, ...]
    queries: tuple[Photo, ...]
    positives: BoolArray
    exclude: IntArray
    kind: NDArray[np.str_]


def places() -> Places:
    """Make the set *Places*: 76 queries with 1 to 5 true neighbours among 161 photos.

    Every other distractor, the first included, is for learning; the rest is in the database.
    All grouped photos are in the database, so no place, object or source photo is in both.

    Returns
    -------
    Places

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
    kind = np.array(["other" if query.group in _NOT_AERIAL else "aerial" for query in queries])
    return Places(distractors[::2], database, queries, positives, exclude, kind)
