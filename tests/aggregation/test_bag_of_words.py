"""Histograms of words: hard and soft votes against the definition, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.aggregation import _blocks, assign, bag_of_words
from tests.oracles.aggregation import slow_bag_of_words

OPTIONS = [
    {},
    {"norm": "l2"},
    {"norm": None},
    {"n_assign": 3},
    {"n_assign": 2, "norm": None},
    {"assignment": "soft", "sigma": 0.8},
    {"assignment": "soft", "sigma": 0.8, "n_assign": 3, "norm": None},
    {"assignment": "soft", "sigma": 2.0, "n_assign": None},
]
LINE = np.array([[0.0], [1.0], [3.0]])  # three words on a line


# --- values by hand


def test_each_descriptor_counts_once():
    assert bag_of_words([[0.1], [0.2], [2.9], [0.3]], LINE, norm=None).tolist() == [3, 0, 1]


def test_l1_gives_shares_and_l2_length_one():
    descriptors = [[0.0], [0.0], [0.0], [1.0], [1.0], [1.0], [1.0]]
    assert bag_of_words(descriptors, LINE).tolist() == [3 / 7, 4 / 7, 0]
    np.testing.assert_allclose(bag_of_words(descriptors, LINE, norm="l2"), [0.6, 0.8, 0])


def test_hard_votes_for_the_two_nearest_words():
    assert bag_of_words([[0.1], [2.9]], LINE, n_assign=2, norm=None).tolist() == [1, 2, 1]


def test_soft_votes_by_hand():
    # Squared distances of 1 to the words: 1, 0, 4; σ² = 1/2 makes the weights e^−1, 1, e^−4.
    weights = np.array([math.exp(-1), 1, math.exp(-4)])
    got = bag_of_words([[1.0]], LINE, assignment="soft", n_assign=None, sigma=0.5**0.5)
    np.testing.assert_allclose(got, weights / weights.sum())


def test_soft_votes_of_the_two_nearest_words_share_out_one():
    got = bag_of_words([[0.5]], LINE, assignment="soft", n_assign=2, sigma=1.0, norm=None)
    assert got.tolist() == [0.5, 0.5, 0]


# --- the definition


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("n_descriptors", [0, 1, 60])
def test_agrees_with_the_definition(n_descriptors, options, rng):
    descriptors, centroids = rng.standard_normal((n_descriptors, 4)), rng.standard_normal((7, 4))
    got = bag_of_words(descriptors, centroids, **options)
    np.testing.assert_allclose(
        got, slow_bag_of_words(descriptors, centroids, **options), rtol=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(
    T=st.integers(0, 8), K=st.integers(1, 6), n_assign=st.integers(1, 6), seed=st.integers(0, 99)
)
def test_of_equally_near_words_the_first_get_the_votes(T, K, n_assign, seed):
    generator = np.random.default_rng(seed)
    descriptors, centroids = generator.integers(-2, 3, (T, 2)), generator.integers(-2, 3, (K, 2))
    n_assign = min(n_assign, K)
    got = bag_of_words(descriptors, centroids, n_assign=n_assign, norm=None)
    expected = slow_bag_of_words(descriptors, centroids, n_assign=n_assign, norm=None)
    assert got.tolist() == expected.tolist()


def test_more_words_than_a_byte_counts(rng):
    descriptors, centroids = rng.standard_normal((400, 3)), rng.standard_normal((300, 3))
    expected = np.bincount(assign(descriptors, centroids), minlength=300)
    assert np.array_equal(bag_of_words(descriptors, centroids, norm=None), expected)


def test_a_set_longer_than_a_block_is_counted_whole(rng):
    descriptors = rng.standard_normal((2 * _blocks.MAX_ROWS + 1, 1))
    counts = bag_of_words(descriptors, [[-1.0], [1.0]], norm=None)
    assert counts.tolist() == [(descriptors < 0).sum(), (descriptors > 0).sum()]


# --- soft assignment at its ends


def test_a_narrow_sigma_gives_hard_votes(rng):
    descriptors, centroids = rng.standard_normal((50, 4)), rng.standard_normal((6, 4))
    for sigma in (1e-3, 1e-200):
        soft = bag_of_words(descriptors, centroids, assignment="soft", n_assign=None, sigma=sigma)
        np.testing.assert_allclose(soft, bag_of_words(descriptors, centroids), atol=1e-12)


def test_a_wide_sigma_gives_equal_votes(rng):
    descriptors, centroids = rng.standard_normal((50, 4)), rng.standard_normal((6, 4))
    soft = bag_of_words(descriptors, centroids, assignment="soft", n_assign=None, sigma=1e6)
    np.testing.assert_allclose(soft, np.full(6, 1 / 6))


def test_soft_votes_survive_descriptors_a_thousand_sigma_away():
    got = bag_of_words([[1000.0]], LINE, assignment="soft", n_assign=None, sigma=1.0)
    np.testing.assert_allclose(got, [0, 0, 1], atol=1e-12)


def test_soft_votes_for_one_word_are_hard(rng):
    descriptors, centroids = rng.standard_normal((50, 4)), rng.standard_normal((6, 4))
    soft = bag_of_words(descriptors, centroids, assignment="soft", sigma=1.0)
    assert np.array_equal(soft, bag_of_words(descriptors, centroids))
