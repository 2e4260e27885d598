r"""Query expansion: ask again with the query and what it found first.

The first results are often right; added to the query, they show it under other views and other
light, and find what the query alone did not.

Chum et al. 2007 (average); Radenović et al. 2019 (α-weighted).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import normalize

from coursekit.types import FloatArray
from coursekit.validation import as_matrix, check_integer, check_positive

__all__ = ["expand_queries"]


def expand_queries(
    queries: Any, database: Any, *, n_first: int = 5, alpha: float = 0.0, exclude: Any = None
) -> FloatArray:
    r"""Replace each query by a weighted mean of itself and its first results.

    .. math::

        q' = q + \sum_{i \in \text{first}} \max(\langle q, x_i \rangle, 0)^\alpha \, x_i,
        \qquad q' \leftarrow q' / \|q'\|

    Parameters
    ----------
    queries : (Q, D) floating
        Of norm 1.
    database : (N, D) floating
        Of norm 1.
    n_first : int, default 5
        How many results are added; all, where there are fewer.
    alpha : float, default 0
        0 is the average query expansion of Chum et al. 2007; with 3, as in Radenović et al. 2019,
        less similar results weigh less. A result of similarity ≤ 0 is never added.
    exclude : (Q,) integers, optional
        Where the query itself stands in the database, as in `mean_average_precision`: it is not
        among its own results.

    Returns
    -------
    (Q, D) floating
        Of norm 1, in the dtype of `queries`; search the database with them.

    Raises
    ------
    TypeError, ValueError
        If an argument is no finite matrix, dimensions differ, or an option is out of range.

    References
    ----------
    Chum et al. 2007; Radenović et al. 2019.

    Examples
    --------
    >>> database = np.array([[0.8, 0.6], [0.0, 1.0]])
    >>> expand_queries(np.array([[1.0, 0.0]]), database, n_first=1).round(3).tolist()
    [[0.949, 0.316]]
    """
    queries = as_matrix(queries, "queries", symbols="(Q, D)")
    database = as_matrix(
        database, "database", columns=queries.shape[1], match="queries", symbols="(N, D)"
    )
    check_integer(n_first, "n_first")
    check_positive(alpha, "alpha", or_zero=True)
    similarity = queries @ database.T  # (Q, N)
    if exclude is not None:
        similarity[np.arange(len(queries)), _as_places(exclude, len(queries), len(database))] = -1
    first = np.argsort(-similarity, axis=1, kind="stable")[:, :n_first]
    found = np.take_along_axis(similarity, first, axis=1)
    weight = np.where(found > 0, np.maximum(found, 0) ** alpha, 0)
    expanded = queries + np.einsum("qn,qnd->qd", weight, database[first])
    unit: FloatArray = normalize(expanded).astype(queries.dtype, copy=False)
    return unit


def _as_places(exclude: Any, n_queries: int, n_database: int) -> np.ndarray[Any, Any]:
    places = np.asarray(exclude)
    if places.dtype.kind not in "iu":
        raise TypeError(f"exclude: expected integers, got dtype {places.dtype}")
    if places.shape != (n_queries,):
        raise ValueError(f"exclude: expected shape ({n_queries},), got {places.shape}")
    if n_queries and not (places.min() >= 0 and places.max() < n_database):
        raise ValueError(f"exclude: expected integers in [0, {n_database}), got {places.tolist()}")
    return places
