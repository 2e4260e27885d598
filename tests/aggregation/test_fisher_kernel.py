"""Score and Fisher information: gradients, values by hand, and the kernel behind Fisher vectors."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.aggregation import fisher_information, fisher_vector, score
from tests.oracles.aggregation import slow_log_likelihood

ALL = ("weights", "means", "variances")
APART = (  # overlaps of e^-1000: posteriors are 0 or 1
    np.array([0.25, 0.75]),
    np.array([[0.0, 0.0], [100.0, 0.0]]),
    np.array([[1.0, 4.0], [2.0, 0.5]]),
)
CLOSE = (
    np.array([0.5, 0.3, 0.2]),
    np.array([[0.0], [1.0], [-2.0]]),
    np.array([[1.0], [2.0], [0.5]]),
)


def test_score_of_one_gaussian_by_hand():
    # z = (5 − 1)/2 = 2: z/σ = 1 and (z² − 1)/σ = 3/2.
    assert score([[5.0], [1.0]], [1.0], [[1.0]], [[4.0]]).tolist() == [[0, 1, 1.5], [0, 0, -0.5]]


def test_information_of_two_gaussians_by_hand():
    expected = np.diag([0.1875, 0.1875, 0.25, 0.0625, 0.375, 1.5, 0.5, 0.125, 0.75, 3.0])
    expected[0, 1] = expected[1, 0] = -0.1875  # 1/4 · 3/4
    assert fisher_information(*APART).tolist() == expected.tolist()


@pytest.mark.parametrize("x", [-3.0, 0.2, 1.0, 5.0])
def test_the_score_is_the_gradient_of_the_log_likelihood(x):
    weights, means, variances = CLOSE
    parameters = np.concatenate([np.log(weights), means.ravel(), variances.ravel() ** 0.5])

    def likelihood(values):
        moved = np.exp(values[:3])
        return slow_log_likelihood(
            [[x]], moved / moved.sum(), values[3:6, None], values[6:, None] ** 2
        )

    steps = 1e-5 * np.eye(9)
    slopes = [(likelihood(parameters + h) - likelihood(parameters - h)) / 2e-5 for h in steps]
    np.testing.assert_allclose(score([[x]], *CLOSE)[0], slopes, atol=1e-8)


def test_the_score_averages_to_zero_under_the_model():
    generator = np.random.default_rng(0)
    k = generator.choice(3, 100_000, p=CLOSE[0])
    drawn = CLOSE[1][k] + CLOSE[2][k] ** 0.5 * generator.standard_normal((len(k), 1))
    assert np.abs(score(drawn, *CLOSE).mean(axis=0)).max() < 0.01  # standard error: 0.003


def test_samples_of_gaussians_far_apart_give_the_closed_form():
    sampled = fisher_information(*APART, n_samples=60_000)
    np.testing.assert_allclose(sampled, fisher_information(*APART), atol=0.06)


def test_samples_of_overlapping_gaussians_do_not():
    sampled = fisher_information(*CLOSE, n_samples=20_000)
    assert np.abs(sampled - fisher_information(*CLOSE)).max() > 0.1


def test_sampled_information_is_minus_the_average_hessian():
    # One parameter of CLOSE, the first mean: differences of its score.
    generator = np.random.default_rng(0)
    k = generator.choice(3, 60_000, p=CLOSE[0])
    drawn = CLOSE[1][k] + CLOSE[2][k] ** 0.5 * generator.standard_normal((len(k), 1))
    step = np.array([[1e-4], [0], [0]])
    up, down = (score(drawn, CLOSE[0], CLOSE[1] + h, CLOSE[2])[:, 3] for h in (step, -step))
    sampled = fisher_information(*CLOSE, n_samples=60_000)[3, 3]
    assert -(up - down).mean() / 2e-4 == pytest.approx(sampled, abs=0.01)


def test_information_is_symmetric_positive_semi_definite_and_singular():
    for information in (fisher_information(*CLOSE), fisher_information(*CLOSE, n_samples=5000)):
        np.testing.assert_allclose(information, information.T)
        values = np.linalg.eigvalsh(information)
        assert values[0] == pytest.approx(0, abs=1e-12)
        assert values[1] > 1e-6


def test_a_dot_product_of_fisher_vectors_is_the_fisher_kernel(rng):
    whitener = np.linalg.pinv(fisher_information(*CLOSE))
    sets = rng.standard_normal((2, 20, 1))
    left, right = (score(rows, *CLOSE).mean(axis=0) for rows in sets)
    phi = [fisher_vector(rows, *CLOSE, gradients=ALL, power=1, norm=False) for rows in sets]
    assert phi[0] @ phi[1] == pytest.approx(left @ whitener @ right, rel=1e-9)


def test_the_average_score_whitened_is_the_fisher_vector(rng):
    rows = 2 * rng.standard_normal((20, 1))
    weights, _, variances = CLOSE
    by_mean = (weights[:, None] / variances).ravel()
    roots = np.concatenate([weights, by_mean, 2 * by_mean]) ** 0.5
    got = fisher_vector(rows, *CLOSE, gradients=ALL, power=1, norm=False)
    np.testing.assert_allclose(got, score(rows, *CLOSE).mean(axis=0) / roots, atol=1e-12)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("float16", "float16"), ("float32", "float32"), ("float64", "float64"), ("uint8", "float32")],
)
def test_the_score_has_the_dtype_of_the_descriptors(given, expected):
    assert score(np.ones((2, 1), given), *CLOSE).dtype == expected
    assert score(np.ones((0, 1), given), *CLOSE).shape == (0, 9)


def test_a_seed_gives_the_same_samples():
    first, again = (fisher_information(*CLOSE, n_samples=5000, random_state=3) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, fisher_information(*CLOSE, n_samples=5000))
