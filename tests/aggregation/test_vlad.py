"""VLAD against its definition, the lecture's numbers, and what rounding must not do to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.aggregation import _blocks, residual_sums, vlad
from tests.oracles.aggregation import slow_residual_sums, slow_vlad

# Sums of up to a few hundred rounded terms, against the same in float64.
TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}
OPTIONS = [
    {},
    {"norm": False},
    {"power": 0.5},
    {"power": 0.5, "norm": False},
    {"intra_norm": True},
    {"intra_norm": True, "norm": False},
    {"power": 0.3, "intra_norm": True},
]

WORDS = np.array([[0.0, 0.0], [8.0, 8.0]])
POINTS = np.array([[1.0, 0.0], [0.0, 2.0], [9.0, 4.0]])  # v_0 = (1, 2), v_1 = (1, −4)


# --- values by hand


def test_residual_sums_by_hand():
    assert residual_sums(POINTS, WORDS).tolist() == [[1.0, 2.0], [1.0, -4.0]]


def test_blocks_follow_one_another_word_by_word():
    assert vlad(POINTS, WORDS, norm=False).tolist() == [1.0, 2.0, 1.0, -4.0]


def test_global_length_by_hand():
    expected = np.array([1.0, 2.0, 1.0, -4.0]) / 22**0.5  # 1 + 4 + 1 + 16
    np.testing.assert_allclose(vlad(POINTS, WORDS), expected, rtol=1e-15)


def test_signed_power_by_hand():
    assert vlad(4 * POINTS, 4 * WORDS, power=0.5, norm=False).tolist() == [
        2.0,
        pytest.approx(8**0.5),
        2.0,
        -4.0,
    ]


def test_length_per_word_by_hand():
    expected = [1 / 5**0.5, 2 / 5**0.5, 1 / 17**0.5, -4 / 17**0.5]
    np.testing.assert_allclose(vlad(POINTS, WORDS, intra_norm=True, norm=False), expected)


def test_power_comes_before_the_length_per_word_and_that_before_the_length_in_all():
    # Roots (1, √2, 1, −2); lengths √3 and √5; two words of length 1 make √2.
    expected = np.array([1 / 3**0.5, 2**0.5 / 3**0.5, 1 / 5**0.5, -2 / 5**0.5]) / 2**0.5
    np.testing.assert_allclose(vlad(POINTS, WORDS, power=0.5, intra_norm=True), expected)


def test_k_16_and_64_words_of_sift_give_the_dimensions_of_the_lecture():
    assert vlad(np.ones((2, 128)), np.zeros((16, 128))).shape == (2048,)
    assert vlad(np.ones((2, 128)), np.zeros((64, 128))).shape == (8192,)


# --- the definition


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_agrees_with_the_definition(dtype, options, rng):
    descriptors = rng.standard_normal((150, 6)).astype(dtype)
    centroids = rng.standard_normal((9, 6)).astype(dtype)
    expected = slow_vlad(descriptors, centroids, **options)
    scale = max(1.0, np.abs(expected).max())
    got = vlad(descriptors, centroids, **options)
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@settings(max_examples=60, deadline=None)
@given(
    T=st.integers(0, 9),
    K=st.integers(1, 6),
    D=st.integers(1, 5),
    options=st.sampled_from(OPTIONS),
    seed=st.integers(0, 99),
)
def test_agrees_on_small_integers_of_any_shape(T, K, D, options, seed):
    generator = np.random.default_rng(seed)  # ties, repeated words and zero residuals abound
    descriptors, centroids = generator.integers(-3, 4, (T, D)), generator.integers(-3, 4, (K, D))
    got = vlad(descriptors, centroids, **options)
    np.testing.assert_allclose(got, slow_vlad(descriptors, centroids, **options), atol=1e-6)


def test_a_set_longer_than_a_block_is_summed_whole(rng):
    descriptors = rng.standard_normal((2 * _blocks.MAX_ROWS + 5, 2)).astype(np.float32)
    centroids = np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32)
    side = (descriptors[:, 0] > 0).astype(int)
    expected = [(descriptors[side == k] - centroids[k]).sum(axis=0, dtype=float) for k in (0, 1)]
    np.testing.assert_allclose(residual_sums(descriptors, centroids), expected, rtol=1e-4)


def test_sums_do_not_need_the_private_routine_of_scipy(monkeypatch, rng):
    descriptors, centroids = rng.standard_normal((80, 5)), rng.standard_normal((6, 5))
    expected = vlad(descriptors, centroids)
    monkeypatch.setattr(_blocks, "_csc_matvecs", None)
    assert vlad(descriptors, centroids).tobytes() == expected.tobytes()


# --- zeros


def test_words_without_descriptors_are_exactly_zero():
    sums = residual_sums([[0.1, 0.1]], [[0.0, 0.0], [5.0, 5.0]])
    assert sums[1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("times", [1, 7, 1000])
@pytest.mark.parametrize("offset", [0, 1000])
def test_descriptors_that_coincide_with_their_word_give_exactly_zero(times, offset, options, rng):
    # Their sum is no multiple of the word in floating point; the rest must not be scaled up to 1.
    centroids = (offset + rng.standard_normal((3, 4))).astype(np.float32)
    descriptors = np.repeat(centroids[1:], times, axis=0)
    assert not vlad(descriptors, centroids, **options).any()


def test_residuals_that_cancel_give_zero():
    assert vlad([[1.0], [-1.0]], [[0.0]], power=0.5, intra_norm=True).tolist() == [0.0]


def test_one_zero_word_does_not_disturb_the_others():
    got = vlad([[0.0, 0.0], [8.0, 11.0]], WORDS, intra_norm=True)
    assert got.tolist() == [0.0, 0.0, 0.0, 1.0]


# --- range and rounding


def test_sums_beyond_float16_are_refused_where_numpy_would_be_silent():
    descriptors = np.full((9, 2), 3e4, np.float16)
    message = r"^descriptors: expected magnitudes that float16 can square and add up, got .+$"
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=message):
        residual_sums(descriptors, np.zeros((1, 2)))


@pytest.mark.parametrize("offset", [1e2, 1e3, 1e4])
def test_a_common_offset_does_not_cost_float32_its_accuracy(offset, rng):
    centroids = (offset + rng.standard_normal((10, 6))).astype(np.float32)
    descriptors = (offset + rng.standard_normal((300, 6))).astype(np.float32)
    expected = slow_vlad(descriptors, centroids)
    np.testing.assert_allclose(vlad(descriptors, centroids), expected, rtol=0, atol=2e-6)


def test_residuals_far_smaller_than_the_distances_of_the_words_keep_their_digits(rng):
    centroids = np.array([[100.0] * 5, [-100.0] * 5], np.float32)
    spread = 0.01 * rng.standard_normal((400, 5))
    descriptors = (np.repeat(centroids, 200, axis=0) + spread).astype(np.float32)
    expected = slow_residual_sums(descriptors, centroids)
    np.testing.assert_allclose(residual_sums(descriptors, centroids), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_the_unit_of_the_descriptors_does_not_matter(scale, rng):
    descriptors = rng.standard_normal((60, 4)).astype(np.float32)
    centroids = rng.standard_normal((5, 4)).astype(np.float32)
    expected = vlad(descriptors, centroids, power=0.5, intra_norm=True)
    scaled = vlad(
        np.float32(scale) * descriptors,
        np.float32(scale) * centroids,
        power=0.5,
        intra_norm=True,
    )
    np.testing.assert_allclose(scaled, expected, atol=1e-5)


def test_a_shift_of_everything_does_not_matter(rng):
    descriptors, centroids = rng.integers(0, 9, (40, 3)), rng.integers(0, 9, (4, 3))
    shifted = vlad(descriptors + 500, centroids + 500)
    assert shifted.tolist() == vlad(descriptors, centroids).tolist()


def test_every_norm_is_one_or_zero(rng):
    vector = vlad(rng.standard_normal((70, 5)), rng.standard_normal((8, 5)), intra_norm=True)
    assert np.linalg.norm(vector) == pytest.approx(1)
    per_word = np.linalg.norm(vector.reshape(8, 5), axis=1)
    assert np.allclose(per_word[per_word > 0], per_word.max())


def test_power_damps_a_burst():
    burst = np.repeat([[1.0, 0.0]], 100, axis=0)
    once = [[8.0, 9.0]]
    shares = [
        np.abs(vlad(np.concatenate([burst, once]), WORDS, power=power)[[0, 3]])
        for power in (1.0, 0.5)
    ]
    assert shares[0][0] / shares[0][1] == pytest.approx(100)
    assert shares[1][0] / shares[1][1] == pytest.approx(10)
