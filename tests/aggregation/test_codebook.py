"""k-means gives means of cells; assign gives the nearest word whatever the offset and the block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from coursekit.aggregation import assign, kmeans
from coursekit.aggregation._blocks import MAX_ROWS
from tests.oracles.aggregation import slow_assign


def blobs(rng, n=300, D=4, n_blobs=5):
    middles = 10 * rng.standard_normal((n_blobs, D))
    return middles[rng.integers(0, n_blobs, n)] + rng.standard_normal((n, D))


# --- kmeans


def test_two_pairs_of_points_give_their_middles():
    points = np.array([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 2.0]])
    centroids = kmeans(points, 2)
    assert sorted(centroids.tolist()) == [[0.0, 1.0], [10.0, 1.0]]


def test_each_centroid_is_the_mean_of_its_cell_to_the_last_bit(rng):
    points = blobs(rng)
    centroids = kmeans(points, 5, max_iter=300)
    words = np.array(slow_assign(points, centroids))
    for k, centroid in enumerate(centroids):
        members = points[words == k]
        assert (sum(members) / len(members)).tolist() == centroid.tolist()


def test_the_best_of_several_starts_is_kept(rng):
    points = rng.random((300, 2))  # without clusters there are many local minima

    def distortion(n_init, seed):
        centroids = kmeans(points, 20, n_init=n_init, random_state=seed)
        gaps = np.linalg.norm(points[:, None] - centroids, axis=2).min(axis=1)
        return np.square(gaps).sum()

    seeds = range(4)
    gains = [distortion(1, seed) - distortion(6, seed) for seed in seeds]
    assert min(gains) >= 0  # the single start is the first of the six
    assert max(gains) > 0


def test_a_seed_gives_the_same_bytes_with_any_number_of_threads(rng):
    points = blobs(rng, n=3000)
    alone = kmeans(points, 16, random_state=7)
    with threadpool_limits(3):
        assert kmeans(points, 16, random_state=7).tobytes() == alone.tobytes()


def test_another_seed_starts_elsewhere(rng):
    points = rng.standard_normal((200, 3))
    assert not np.array_equal(
        kmeans(points, 20, random_state=0), kmeans(points, 20, random_state=1)
    )


def test_a_generator_may_be_given_and_moves_on(rng):
    points = rng.standard_normal((200, 3))
    generator = np.random.RandomState(0)
    first = kmeans(points, 20, random_state=generator)
    assert np.array_equal(first, kmeans(points, 20, random_state=0))
    assert not np.array_equal(first, kmeans(points, 20, random_state=generator))


def test_float32_is_learnt_as_exactly_as_float64(rng):
    points = blobs(rng).astype(np.float32)
    exact = kmeans(points.astype(np.float64), 5)
    assert np.array_equal(kmeans(points, 5), exact.astype(np.float32))


@pytest.mark.parametrize(
    ("given", "expected"),
    [("float16", "float16"), ("float32", "float32"), ("float64", "float64"), ("uint8", "float32")],
)
def test_the_codebook_has_the_dtype_of_the_descriptors(given, expected):
    points = np.arange(12).reshape(6, 2).astype(given)
    centroids = kmeans(points, 2)
    assert (centroids.dtype, centroids.shape) == (expected, (2, 2))


def test_as_many_words_as_points_are_the_points():
    points = np.array([[3.0], [1.0], [2.0]])
    assert sorted(kmeans(points, 3).ravel().tolist()) == [1.0, 2.0, 3.0]


def test_one_word_is_the_mean():
    assert kmeans([[0.0, 1.0], [2.0, 5.0]], 1).tolist() == [[1.0, 3.0]]


def test_repeated_points_are_no_obstacle_if_enough_are_distinct():
    points = np.repeat([[0.0], [1.0], [5.0]], 40, axis=0)
    assert sorted(kmeans(points, 3).ravel().tolist()) == [0.0, 1.0, 5.0]


def test_training_descriptors_are_left_alone(rng):
    points = blobs(rng)
    before = points.copy()
    kmeans(points, 5)
    assert np.array_equal(points, before)


# --- assign


@pytest.mark.parametrize("n_words", [1, 2, 7, 300])
@pytest.mark.parametrize("n_descriptors", [0, 1, 50])
def test_agrees_with_the_definition(n_descriptors, n_words, rng):
    descriptors = rng.standard_normal((n_descriptors, 5))
    centroids = rng.standard_normal((n_words, 5))
    assert assign(descriptors, centroids).tolist() == slow_assign(descriptors, centroids)


@settings(max_examples=60, deadline=None)
@given(T=st.integers(0, 12), K=st.integers(1, 9), D=st.integers(1, 6), seed=st.integers(0, 99))
def test_integers_are_assigned_exactly_ties_included(T, K, D, seed):
    generator = np.random.default_rng(seed)
    descriptors = generator.integers(-3, 4, (T, D))
    centroids = generator.integers(-3, 4, (K, D))
    assert assign(descriptors, centroids).tolist() == slow_assign(descriptors, centroids)


def test_sets_longer_than_a_block_are_assigned_whole(rng):
    descriptors = rng.standard_normal((2 * MAX_ROWS + 3, 2)).astype(np.float32)
    centroids = rng.standard_normal((3, 2)).astype(np.float32)
    squares = ((descriptors[:, None].astype(float) - centroids) ** 2).sum(axis=2)
    assert np.array_equal(assign(descriptors, centroids), squares.argmin(axis=1))


@pytest.mark.parametrize("offset", [0.0, 1e2, 1e3, 1e4])
def test_a_common_offset_does_not_cost_float32_its_accuracy(offset, rng):
    centroids = (offset + rng.standard_normal((30, 8))).astype(np.float32)
    descriptors = (offset + rng.standard_normal((200, 8))).astype(np.float32)
    assert assign(descriptors, centroids).tolist() == slow_assign(descriptors, centroids)


@settings(max_examples=60, deadline=None)
@given(K=st.integers(2, 9), D=st.integers(1, 3), seed=st.integers(0, 99))
def test_integers_are_assigned_exactly_far_from_the_origin(K, D, seed):
    generator = np.random.default_rng(seed)
    descriptors = 5000 + generator.integers(-2, 3, (9, D))
    centroids = 5000 + generator.integers(-2, 3, (K, D))
    assert assign(descriptors, centroids).tolist() == slow_assign(descriptors, centroids)


def test_the_first_of_equally_near_words_wins():
    assert assign([[1.0], [0.5]], [[2.0], [0.0], [2.0], [1.0]]).tolist() == [3, 1]
    assert assign([[1.0]], [[2.0], [0.0]]).tolist() == [0]


def test_the_first_of_equally_near_words_wins_far_from_the_origin():
    words = np.array([[1002.0, 7.0], [1000.0, 7.0], [1001.0, 9.0]], np.float32)
    assert assign(np.array([[1001.0, 7.0]], np.float32), words).tolist() == [0]


@pytest.mark.parametrize("n_words", [3, 64, 65, 130, 257])
def test_of_repeated_words_the_first_is_taken(n_words, rng):
    once = rng.standard_normal((n_words, 16)).astype(np.float32)
    descriptors = rng.standard_normal((100, 16)).astype(np.float32)
    assert assign(descriptors, np.concatenate([once, once])).max() < n_words


def test_a_word_is_nearest_to_itself(rng):
    centroids = rng.standard_normal((50, 6)).astype(np.float32)
    assert assign(centroids, centroids).tolist() == list(range(50))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int64", "longdouble"])
def test_any_numeric_dtype_is_accepted(dtype):
    assert assign(np.array([[0], [9]], dtype), np.array([[1], [8]])).tolist() == [0, 1]


def test_strided_arrays_are_accepted(rng):
    descriptors, centroids = rng.standard_normal((20, 8))[::2, ::2], rng.standard_normal((4, 5)).T
    assert assign(descriptors, centroids).tolist() == slow_assign(descriptors, centroids)
