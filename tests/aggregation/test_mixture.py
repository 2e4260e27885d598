"""The mixture that is learnt: its values where they are known, its floor, its seed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from coursekit.aggregation import gaussian_mixture, kmeans
from tests.oracles.aggregation import slow_log_likelihood


def draw(rng, n=600):
    """Return descriptors of three Gaussians, with their parameters."""
    weights = np.array([0.5, 0.3, 0.2])
    means = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 30.0]])
    sigmas = np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0]])
    k = rng.choice(3, n, p=weights)
    return means[k] + sigmas[k] * rng.standard_normal((n, 2)), (weights, means, sigmas)


def test_one_gaussian_is_the_mean_and_the_variance():
    weights, means, variances = gaussian_mixture([[0.0, 1.0], [2.0, 5.0]], 1)
    assert (weights.tolist(), means.tolist()) == ([1.0], [[1.0, 3.0]])
    np.testing.assert_allclose(variances, [[1.0, 4.0]], rtol=2e-6)


def test_it_finds_the_gaussians_that_were_drawn_from(rng):
    points, (weights, means, sigmas) = draw(rng, n=3000)
    mixture = gaussian_mixture(points, 3, n_init=5)
    order = [int(np.abs(mixture.means - mean).sum(axis=1).argmin()) for mean in means]
    np.testing.assert_allclose(mixture.weights[order], weights, atol=0.05)
    np.testing.assert_allclose(mixture.means[order], means, atol=0.5)
    np.testing.assert_allclose(mixture.variances[order] ** 0.5, sigmas, rtol=0.15)


def test_it_explains_the_descriptors_better_than_its_start(rng):
    points = rng.standard_normal((150, 2)) * [1, 3] + rng.integers(0, 2, (150, 1)) * [2, 0]
    centroids = kmeans(points, 2)
    start = [0.5, 0.5], centroids.tolist(), [[1.0, 1.0]] * 2
    mixture = [array.tolist() for array in gaussian_mixture(points, 2)]
    assert slow_log_likelihood(points, *mixture) > slow_log_likelihood(points, *start)


def test_its_likelihood_is_that_of_scikit_learn(rng):
    points, _ = draw(rng)
    peer = GaussianMixture(3, covariance_type="diag", n_init=5, random_state=0).fit(points)
    mixture = [array.tolist() for array in gaussian_mixture(points, 3, n_init=5)]
    assert slow_log_likelihood(points, *mixture) == pytest.approx(peer.score(points), abs=1e-3)


def test_weights_are_positive_and_add_up_to_one(rng):
    mixture = gaussian_mixture(rng.standard_normal((200, 3)), 12)
    assert mixture.weights.min() > 0
    assert mixture.weights.sum() == pytest.approx(1, abs=1e-12)


def test_a_gaussian_on_one_point_gets_the_floor():
    points = np.array([[0.0], [0.0], [10.0], [12.0]])
    mixture = gaussian_mixture(points, 2, variance_floor=0.01)
    total = points.var()
    assert mixture.variances.min() == pytest.approx(0.01 * total)
    assert gaussian_mixture(points, 2).variances.min() == pytest.approx(0.001 * total)


def test_as_many_gaussians_as_points_are_possible():
    mixture = gaussian_mixture([[1.0], [2.0], [4.0]], 3)
    assert sorted(mixture.means.round(3).ravel().tolist()) == [1.0, 2.0, 4.0]


def test_a_constant_dimension_gets_the_floor_of_the_others(rng):
    points = np.column_stack([rng.standard_normal(50), np.full(50, 0.1)])
    variances = gaussian_mixture(points, 1).variances
    np.testing.assert_allclose(variances[0, 1], 1e-3 * points[:, 0].var())


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_the_unit_does_not_matter(scale, rng):
    points, _ = draw(rng)
    weights, means, variances = gaussian_mixture(points, 3)
    scaled = gaussian_mixture(scale * points, 3)
    np.testing.assert_allclose(scaled.weights, weights, rtol=1e-6)
    np.testing.assert_allclose(scaled.means, scale * means, rtol=1e-6, atol=1e-6 * scale)
    np.testing.assert_allclose(scaled.variances, scale**2 * variances, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
def test_it_is_in_float64_whatever_is_given(dtype):
    points = np.arange(12).reshape(6, 2)
    got, expected = gaussian_mixture(points.astype(dtype), 2), gaussian_mixture(points * 1.0, 2)
    for array, same in zip(got, expected, strict=True):
        assert array.dtype == np.float64
        assert array.tobytes() == same.tobytes()


def test_a_seed_gives_the_same_bytes_and_another_starts_elsewhere(rng):
    points = rng.standard_normal((200, 3))
    first, again = gaussian_mixture(points, 9), gaussian_mixture(points, 9)
    assert first.means.tobytes() == again.means.tobytes()
    assert not np.array_equal(first.means, gaussian_mixture(points, 9, random_state=1).means)


def test_one_iteration_is_no_cause_for_a_warning(rng):
    gaussian_mixture(rng.standard_normal((60, 2)), 4, max_iter=1)  # a warning is an error here


def test_training_descriptors_are_left_alone(rng):
    points, _ = draw(rng)
    before = points.copy()
    gaussian_mixture(points, 3)
    assert np.array_equal(points, before)
