"""The exercises of *Which one wins?*, against the definitions read aloud and the library."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from coursekit import retrieval
from coursekit.exercises import check, find, quiz_items
from coursekit.exercises.which_one_wins.answers import (
    index_bytes,
    my_average_precision,
    my_expand,
    my_interval,
    my_map,
    my_rank,
    my_whiten,
)

HAND = [1, 0, -1, 1, 0, 1]


def slow_average_precision(
    ranking,
    *,
    skipped=(-1,),
    right=(1,),
    start=Fraction(1),
    trapezoid=True,
    previous_positive=False,
):
    """Walk down the list and add up the area below the precision-recall curve."""
    n_positives = sum(label in right for label in ranking)
    area, hits, seen, before = Fraction(0), 0, 0, start
    for label in ranking:
        if label in skipped:
            continue
        seen += 1
        hits += label in right
        precision = Fraction(hits, seen)
        if label in right:
            side = (before + precision) / 2 if trapezoid else precision
            area += side / n_positives
        if label in right or not previous_positive:
            before = precision
    return area


def unit_rows(rng, N, D):
    vectors = rng.normal(size=(N, D))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# --- Average precision ----------------------------------------------------------------------------


def test_ranking_by_hand():
    assert slow_average_precision(HAND) == Fraction(32, 45)
    assert find("which_one_wins.by_hand").reference == pytest.approx(32 / 45)


def test_wrong_values_by_hand_are_what_the_ideas_give():
    wrong = {m.name: m.answer for m in find("which_one_wins.by_hand").mistakes}
    expected = {
        "the junk was counted as wrong": slow_average_precision(HAND, skipped=()),
        "the junk was counted as right": slow_average_precision(HAND, skipped=(), right=(1, -1)),
        "the step form was computed": slow_average_precision(HAND, trapezoid=False),
        "the sum was divided by the number of results": Fraction(32, 45) * 3 / 5,
        "the precision before the first rank was taken as 0": slow_average_precision(
            HAND, start=Fraction(0)
        ),
        "the sum was not divided": Fraction(32, 45) * 3,
        "the half was forgotten": Fraction(32, 45) * 2,
        "the precision at the previous positive was taken": slow_average_precision(
            HAND, previous_positive=True
        ),
    }
    assert wrong == pytest.approx({name: float(value) for name, value in expected.items()})


def test_average_precision_agrees_with_the_definition_and_the_library(rng):
    for _ in range(20):
        ranking = np.append(rng.integers(-1, 2, size=12), 1)
        got = my_average_precision(ranking)
        assert got == pytest.approx(float(slow_average_precision(ranking)))
        scores = -np.arange(13)
        library = retrieval.average_precision(scores, ranking == 1, junk=ranking == -1)
        assert got == pytest.approx(library)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("the junk was counted as wrong", {"skipped": ()}),
        ("the junk was counted as right", {"skipped": (), "right": (1, -1)}),
        ("the step form was computed", {"trapezoid": False}),
        ("the precision before the first rank was taken as 0", {"start": Fraction(0)}),
        ("the precision at the previous positive was taken", {"previous_positive": True}),
    ],
)
def test_wrong_average_precisions_are_what_the_ideas_give(name, options, rng):
    entry = find("which_one_wins.average_precision")
    wrong = next(m.answer for m in entry.mistakes if m.name == name)
    for _ in range(20):
        ranking = np.append(rng.integers(-1, 2, size=9), 1)
        want = float(slow_average_precision(ranking, **options))
        assert wrong(ranking) == pytest.approx(want)


@pytest.mark.parametrize("name", ["which_one_wins.by_hand", "which_one_wins.average_precision"])
def test_fractions_are_right(name):
    answer = {
        "which_one_wins.by_hand": Fraction(32, 45),
        "which_one_wins.average_precision": lambda ranking: slow_average_precision(
            ranking.tolist()
        ),
    }[name]
    assert check(name, answer).passed


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("which_one_wins.by_hand", [0.711]),
        ("which_one_wins.average_precision", lambda ranking: [my_average_precision(ranking)]),
    ],
)
def test_number_in_brackets_is_told_so_without_a_hint(name, answer):
    feedback = check(name, answer)
    assert feedback.verdict == "wrong shape"
    assert feedback.message == "The number is right; write one number, without brackets."
    assert feedback.hints == ()


def test_several_numbers_for_one_are_told_so():
    message = check("which_one_wins.by_hand", [1, 0.5]).message
    assert message == "A number, without brackets, is expected; your result has shape (2,)."


def unguarded_average_precision(ranking):
    ranks = np.flatnonzero(ranking[ranking >= 0] == 1) + 1
    i = np.arange(1, len(ranks) + 1)
    return np.mean(((i - 1) / (ranks - 1) + i / ranks) / 2)


def map_without_skipping(similarities, places):
    precisions = []
    for query, place in enumerate(places):
        order = np.argsort(-similarities[query])
        right = places[order[order != query]] == place
        after = np.cumsum(right) / np.arange(1, len(right) + 1)
        before = np.append(1, after[:-1])
        precisions.append(np.mean((before + after)[right] / 2))
    return np.mean(precisions)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("which_one_wins.average_precision", unguarded_average_precision, "Where a positive has r"),
        ("which_one_wins.without_itself", map_without_skipping, "Where a query has nothing to"),
    ],
)
def test_nan_gets_the_words_that_fit(name, answer, words):
    feedback = check(name, answer)
    assert feedback.verdict == "the result holds NaN or infinity"
    assert feedback.message.startswith(words)
    assert feedback.hints == ()


def test_mean_leaves_each_query_out_of_its_own_ranking(rng):
    places = np.array([0, 0, 0, 1, 1, 2])
    similarities = unit_rows(rng, 6, 3) @ unit_rows(rng, 6, 3).T  # not symmetric
    single = []
    for query in range(5):  # the last photo has nothing to find
        others = sorted(set(range(6)) - {query}, key=lambda i: -similarities[query, i])
        single.append(slow_average_precision([int(places[i] == places[query]) for i in others]))
    assert my_map(similarities, places) == pytest.approx(float(sum(single) / 5))
    positives = places[:, None] == places
    library = retrieval.mean_average_precision(similarities, positives, exclude=np.arange(6))
    assert my_map(similarities, places) == pytest.approx(float(library))


# --- Bootstrap ------------------------------------------------------------------------------------


def test_interval_agrees_with_the_definition(rng):
    groups = np.array([0, 2, 1, 0, 2, 2, 1, 2])
    values = rng.uniform(size=8)
    draws = rng.integers(3, size=(41, 3))
    means = []
    for drawn in draws:
        queries = [v for g in drawn for v, group in zip(values, groups, strict=True) if group == g]
        means.append(sum(queries) / len(queries))
    means.sort()  # 41 means: the quantiles 0.025 and 0.975 are the second and the last but one
    np.testing.assert_allclose(my_interval(values, groups, draws), [means[1], means[-2]])


def test_interval_agrees_with_the_library(rng):
    groups = np.repeat([0, 1, 2, 3], [2, 5, 1, 3])
    values = rng.uniform(size=len(groups))
    counts = np.random.default_rng(7).multinomial(4, np.full(4, 1 / 4), size=300)
    draws = np.array([np.repeat(np.arange(4), row) for row in counts])
    library = retrieval.bootstrap_interval(values, groups, n_resamples=300, seed=7)
    np.testing.assert_allclose(my_interval(values, groups, draws), library)


# --- Vectors --------------------------------------------------------------------------------------


def test_ranking_agrees_with_the_definition_and_the_library(rng):
    query, database = rng.normal(size=4), rng.normal(size=(9, 4)) * rng.uniform(1, 9, (9, 1))
    cosines = [
        sum(a * b for a, b in zip(query, x, strict=True)) / math.hypot(*query) / math.hypot(*x)
        for x in database
    ]
    got = my_rank(query, database).tolist()
    assert got == sorted(range(9), key=lambda i: -cosines[i])
    assert got == retrieval.rank(np.array(cosines)).tolist()


def test_whitening_by_hand():
    # x − m = (6, 8); coordinates (8, −6) on the columns (0, 1) and (−1, 0); over (4, 2): (2, −3)
    turn = np.array([[0.0, -1], [1, 0]])
    got = my_whiten(np.array([7.0, 12]), np.array([1.0, 4]), turn, np.array([16.0, 4]))
    np.testing.assert_allclose(got, np.array([2, -3]) / math.sqrt(13))


def test_whitening_agrees_with_the_library(rng):
    X = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4))
    fitted = retrieval.PCAWhitening().fit(X)
    eigenvalues, eigenvectors = np.linalg.eigh(np.cov(X.T))
    got = [my_whiten(x, X.mean(axis=0), eigenvectors[:, ::-1], eigenvalues[::-1]) for x in X]
    want = fitted.transform(X)
    np.testing.assert_allclose(np.abs(got), np.abs(want), atol=1e-9)  # each axis has two signs


@pytest.mark.parametrize("alpha", [0, 1, 3])
@pytest.mark.parametrize("n_first", [1, 4, 50])
def test_expansion_agrees_with_the_definition_and_the_library(n_first, alpha, rng):
    query, *database = unit_rows(rng, 9, 3)
    similar = [(float(query @ x), x) for x in database]
    similar.sort(key=lambda pair: -pair[0])
    total = [float(z) for z in query]
    for s, x in similar[:n_first]:
        if s > 0:
            total = [z + s**alpha * coordinate for z, coordinate in zip(total, x, strict=True)]
    got = my_expand(query, np.array(database), n_first, alpha)
    np.testing.assert_allclose(got, np.array(total) / math.hypot(*total))
    library = retrieval.expand_queries(
        query[None], np.array(database), n_first=n_first, alpha=float(alpha)
    )
    np.testing.assert_allclose(got, library[0])


# --- Bytes ----------------------------------------------------------------------------------------


def test_bytes_of_an_index_are_those_of_its_arrays():
    N, D, B = 100, 12, 4
    vectors, codes = np.zeros((N, D), np.float32), np.zeros((N, B), np.uint8)
    words = np.zeros((B, 256, D // B), np.float32)
    assert index_bytes(N, D, B) == (vectors.nbytes, codes.nbytes + words.nbytes)


def test_bytes_of_an_index_agree_with_the_library(rng):
    vectors = unit_rows(rng, 300, 8).astype(np.float32)
    exact = retrieval.ExactIndex().fit(vectors).add(vectors)
    small = retrieval.CompressedIndex(n_bytes=2).fit(vectors).add(vectors)
    for_vectors = index_bytes(300, 8, 2)
    assert for_vectors[0] == 300 * exact.bytes_per_vector
    assert for_vectors[1] - index_bytes(0, 8, 2)[1] == 300 * small.bytes_per_vector


# --- Values that are written in the quiz ----------------------------------------------------------


def quiz_text():
    return "".join(
        option.explanation for item in quiz_items("which_one_wins") for option in item.options
    )


def test_right_option_cannot_be_told_by_its_length():
    items = quiz_items("which_one_wins")
    lengths = [[len(option.text) for option in item.options] for item in items]
    right = [next(len(o.text) for o in item.options if o.right) for item in items]
    assert all(max(each) <= 1.25 * min(each) for each in lengths)
    for extreme in (min, max):
        hits = sum(extreme(each) == one for each, one in zip(lengths, right, strict=True))
        assert hits <= len(items) / 3


def test_chance_among_equals_is_that_of_the_quiz():
    orders = [[0] * before + [1] + [0] * (159 - before) for before in range(160)]
    mean = sum(map(slow_average_precision, orders)) / 160
    assert round(float(mean), 2) == 0.02
    assert "one positive among 160 photos, that is about 0.02" in quiz_text()


def test_query_among_its_own_answers_lifts_the_figure_as_the_quiz_says():
    alone = [0] * 9 + [1]
    assert float(slow_average_precision(alone)) == 0.05
    assert round(float(slow_average_precision([1, *alone])), 2) == 0.57
    assert "from an AP of 0.05 to about 0.57" in quiz_text()


def test_sizes_of_a_million_photos_are_those_of_the_quiz():
    large, small = (round(index_bytes(10**6, D, 1)[0] / 1e9) for D in (8192, 256))
    assert f"about {large} GB with A and {small} GB with B" in quiz_text()
