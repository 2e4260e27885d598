"""Intervals by bootstrap over groups and codebooks, and differences of two methods."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.retrieval import bootstrap_interval, paired_difference


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


def slow_interval(precision, groups, n_resamples, rng):
    """Draw groups with replacement and one codebook, average over the queries drawn; quantiles."""
    names, means = sorted(set(groups)), []
    for _ in range(n_resamples):
        of_one = precision[rng.integers(len(precision))]
        drawn = [
            value
            for name in rng.choice(names, len(names))
            for value, group in zip(of_one, groups, strict=True)
            if group == name and value == value  # not NaN
        ]
        means.append(sum(drawn) / len(drawn))
    return np.quantile(means, [0.025, 0.975])


def test_each_resample_draws_groups_and_one_codebook(rng):
    groups = list("aaabbcccddeeffgghh")
    precision = rng.random((3, 18)) * 0.3 + np.array([[0.0], [0.2], [0.6]])
    precision[:, 4] = np.nan
    got = bootstrap_interval(precision, groups, n_resamples=4000)
    np.testing.assert_allclose(got, slow_interval(precision, groups, 4000, rng), atol=0.01)


def test_one_codebook_is_the_interval_without_codebooks(rng):
    values, groups = rng.random(12), np.repeat(np.arange(4), 3)
    expected = bootstrap_interval(values, groups)
    assert bootstrap_interval(values[None], groups) == expected
    assert bootstrap_interval(np.tile(values, (5, 1)), groups) == expected


def test_without_codebooks_figures_are_those_of_earlier_versions():
    """Literal values of version 0.1, which drew groups alone."""
    values, groups = np.arange(10) ** 2 / 81, np.repeat(np.arange(5), 2)
    low, high = bootstrap_interval(values, groups)
    assert (low, high) == pytest.approx((0.08518518518518518, 0.6432098765432099), abs=1e-12)


def test_the_interval_holds_what_codebooks_differ_by(rng):
    """Of queries that are all alike, codebooks alone make the interval."""
    precision = np.array([[0.5], [0.6], [0.9]]).repeat(8, axis=1)
    assert bootstrap_interval(precision, np.arange(8)) == pytest.approx((0.5, 0.9))
    values = rng.random((1, 8)) * 0.5
    spread = values + np.array([[0.0], [0.1], [0.2]])
    narrow, wide = (bootstrap_interval(one, np.arange(8)) for one in (values, spread))
    assert wide.high - wide.low > narrow.high - narrow.low + 0.1


def test_a_difference_is_paired_over_queries_and_codebooks(rng):
    """What makes a query hard, or a codebook good, does so for both methods."""
    one = rng.random((5, 20))
    groups = np.repeat(np.arange(10), 2)
    better = paired_difference(one + 0.02, one, groups)
    assert better == pytest.approx((0.02, 0.02, 0.02))
    assert not better.is_level
    gain = one - (other := rng.random((5, 20)))
    found = paired_difference(one, other, groups)
    assert found.mean == pytest.approx(gain.mean())
    assert found[1:] == bootstrap_interval(gain, groups)


def test_a_method_without_chance_meets_every_codebook_of_the_other(rng):
    one, other, groups = rng.random(6), rng.random((4, 6)), list("aabbcc")
    found = paired_difference(one, other, groups)
    assert found == paired_difference(np.tile(one, (4, 1)), other, groups)
    assert found.mean == pytest.approx(one.mean() - other.mean())


def test_a_method_is_level_with_itself(rng):
    found = paired_difference(one := rng.random((5, 6)), one, list("aabbcc"))
    assert tuple(found) == (0, 0, 0)
    assert found.is_level
    assert str(found) == "+0.000 [+0.000, +0.000] level"


def test_level_means_that_the_interval_holds_zero():
    above = paired_difference([0.5, 0.7], [0.4, 0.5], ["a", "b"])
    assert str(above) == "+0.150 [+0.100, +0.200]"
    assert not above.is_level
    assert not paired_difference([0.4, 0.5], [0.5, 0.7], ["a", "b"]).is_level
    assert paired_difference([0.5, 0.5], [0.4, 0.7], ["a", "b"]).is_level


def test_a_difference_on_some_queries(rng):
    one, other = rng.random((2, 3, 8))
    groups, where = np.repeat(np.arange(4), 2), np.arange(8) >= 4
    found = paired_difference(one, other, groups, where=where)
    assert found == paired_difference(one[:, 4:], other[:, 4:], groups[4:])
    one[:, 5] = np.nan
    found = paired_difference(one, other, groups, where=where)
    assert found.mean == pytest.approx((one - other)[:, [4, 6, 7]].mean())
    assert np.isnan(paired_difference(one, other, groups, where=np.arange(8) == 5)).all()


def test_options_of_a_difference_are_those_of_the_interval(rng):
    gain = rng.random((3, 8))
    options = {"level": 0.5, "n_resamples": 100, "seed": 3}
    found = paired_difference(gain, np.zeros(8), np.arange(8), **options)
    assert found[1:] == bootstrap_interval(gain, np.arange(8), **options)


def test_bad_input():
    for values, groups, options, error, message in [
        ([0.5], ["a", "b"], {}, ValueError, r"^groups: expected shape \(1,\) to match per_query"),
        ([[0.5]], [["a"]], {}, ValueError, "^groups: expected shape"),
        (np.ones((2, 3)), ["a", "b"], {}, ValueError, r"^groups: expected shape \(3,\) to match"),
        (
            np.ones((1, 1, 1)),
            ["a"],
            {},
            ValueError,
            r"^per_query: expected shape \(Q,\) or \(M, Q\)",
        ),
        (np.ones((0, 1)), ["a"], {}, ValueError, r"^per_query: .* with M ≥ 1, got \(0, 1\)$"),
        (
            [[0.5, 0.1], [0.5, np.nan]],
            ["a", "b"],
            {},
            ValueError,
            "^per_query: expected NaN with all codebooks or with none, got both for query 1$",
        ),
        (["x"], ["a"], {}, TypeError, "^per_query: expected integers or floats"),
        ([0.5], ["a"], {"level": 1}, ValueError, r"^level: expected a number in \(0, 1\), got 1$"),
        ([0.5], ["a"], {"n_resamples": 0}, ValueError, "^n_resamples: expected an integer ≥ 1"),
        ([0.5], ["a"], {"seed": -1}, ValueError, "^seed: expected an integer ≥ 0"),
    ]:
        with pytest.raises(error, match=message):
            bootstrap_interval(values, groups, **options)


def test_bad_input_of_a_difference():
    two, three = np.ones((2, 4)), np.ones((3, 4))
    groups = list("aabb")
    for one, other, given, options, message in [
        (two, np.ones(3), groups, {}, "^other: expected 4 queries, got 3$"),
        (two, three, groups, {}, "^other: expected 1 or 2 codebooks, got 3$"),
        (two, two, ["a"], {}, r"^groups: expected shape \(4,\) to match one, got \(1,\)$"),
        (
            two,
            two,
            groups,
            {"where": [0, 1]},
            r"^where: expected bool of shape \(4,\), got int64 of",
        ),
        (two, two, groups, {"where": [True]}, r"^where: .* got bool of shape \(1,\)$"),
        (two, two, groups, {"level": 0}, r"^level: expected a number in \(0, 1\), got 0$"),
        (np.ones((1, 1, 1)), two, groups, {}, r"^one: expected shape \(Q,\) or \(M, Q\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            paired_difference(one, other, given, **options)
