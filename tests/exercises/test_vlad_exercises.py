"""The numbers of the pencil example and of the VLAD exercises, against explicit loops."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from coursekit import aggregation
from coursekit.exercises import find, pencil_example
from coursekit.exercises.vlad.answers import (
    intra_normalise,
    my_assign,
    my_residual_sums,
    my_vlad,
    power_normalise,
)

PENCIL = pencil_example()
HAND = [2, -1, 4, 2]  # (3, 1) + (-1, -2), then (-2, 1) + (3, -1) + (3, 2)
PRACTICE = [-2, 2, 1, 4]  # (-3, 1) + (1, 1), then (-4, 0) + (2, 4) + (3, 0)


def slow_assign(descriptors, centroids):
    """Try every word for every descriptor."""
    words = []
    for x in descriptors:
        squares = [sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) for c in centroids]
        words.append(squares.index(min(squares)))
    return words


def slow_sums(descriptors, centroids, words, *, centre=1.0):
    """Add one coordinate of one descriptor at a time; `centre` 0 forgets the centre."""
    sums = [[0.0] * len(centroids[0]) for _ in centroids]
    for x, k in zip(descriptors, words, strict=True):
        for d, coordinate in enumerate(x):
            sums[k][d] += coordinate - centre * centroids[k][d]
    return sums


def slow_length(vector):
    return math.sqrt(sum(z * z for z in vector))


def random_bag(rng):
    return rng.normal(size=(50, 5)), rng.normal(size=(6, 5))


# --- The pencil example ---------------------------------------------------------------------------


def test_pencil_words_sums_and_length():
    words = slow_assign(PENCIL.descriptors, PENCIL.centroids)
    assert words == [0, 1, 0, 1, 1]
    sums = slow_sums(PENCIL.descriptors, PENCIL.centroids, words)
    assert [*sums[0], *sums[1]] == HAND
    assert slow_length(HAND) == 5
    assert sum(map(abs, HAND)) == 9  # so the signed roots have length 3


@pytest.mark.parametrize("bag", ["descriptors", "mirrored", "practice"])
def test_pencil_has_no_ties(bag):
    for x in getattr(PENCIL, bag):
        first, second = np.sum((PENCIL.centroids - x) ** 2, axis=1)
        assert abs(first - second) >= 5


def test_mirrored_bag_has_the_same_histogram_and_the_opposite_vector():
    words = slow_assign(PENCIL.mirrored, PENCIL.centroids)
    assert words == [0, 1, 0, 1, 1]
    assert my_vlad(PENCIL.mirrored, PENCIL.centroids).tolist() == [-0.4, 0.2, -0.8, -0.4]


def test_practice_words_sums_and_length():
    words = slow_assign(PENCIL.practice, PENCIL.centroids)
    assert words == [1, 0, 1, 1, 0]
    sums = slow_sums(PENCIL.practice, PENCIL.centroids, words)
    assert [*sums[0], *sums[1]] == PRACTICE == find("vlad.by_hand").reference.tolist()
    assert slow_length(PRACTICE) == 5


def test_largest_dot_product_is_no_plain_misassignment():
    x, c = PENCIL.practice, PENCIL.centroids
    dots = [int(np.argmax([a @ b for b in c])) for a in x]
    assert sum(a != b for a, b in zip(dots, slow_assign(x, c), strict=True)) == 2
    others = [list(words) for words in product([0, 1], repeat=5) if list(words) != dots]
    assert slow_sums(x, c, dots) not in [slow_sums(x, c, words) for words in others]


def test_pencil_is_made_anew_each_time():
    pencil_example().descriptors[:] = 0
    assert pencil_example().descriptors[0].tolist() == [6, 8]


# --- The references -------------------------------------------------------------------------------


def test_references_on_the_pencil_example():
    root = math.sqrt(2)
    np.testing.assert_allclose(my_vlad(PENCIL.descriptors, PENCIL.centroids), [0.4, -0.2, 0.8, 0.4])
    np.testing.assert_allclose(
        power_normalise(np.array(HAND, float)), np.array([root, -1, 2, root]) / 3
    )
    np.testing.assert_allclose(
        intra_normalise(np.array(HAND, float).reshape(2, 2)),
        np.array([2, -1, 2, 1]) / math.sqrt(10),
    )


def test_references_agree_with_the_definition(rng):
    descriptors, centroids = random_bag(rng)
    words = slow_assign(descriptors, centroids)
    sums = slow_sums(descriptors, centroids, words)
    flat = [z for row in sums for z in row]
    np.testing.assert_array_equal(my_assign(descriptors, centroids), words)
    np.testing.assert_allclose(my_residual_sums(descriptors, centroids, np.array(words)), sums)
    np.testing.assert_allclose(
        my_vlad(descriptors, centroids), [z / slow_length(flat) for z in flat]
    )


def test_references_agree_with_the_library(rng):
    x, c = random_bag(rng)
    words = my_assign(x, c)
    sums = my_residual_sums(x, c, words)
    np.testing.assert_array_equal(aggregation.assign(x, c), words)
    np.testing.assert_allclose(aggregation.residual_sums(x, c), sums)
    np.testing.assert_allclose(aggregation.vlad(x, c), my_vlad(x, c))
    np.testing.assert_allclose(aggregation.vlad(x, c, power=0.5), power_normalise(sums.ravel()))
    np.testing.assert_allclose(aggregation.vlad(x, c, intra_norm=True), intra_normalise(sums))


def test_normalisations_agree_with_the_definition(rng):
    sums = rng.normal(size=(4, 3))
    roots = [math.copysign(math.sqrt(abs(z)), z) for z in sums.ravel()]
    np.testing.assert_allclose(
        power_normalise(sums.ravel()), [r / slow_length(roots) for r in roots]
    )
    unit = [z / slow_length(row) / math.sqrt(4) for row in sums for z in row]
    np.testing.assert_allclose(intra_normalise(sums), unit)


# --- Values that are written in the bank ----------------------------------------------------------


def test_statement_by_hand_holds_the_practice_bag():
    statement = find("vlad.by_hand").statement
    for x, y in [*PENCIL.centroids, *PENCIL.practice]:
        assert f"({x:.0f}, {y:.0f})" in statement


def wrong_values(exercise_id):
    return {mistake.name: mistake.answer for mistake in find(exercise_id).mistakes}


def test_wrong_values_by_hand_are_what_the_ideas_give():
    x, c = PENCIL.practice, PENCIL.centroids
    words = slow_assign(x, c)
    totals = slow_sums(x, c, words, centre=0)
    dots = [int(np.argmax([a @ b for b in c])) for a in x]
    wrong = wrong_values("vlad.by_hand")
    assert wrong["the centre was not subtracted"] == [*totals[0], *totals[1]]
    assert wrong["the centre was subtracted once per word"] == np.ravel(totals - c).tolist()
    assert wrong["descriptors went to the word of largest dot product"] == [
        z for row in slow_sums(x, c, dots) for z in row
    ]
    assert wrong["the residuals were averaged"] == [-2 / 2, 2 / 2, 1 / 3, 4 / 3]
    assert wrong["the vector was normalised"] == [z / 5 for z in PRACTICE]


def test_wrong_dimensions_are_what_the_ideas_give():
    assert sorted(wrong_values("vlad.dimension").values()) == [
        32,  # K
        80,  # D
        112,  # K + D
        2592,  # K (D + 1)
        4096,  # K 128
        5120,  # 2 K D
        10240,  # 4 K D bytes
        48000,  # T K
        120000,  # T D
    ]


def test_sum_from_a_mean():
    bag = [[5, 5], [4, 7], [6, 3], [5, 5]]  # four descriptors of mean (5, 5)
    assert slow_sums(bag, [[3, 4]], [0] * 4) == [[8, 4]]
    assert find("vlad.from_mean").reference.tolist() == [8, 4]
