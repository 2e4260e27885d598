"""Super-vectors against their definition, values by hand, and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.aggregation import _blocks, supervector, vlad
from tests.oracles.aggregation import slow_supervector

TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}
OPTIONS = [
    {},
    {"s": 2.0, "norm": False},
    {"s": 0.0},
    {"sigma": 0.7},
    {"sigma": 3.0, "s": 1.0, "norm": False},
]

WORDS = np.array([[0.0, 0.0], [8.0, 8.0]])
POINTS = np.array([[1.0, 0.0], [0.0, 2.0], [9.0, 4.0], [1.0, 1.0]])  # three and one


# --- values by hand


def test_hard_super_vector_by_hand():
    # p = 3/4 and 1/4; sums (2, 3) and (1, −4), over T √p = 2√3 and 2.
    expected = [10 * 0.75**0.5, 2 / 12**0.5, 3 / 12**0.5, 5.0, 0.5, -2.0]
    np.testing.assert_allclose(supervector(POINTS, WORDS, s=10, norm=False), expected, rtol=1e-15)


def test_soft_super_vector_by_hand():
    # Halfway between the words, p = 1/2 each; sums ±2 over T √p = √2 twice.
    got = supervector([[4.0], [4.0]], [[0.0], [8.0]], s=2.0, sigma=5.0, norm=False)
    np.testing.assert_allclose(got, [2**0.5, 8**0.5, 2**0.5, -(8**0.5)], rtol=1e-15)


def test_length_is_that_of_the_whole_vector():
    vector = supervector(POINTS, WORDS, s=10)
    plain = supervector(POINTS, WORDS, s=10, norm=False)
    np.testing.assert_allclose(vector, plain / (100 + 13 / 12 + 4.25) ** 0.5, rtol=1e-14)


# --- the definition


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_agrees_with_the_definition(dtype, options, rng):
    descriptors = rng.standard_normal((70, 4)).astype(dtype)
    centroids = rng.standard_normal((6, 4)).astype(dtype)
    expected = slow_supervector(descriptors, centroids, **options)
    got = supervector(descriptors, centroids, **options)
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype])


@settings(max_examples=60, deadline=None)
@given(
    T=st.integers(0, 7),
    K=st.integers(1, 5),
    D=st.integers(1, 4),
    options=st.sampled_from(OPTIONS),
    seed=st.integers(0, 99),
)
def test_agrees_on_small_integers_of_any_shape(T, K, D, options, seed):
    generator = np.random.default_rng(seed)  # ties, repeated and empty words abound
    descriptors, centroids = generator.integers(-3, 4, (T, D)), generator.integers(-3, 4, (K, D))
    expected = slow_supervector(descriptors, centroids, **options)
    np.testing.assert_allclose(supervector(descriptors, centroids, **options), expected, atol=1e-6)


@pytest.mark.parametrize("sigma", [None, 1.0])
def test_a_set_longer_than_a_block_is_one_set(sigma, rng):
    descriptors = rng.standard_normal((_blocks.MAX_ROWS + 5, 2))
    centroids = np.array([[-1.0, 0.0], [1.0, 0.0]])
    expected = slow_supervector(descriptors, centroids, sigma=sigma)
    np.testing.assert_allclose(supervector(descriptors, centroids, sigma=sigma), expected)


# --- limits and zeros


def test_a_narrow_soft_assignment_is_the_hard_one(rng):
    descriptors, centroids = rng.standard_normal((50, 3)), rng.standard_normal((7, 3))
    soft = supervector(descriptors, centroids, sigma=1e-4)
    np.testing.assert_allclose(soft, supervector(descriptors, centroids), atol=1e-9)


@pytest.mark.parametrize("sigma", [1e-170, 1e-30, 1e30, 1e170])
def test_any_width_gives_finite_numbers(sigma, rng):
    assert np.isfinite(supervector(rng.standard_normal((50, 3)), np.eye(3), sigma=sigma)).all()


def test_a_very_wide_assignment_shares_out_evenly(rng):
    descriptors = rng.standard_normal((50, 3))
    vector = supervector(descriptors, np.eye(3), s=1.0, sigma=1e9, norm=False).reshape(3, 4)
    np.testing.assert_allclose(vector[:, 0], 3**-0.5, rtol=1e-9)
    np.testing.assert_allclose(vector[:, 1:], (descriptors.mean(axis=0) - np.eye(3)) / 3**0.5)


def test_one_word_without_mass_term_is_vlad(rng):
    descriptors, word = rng.standard_normal((50, 3)), np.ones((1, 3))
    vector = supervector(descriptors, word, s=0)
    assert vector[0] == 0
    np.testing.assert_allclose(vector[1:], vlad(descriptors, word))


@pytest.mark.parametrize("sigma", [None, 1.0])
def test_words_without_descriptors_are_exactly_zero(sigma):
    vector = supervector([[0.1, 0.1]], [[0.0, 0.0], [500.0, 500.0]], sigma=sigma)
    assert vector[3:].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("sigma", [None, 0.01])
@pytest.mark.parametrize("offset", [0, 1000])
def test_descriptors_that_coincide_with_their_word_leave_the_masses_alone(sigma, offset):
    centroids = offset + np.array([[0.1, 0.2], [7.3, 7.7]])
    vector = supervector(np.repeat(centroids, 7, axis=0), centroids, s=0.0, sigma=sigma)
    assert vector.tolist() == [0.0] * 6


@pytest.mark.parametrize("sigma", [None, 0.5])
@pytest.mark.parametrize("offset", [1e2, 1e4])
def test_a_common_offset_does_not_cost_float32_its_accuracy(offset, sigma, rng):
    centroids = (offset + rng.standard_normal((6, 4))).astype(np.float32)
    descriptors = (offset + rng.standard_normal((90, 4))).astype(np.float32)
    expected = slow_supervector(descriptors, centroids, sigma=sigma)
    got = supervector(descriptors, centroids, sigma=sigma)
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-6)


def test_a_crowd_weighs_as_the_root_of_its_size():
    crowd = np.repeat([[1.0, 0.0]], 100, axis=0)
    vector = np.abs(supervector(np.concatenate([crowd, [[8.0, 9.0]]]), WORDS)).reshape(2, 3)
    assert vector[0, 1] / vector[1, 2] == pytest.approx(10)
