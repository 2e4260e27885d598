"""Query expansion against loops, and what it is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coursekit.retrieval import expand_queries


def unit(X):
    return X / np.linalg.norm(X, axis=-1, keepdims=True)


def expanded(q, database, n_first, alpha, out=None):
    """Follow the equation, one result at a time."""
    order = [i for i in np.argsort([-(q @ x) for x in database], kind="stable") if i != out]
    total = q.copy()
    for i in order[:n_first]:
        if q @ database[i] > 0:
            total = total + (q @ database[i]) ** alpha * database[i]
    return total / np.sqrt((total**2).sum())


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("n_first", [1, 5, 99])
def test_agrees_with_the_equation_read_aloud(rng, alpha, n_first):
    database = unit(rng.normal(size=(30, 4)))
    exclude = np.array([3, 0, 29])
    got = expand_queries(database[exclude], database, n_first=n_first, alpha=alpha, exclude=exclude)
    expected = [expanded(database[i], database, n_first, alpha, out=i) for i in exclude]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_finds_by_way_of_another(rng):
    """From north to east by way of north-east: the query alone sees nothing of the east."""
    database = unit(np.array([[1.0, 1.0, 0.0], [1.0, 0.1, 0.0], [0.0, 0.0, 1.0]]))
    query = np.array([[0.0, 1.0, 0.0]])
    assert (query @ database.T)[0, 1] < 0.1
    assert (expand_queries(query, database, n_first=1) @ database.T)[0, 1] > 0.4


def test_keeps_the_dtype_and_zero_stays_zero():
    database = np.eye(3, dtype=np.float32)
    got = expand_queries(np.zeros((1, 3), dtype=np.float32), database)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, 0)


def test_bad_input():
    good: dict[str, Any] = {"queries": np.eye(3), "database": np.eye(3)}
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"database": np.eye(2)}, ValueError, r"^database: expected shape \(N, 3\) to match"),
        ({"n_first": 0}, ValueError, "^n_first: expected an integer ≥ 1, got 0$"),
        ({"alpha": -1}, ValueError, "^alpha: expected a finite number ≥ 0, got -1$"),
        ({"exclude": [0.0, 1.0, 2.0]}, TypeError, "^exclude: expected integers, got"),
        ({"exclude": [0, 1]}, ValueError, r"^exclude: expected shape \(3,\), got \(2,\)$"),
        ({"exclude": [0, 1, 3]}, ValueError, r"^exclude: expected integers in \[0, 3\), got"),
    ]
    for change, error, message in bad:
        with pytest.raises(error, match=message):
            expand_queries(**{**good, **change})
