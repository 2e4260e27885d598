"""k-means gives means of cells; assign gives the nearest word whatever the offset and the block."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from coursekit.aggregation import _lloyd, assign, bag_of_words, kmeans
from coursekit.aggregation._blocks import MAX_ROWS
from coursekit.aggregation._grid import DOUBLE, SINGLE, STEPS, Grid
from coursekit.aggregation._lloyd import Partition
from coursekit.aggregation._seeding import spread_points
from coursekit.data import photos
from coursekit.features import sift
from tests.oracles.aggregation import slow_assign, slow_lloyd


def blobs(rng, n=300, D=4, n_blobs=5):
    middles = 10 * rng.standard_normal((n_blobs, D))
    return middles[rng.integers(0, n_blobs, n)] + rng.standard_normal((n, D))


def distortion(points, centroids):
    return np.square(points[:, None] - centroids).sum(axis=2).min(axis=1).sum()


# --- kmeans


def test_two_pairs_of_points_give_their_middles():
    points = np.array([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 2.0]])
    centroids = kmeans(points, 2)
    assert sorted(centroids.tolist()) == [[0.0, 1.0], [10.0, 1.0]]


def test_each_centroid_is_the_mean_of_its_cell(rng):
    points = blobs(rng)
    centroids = kmeans(points, 5, max_iter=300)
    words = np.array(slow_assign(points, centroids))
    step = np.linalg.norm(points - points.mean(axis=0), axis=1).max() / 400  # at most: see kmeans
    for k, centroid in enumerate(centroids):
        np.testing.assert_allclose(centroid, points[words == k].mean(axis=0), atol=step / 10)


@pytest.mark.parametrize("n_iterations", [1, 2, 20])
def test_agrees_with_lloyd_in_fractions(n_iterations, rng):
    points = rng.integers(-300, 300, (60, 3))
    start = points[[3, 14, 15, 9]]
    expected = slow_lloyd(points.tolist(), start.tolist(), n_iterations)
    got = kmeans(points.astype(float), 4, init=start, max_iter=n_iterations)
    assert (
        np.abs(got - expected).max() <= 1 / 32 + 1 / 1000
    )  # the grid of sixteenths, and its knock-on


def test_sums_in_another_order_give_the_same_bytes(rng):
    """The order of the dimensions is that in which a product adds up: what differs between BLAS."""
    points = blobs(rng, n=2000, D=40, n_blobs=30).astype(np.float32)
    order = rng.permutation(40)
    start = points[:30]
    plain = kmeans(points, 30, init=start)
    turned = kmeans(points[:, order], 30, init=start[:, order])
    assert turned.tobytes() == plain[:, order].tobytes()


def test_points_in_another_order_give_the_same_bytes(rng):
    points = blobs(rng, n=5000, D=6, n_blobs=30)
    start = points[:30]
    shuffled = points[rng.permutation(5000)]
    # On one grid, since where it lies is decided by some of the points.
    both = [Grid(SINGLE, np.zeros(6), 8.0).integers(some) for some in (points, shuffled)]
    partitions = [Partition(some, np.rint(8 * start), SINGLE) for some in both]
    for partition in partitions:
        partition.iterate(50)
    first, second = (partition.centroids for partition in partitions)
    assert first.tobytes() == second.tobytes()


def test_several_threads_give_the_bytes_of_one(rng, monkeypatch):
    points = blobs(rng, n=4000)
    alone = kmeans(points, 16)
    monkeypatch.setattr(_lloyd, "_POINTS_AT_ONCE", 300)
    with threadpool_limits(3):
        assert kmeans(points, 16).tobytes() == alone.tobytes()


def test_start_and_iterations_are_exact_on_any_processor():
    """Other kernels of OpenBLAS, where it is the BLAS and obeys; else the same twice."""
    code = (
        "import numpy as np, hashlib; from coursekit.aggregation import kmeans;"
        "x = np.random.default_rng(0).gamma(0.5, size=(3000, 32)).astype(np.float32);"
        "print(hashlib.sha256(kmeans(x, 40).tobytes()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"OPENBLAS_CORETYPE": kernel},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for kernel in ("Haswell", "Prescott")
    }
    assert len(said) == 1


@pytest.mark.parametrize("precision", [SINGLE, DOUBLE])
@pytest.mark.parametrize("D", [1, 3, 200])
def test_no_part_of_a_score_exceeds_what_is_exact(precision, D, rng):
    points = rng.standard_normal((50, D)) * rng.gamma(0.2, size=(50, 1)) + 7
    grid = Grid.around(points, precision)
    integers = grid.integers(points).astype(object)  # Python's integers
    longest = max(sum(x * x for x in row) for row in integers)
    assert 1.5 * longest * STEPS <= 2**precision.bits
    assert longest > (precision.radius / 2 - 2 * D**0.5) ** 2  # no finer grid would do


def test_integers_as_long_as_sifts_are_not_rounded(rng):
    points = rng.integers(0, 90, (500, 128)).astype(np.float32)
    assert 450 < np.linalg.norm(points, axis=1).max() < 700
    grid = Grid.around(points, SINGLE)
    assert grid.scale >= 1
    assert grid.noise(points) == 0


UNEVEN = {
    "one far point": lambda rng, x: np.vstack([x, np.full((1, 8), 1e4)]),
    "offset": lambda rng, x: x + 1e4,
    "columns of all sizes": lambda rng, x: x * np.logspace(0, -4, 8),
    "plain": lambda rng, x: x,
}


@pytest.mark.parametrize("name", UNEVEN)
def test_rounding_costs_less_than_a_thousandth(name, rng):
    points = UNEVEN[name](rng, blobs(rng, n=800, D=8, n_blobs=12))
    start = points[:12].copy()
    ours = kmeans(points, 12, init=start, max_iter=300)
    peer = KMeans(12, init=start, n_init=1, max_iter=300, tol=0).fit(points).cluster_centers_
    assert distortion(points, ours) <= 1.001 * distortion(points, peer)


def test_the_start_is_as_good_as_that_of_scikit_learn(rng):
    points = blobs(rng, n=9000, D=8, n_blobs=300)
    ours = [distortion(points, kmeans(points, 100, random_state=i)) for i in range(4)]
    theirs = [
        distortion(points, KMeans(100, random_state=i).fit(points).cluster_centers_)
        for i in range(4)
    ]
    assert np.mean(ours) <= 1.02 * np.mean(theirs)


def test_a_word_without_descriptors_moves_to_the_farthest_of_them():
    points = np.array([[0.0], [1.0], [2.0], [50.0]])
    centroids = kmeans(points, 2, init=[[1.0], [1000.0]])
    assert sorted(centroids.ravel().tolist()) == [1.0, 50.0]


def test_of_root_sift_rounding_takes_off_what_the_docstring_says():
    points = np.concatenate([sift(photo.load()).descriptors for photo in photos()[:6]])
    grid = Grid.around(points, SINGLE)
    lost = grid.noise(points) / grid.scale**2
    assert 1e-4 < lost / distortion(points, kmeans(points, 16)) < 3e-4


@pytest.mark.parametrize(("init", "named"), [(None, "descriptors"), ([[2e200]], "init")])
def test_what_is_too_large_to_be_squared_is_named(init, named):
    with pytest.raises(ValueError, match=rf"^{named}: expected magnitudes that float64 can square"):
        kmeans([[1e200], [-1e200]], 1, init=init)


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ([[0.0]], r"^init: expected 2 rows, one a word, got 1$"),
        ([[0.0, 1.0], [1.0, 1.0]], r"^init: expected shape \(K, 1\) to match descriptors, got "),
        ([[0.0], [np.nan]], r"^init: expected finite values, got nan"),
    ],
)
def test_a_start_that_does_not_fit_is_refused(init, message):
    with pytest.raises(ValueError, match=message):
        kmeans([[0.0], [1.0], [5.0]], 2, init=init)


@pytest.mark.parametrize("init", [None, [[0.0], [1.0], [2.0]]])
def test_too_few_distinct_descriptors_are_refused(init):
    message = r"^descriptors: expected 3 distinct points or more, got 2$"
    with pytest.raises(ValueError, match=message):
        kmeans([[0.0], [1.0], [0.0], [1.0]], 3, init=init)


def test_distinct_points_missed_by_the_sample_are_found():
    points = np.zeros((20_000, 1))
    points[[5, 11]] = [[1.0], [9.0]]  # a sample of 4096 rarely holds both
    assert sorted(kmeans(points, 3).ravel().tolist()) == [0.0, 1.0, 9.0]


def test_points_closer_than_the_coarse_grid_are_told_apart():
    points = np.array([[0.0], [1e-5], [1.0], [1.0]])
    assert sorted(kmeans(points, 3).ravel().tolist()) == pytest.approx([0.0, 1e-5, 1.0], abs=1e-7)


def test_a_start_draws_by_the_square_of_the_distance():
    points = np.array([[0.0], [0.0], [0.0], [10.0], [20.0]], np.float32)
    seconds = [spread_points(points, 2, np.random.RandomState(i)).tolist() for i in range(40)]
    assert all(points[i] != points[j] for i, j in seconds)
    assert {i for i, _ in seconds} == {0, 1, 2, 3, 4}


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


def near_ties(rng, D, dtype):
    """Return descriptors about half-way between two words: float32 alone cannot tell which."""
    words = rng.standard_normal((30, D)).astype(dtype)
    pairs = np.array([rng.choice(30, 2, replace=False) for _ in range(400)])
    middles = words[pairs].astype(float).mean(axis=1)
    gap = np.finfo(dtype).eps * 10 ** rng.uniform(-2, 2, (400, 1))
    return (middles + gap * rng.standard_normal((400, D))).astype(dtype), words


def float64_order(descriptors, words):
    squares = np.square(descriptors[:, None].astype(float) - words.astype(float)).sum(axis=2)
    return np.argsort(squares, axis=1, kind="stable")


@pytest.mark.parametrize("D", [1, 2, 64, 300])
def test_words_that_rounding_could_confuse_are_told_apart(D, rng):
    descriptors, words = near_ties(rng, D, np.float32)
    assert assign(descriptors, words).tolist() == float64_order(descriptors, words)[:, 0].tolist()


@pytest.mark.parametrize("n_assign", [2, 3, 30])
def test_so_are_several_words(n_assign, rng):
    descriptors, words = near_ties(rng, 16, np.float32)
    expected = float64_order(descriptors, words)[:, :n_assign]
    for x, nearest in zip(descriptors[:60], expected, strict=False):
        histogram = bag_of_words(x[None], words, n_assign=n_assign, norm=None)
        assert np.flatnonzero(histogram).tolist() == sorted(nearest.tolist())
