"""Average precision against hand-made rankings and against the protocol read aloud."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from coursekit.retrieval import (
    MeanAveragePrecision,
    average_precision,
    mean_average_precision,
    rank,
)


def slow_average_precision(scores, positives, junk):
    """Walk down the ranked list as the Oxford program does, positives last in a tie."""
    photos = [i for i in range(len(scores)) if not junk[i]]
    photos.sort(key=lambda i: (-scores[i], positives[i]))
    n_positives = sum(bool(positives[i]) for i in photos)
    area, found, old_precision, old_recall = 0.0, 0, 1.0, 0.0
    for position, i in enumerate(photos, start=1):
        found += bool(positives[i])
        precision, recall = found / position, found / n_positives
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_precision, old_recall = precision, recall
    return area


def ranked(*right: int) -> tuple[np.ndarray, np.ndarray]:
    """Make scores that rank the photos as listed: 1 for a positive, 0 for another."""
    return np.arange(len(right), 0, -1), np.array(right, dtype=bool)


@pytest.mark.parametrize(
    ("ranking", "expected"),
    [
        ([1, 0, 0], Fraction(1)),
        ([1, 1, 1], Fraction(1)),
        ([0, 1], Fraction(1, 4)),  # (0/1 + 1/2) / 2
        ([0, 0, 1], Fraction(1, 6)),  # (0/2 + 1/3) / 2
        ([1, 0, 1], Fraction(19, 24)),  # (1 + (1/2 + 2/3) / 2) / 2
        ([0, 1, 0, 1], Fraction(1, 3)),  # ((0 + 1/2) / 2 + (1/3 + 2/4) / 2) / 2
        ([0, 1, 1, 0], Fraction(5, 12)),  # ((0 + 1/2) / 2 + (1/2 + 2/3) / 2) / 2
    ],
)
def test_average_precision_of_rankings_by_hand(ranking, expected):
    assert average_precision(*ranked(*ranking)) == pytest.approx(float(expected), rel=1e-12)


def test_agrees_with_the_protocol_read_aloud(rng):
    for n_photos in (1, 2, 7, 40):
        scores = rng.integers(0, 9, n_photos).astype(float)  # many ties
        positives = rng.random(n_photos) < 0.4
        positives[0] = True
        junk = ~positives & (rng.random(n_photos) < 0.3)
        got = average_precision(scores, positives, junk=junk)
        assert got == pytest.approx(slow_average_precision(scores, positives, junk))


def test_mean_is_over_the_rows(rng):
    scores, positives = rng.normal(size=(6, 20)), rng.random((6, 20)) < 0.3
    positives[:, 0] = True
    junk = ~positives & (rng.random((6, 20)) < 0.3)
    rows = [slow_average_precision(*row) for row in zip(scores, positives, junk, strict=True)]
    result = mean_average_precision(scores, positives, junk=junk)
    np.testing.assert_allclose(result.per_query, rows)
    assert result.mean == pytest.approx(sum(rows) / 6)


def test_junk_leaves_no_trace(rng):
    scores, positives = rng.normal(size=30), np.arange(30) < 4
    junk = np.arange(30) >= 20
    with_junk = average_precision(scores, positives, junk=junk)
    assert with_junk == average_precision(scores[:20], positives[:20])
    assert average_precision(np.where(junk, 99, scores), positives, junk=junk) == with_junk


def test_excluded_query_is_taken_out_even_if_marked_positive():
    scores = np.array([[9.0, 2.0, 1.0], [3.0, 9.0, 1.0]])
    same_place = np.array([[True, False, True], [True, True, False]])
    result = mean_average_precision(scores, same_place, exclude=np.array([0, 1]))
    assert result.per_query.tolist() == [0.25, 1.0]


def test_exclude_joins_junk():
    scores = np.array([[4.0, 3.0, 2.0, 1.0]])
    positives, junk = np.array([[0, 0, 0, 1]], bool), np.array([[0, 1, 0, 0]], bool)
    result = mean_average_precision(scores, positives, junk=junk, exclude=np.array([0]))
    assert result.mean == 0.25  # what is left: one wrong photo, then the right one


def test_query_without_positives_is_skipped_and_counted():
    scores = np.tile([3.0, 2.0, 1.0], (3, 1))
    positives = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0]], bool)
    result = mean_average_precision(scores, positives)
    np.testing.assert_array_equal(result.per_query, [1.0, np.nan, 0.25])
    assert (result.mean, result.n_skipped) == (0.625, 1)


def test_query_whose_only_positive_is_itself_is_skipped():
    result = mean_average_precision(np.eye(2), np.eye(2, dtype=bool), exclude=np.arange(2))
    assert result.n_skipped == 2


def test_nothing_to_average_gives_nan_not_an_error():
    assert np.isnan(mean_average_precision(np.ones((2, 3)), np.zeros((2, 3), bool)).mean)
    assert np.isnan(average_precision(np.ones(3), np.zeros(3, bool)))
    assert np.isnan(mean_average_precision(np.ones((0, 3)), np.zeros((0, 3), bool)).mean)


@pytest.mark.parametrize("positive", [0, 4, 9])
def test_constant_scores_earn_nothing_from_the_order_of_the_files(positive):
    positives = np.arange(10) == positive
    assert average_precision(np.ones(10), positives) == pytest.approx(0.05)  # rank 10: ½ · 1/10


def test_ties_are_decided_against_the_method_and_only_ties():
    positives = np.array([True, False, False, True])
    tied = average_precision(np.array([2, 2, 1, 1]), positives)
    worst = average_precision(np.array([3, 4, 2, 1]), positives)
    assert tied == worst
    assert average_precision(np.array([2, 1, 0, 0]), positives) > tied


def test_only_the_order_of_the_scores_counts(rng):
    scores, positives = rng.normal(size=25), np.arange(25) % 6 == 0
    expected = average_precision(scores, positives)
    assert average_precision(np.exp(scores), positives) == expected
    assert average_precision(7 * scores - 100, positives) == expected


def test_order_of_the_database_does_not_count(rng):
    scores, positives = rng.integers(0, 5, 25), np.arange(25) % 6 == 0
    shuffled = rng.permutation(25)
    expected = average_precision(scores, positives)
    assert average_precision(scores[shuffled], positives[shuffled]) == expected


def test_perfect_is_one_and_worst_is_near_zero():
    positives = np.arange(100) < 3
    assert average_precision(-np.arange(100), positives) == 1
    assert average_precision(np.arange(100), positives) < 0.02


def test_result_reads_well_and_can_be_restricted():
    result = MeanAveragePrecision(np.array([1.0, 0.5, np.nan, 0.25]))
    assert str(result) == "mAP 0.583 over 3 queries (1 skipped)"
    assert str(result.of(np.array([1]))) == "mAP 0.500 over 1 query"
    assert f"{result:.2f}" == "0.58"
    assert f"{result}" == str(result)
    assert float(result.of(np.array([False, True, False, True]))) == 0.375
    assert result.of(np.array([0, 1])).mean == 0.75


def test_rank_is_best_first_and_stable():
    assert rank(np.array([0.1, 0.5, 0.5, 0.9])).tolist() == [3, 1, 2, 0]
    assert rank(np.array([[1, 2, 3], [0, 0, 0]])).tolist() == [[2, 1, 0], [0, 1, 2]]
    many = np.arange(200) % 2
    assert rank(many).tolist() == [*range(1, 200, 2), *range(0, 200, 2)]


def test_rank_leaves_the_query_out():
    scores = np.array([[9, 5, 7], [5, 9, 7]])
    assert rank(scores, exclude=np.array([0, 1])).tolist() == [[2, 1], [2, 0]]
    assert rank(scores[0], exclude=2).tolist() == [0, 1]
    assert rank(np.ones((0, 3)), exclude=np.zeros(0, int)).shape == (0, 2)
    assert rank(np.ones((2, 1)), exclude=np.zeros(2, int)).shape == (2, 0)


def test_arguments_are_untouched(rng):
    arrays = [rng.normal(size=(3, 5)), np.eye(3, 5, dtype=bool), np.eye(3, 5, k=1, dtype=bool)]
    copies = [array.copy() for array in arrays]
    mean_average_precision(arrays[0], arrays[1], junk=arrays[2], exclude=np.array([0, 1, 2]))
    rank(arrays[0], exclude=np.array([0, 1, 2]))
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


SCORES, RIGHT = np.ones((2, 3)), np.eye(2, 3, dtype=bool)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mean_average_precision(np.ones(3), RIGHT),
            ValueError,
            r"scores: expected shape \(Q, N\) with N ≥ 1, got \(3,\)",
        ),
        (
            lambda: average_precision(SCORES, RIGHT),
            ValueError,
            r"scores: expected shape \(N,\) with N ≥ 1, got \(2, 3\)",
        ),
        (
            lambda: rank(np.ones((2, 0))),
            ValueError,
            r"scores: expected shape \(N,\) or \(Q, N\) with N ≥ 1, got \(2, 0\)",
        ),
        (
            lambda: average_precision(np.array([1, np.nan]), np.array([True, False])),
            ValueError,
            r"scores: expected finite values, got nan at \[1\]",
        ),
        (
            lambda: mean_average_precision(SCORES, RIGHT.T),
            ValueError,
            r"positives: expected shape \(2, 3\) to match scores, got \(3, 2\)",
        ),
        (
            lambda: mean_average_precision(SCORES, RIGHT.astype(int)),
            TypeError,
            r"positives: expected an array of bool, got dtype int64",
        ),
        (
            lambda: mean_average_precision(SCORES, None),
            TypeError,
            r"positives: expected an array of bool, got dtype object",
        ),
        (
            lambda: mean_average_precision(SCORES, RIGHT, junk=RIGHT[:1]),
            ValueError,
            r"junk: expected shape \(2, 3\) to match scores, got \(1, 3\)",
        ),
        (
            lambda: mean_average_precision(SCORES, RIGHT, junk=RIGHT),
            ValueError,
            r"junk: expected no photo that is positive as well, got one at \[0, 0\]",
        ),
        (
            lambda: mean_average_precision(SCORES, RIGHT, exclude=np.array([0])),
            ValueError,
            r"exclude: expected shape \(2,\), one per query, got \(1,\)",
        ),
        (
            lambda: mean_average_precision(SCORES, RIGHT, exclude=np.array([0, 3])),
            ValueError,
            r"exclude: expected indices in \[0, 3\), got 3",
        ),
        (
            lambda: rank(SCORES, exclude=np.array([0.0, 1.0])),
            TypeError,
            r"exclude: expected integers, got dtype float64",
        ),
        (
            lambda: rank(SCORES[0], exclude=-1),
            ValueError,
            r"exclude: expected indices in \[0, 3\), got -1",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
