"""Intervals by bootstrap over groups."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.retrieval import bootstrap_interval


def test_agrees_with_a_loop_over_groups(rng):
    values, groups = rng.random(40), np.repeat(np.arange(8), 5)
    got = bootstrap_interval(values, groups, n_resamples=4000)
    means = []
    for _ in range(4000):
        drawn = rng.integers(0, 8, 8)
        means.append(np.concatenate([values[groups == g] for g in drawn]).mean())
    np.testing.assert_allclose(got, np.quantile(means, [0.025, 0.975]), atol=0.01)


def test_copies_of_a_query_add_no_certainty(rng):
    values = rng.random(10)
    alone = bootstrap_interval(values, np.arange(10))
    copied = bootstrap_interval(np.repeat(values, 20), np.repeat(np.arange(10), 20))
    np.testing.assert_allclose(alone, copied)
    naive = bootstrap_interval(np.repeat(values, 20), np.arange(200))
    assert naive.high - naive.low < 0.5 * (copied.high - copied.low)


def test_covers_the_truth_as_often_as_it_says(rng):
    """95 % of intervals over 30 groups hold the true mean; the percentile method a little fewer."""
    inside = 0
    for seed in range(300):
        place = np.random.default_rng(seed).normal(size=30)
        values = np.repeat(place, 3)
        low, high = bootstrap_interval(values, np.repeat(np.arange(30), 3), n_resamples=400)
        inside += low <= 0 <= high
    assert 0.90 < inside / 300 < 0.98


def test_queries_that_do_not_count(rng):
    values, groups = rng.random(6), np.array(list("aabbcc"))
    more = np.append(values, np.nan), np.append(groups, "d")
    assert bootstrap_interval(*more) == bootstrap_interval(values, groups)
    assert np.isnan(bootstrap_interval([np.nan], ["a"])).all()


def test_bad_input():
    for values, groups, options, error, message in [
        ([0.5], ["a", "b"], {}, ValueError, r"^groups: expected shape \(1,\) to match per_query"),
        ([[0.5]], [["a"]], {}, ValueError, "^groups: expected shape"),
        (["x"], ["a"], {}, TypeError, "^per_query: expected integers or floats"),
        ([0.5], ["a"], {"level": 1}, ValueError, r"^level: expected a number in \(0, 1\), got 1$"),
        ([0.5], ["a"], {"n_resamples": 0}, ValueError, "^n_resamples: expected an integer ≥ 1"),
        ([0.5], ["a"], {"seed": -1}, ValueError, "^seed: expected an integer ≥ 0"),
    ]:
        with pytest.raises(error, match=message):
            bootstrap_interval(values, groups, **options)
