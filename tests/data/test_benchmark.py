"""One form for every set, checked where it is made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from coursekit.data import Benchmark, copies, photos, places
from coursekit.plotting import plot_rankings
from coursekit.retrieval import mean_average_precision


@pytest.mark.parametrize("make", [places, copies])
def test_a_perfect_method_has_a_perfect_score(make):
    benchmark = make()
    result = mean_average_precision(
        benchmark.positives.astype(float),
        benchmark.positives,
        junk=benchmark.junk,
        exclude=benchmark.exclude,
    )
    assert float(result) == 1.0
    assert result.n_skipped == 0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("positives", np.zeros((2, 3), dtype=bool), r"expected shape \(2, 4\), got \(2, 3\)"),
        ("kind", np.array(["x"]), r"expected shape \(2,\), got \(1,\)"),
        ("group", np.array([["x", "y"]]), r"expected shape \(2,\), got \(1, 2\)"),
        ("exclude", np.array([0, 1, 2]), r"expected shape \(2,\), got \(3,\)"),
        ("junk", np.zeros((4, 2), dtype=bool), r"expected shape \(2, 4\), got \(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(field, value, message):
    four = photos()[:4]
    two = np.array(["a", "b"])
    good = Benchmark((), four, four[:2], np.zeros((2, 4), dtype=bool), two, two)
    with pytest.raises(ValueError, match=f"^{field}: {message}$"):
        replace(good, **{field: value})


def test_rankings_of_queries_that_are_not_in_the_database_can_be_drawn(data_folder):
    benchmark, page = copies(), Figure()
    distances = {"perfect": 1.0 - benchmark.positives}
    plot_rankings(benchmark, 9, distances, n_nearest=2, figure=page)
    assert [axes.get_title() for axes in page.axes] == ["query", "✓ 0.00", "✗ 1.00"]
