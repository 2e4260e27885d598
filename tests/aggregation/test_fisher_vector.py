"""Fisher vectors: the definition, the gradient of the likelihood, limits, and rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import fisher_vector as fisher_vector_of_skimage
from sklearn.mixture import GaussianMixture

from coursekit.aggregation import _blocks, _posteriors, fisher_vector, gaussian_mixture, vlad
from coursekit.types import FloatArray
from tests.oracles.aggregation import slow_fisher_vector, slow_log_likelihood, slow_posteriors

ALL = ("weights", "means", "variances")
RAW = {"power": 1.0, "norm": False}
OPTIONS = [
    {},
    {"gradients": ALL},
    {"gradients": ("means",), "power": 1.0},
    {"gradients": ("variances", "weights"), "norm": False},
    {"gradients": ["weights"], **RAW},
    {"gradients": ALL, "min_posterior": 0.1, "power": 1.0},
]
TOLERANCE = {"float16": 2e-3, "float32": 3e-6, "float64": 1e-12}


def mixture_of(rng, K=5, D=4) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return weights, means and variances."""
    weights = rng.uniform(0.5, 1.5, K)
    variances = rng.uniform(0.3, 2.0, (K, D))
    return weights / weights.sum(), rng.standard_normal((K, D)), variances


def undo(vector, power):
    """Take the power back: a root makes 3e-6 of rounding near zero."""
    return np.sign(vector) * np.abs(vector.astype(float)) ** (1 / power)


# --- values by hand


def test_one_gaussian_by_hand():
    # z = (x − 1)/2 is ½ and 3/2: their mean is 1, that of z² − 1 is ¼, over √2.
    vector = fisher_vector([[2.0], [4.0]], [1.0], [[1.0]], [[4.0]], gradients=ALL, **RAW)
    np.testing.assert_allclose(vector, [0.0, 1.0, 0.25 / 2**0.5], rtol=1e-15, atol=1e-15)


def test_two_distant_gaussians_by_hand():
    # Three of four descriptors are of the first, of weight ¼: (¾ − ¼)/½ and (¼ − ¾)/√¾.
    # Means: (1 + 1 − 2)/(4·½) and (3/10)/(4·√¾); z² − 1 is 0, 0, 3 and −0.91.
    points = [[1.0], [1.0], [-2.0], [1003.0]]
    vector = fisher_vector(
        points, [0.25, 0.75], [[0.0], [1000.0]], [[1.0], [100.0]], gradients=ALL, **RAW
    )
    root = 0.75**0.5
    expected = [1.0, -0.5 / root, 0.0, 0.075 / root, 1.5 / 2**0.5, -0.2275 / root / 2**0.5]
    np.testing.assert_allclose(vector, expected, rtol=1e-13, atol=1e-13)


def test_a_descriptor_between_two_gaussians_belongs_to_both():
    half = fisher_vector(
        [[1.0]], [0.5, 0.5], [[0.0], [2.0]], [[1.0], [1.0]], gradients=("means",), **RAW
    )
    np.testing.assert_allclose(half, [0.5**0.5, -(0.5**0.5)], rtol=1e-15)


def test_signed_power_then_length():
    # Raw: 1 and ¼/√2.
    vector = fisher_vector([[2.0], [4.0]], [1.0], [[1.0]], [[4.0]])
    expected = np.array([1.0, (0.25 / 2**0.5) ** 0.5])
    np.testing.assert_allclose(vector, expected / (1 + 0.25 / 2**0.5) ** 0.5, rtol=1e-14)


def test_64_gaussians_in_64_dimensions_give_the_8192_of_the_lecture():
    ones = np.ones((64, 64))
    assert fisher_vector(ones[:2], np.full(64, 1 / 64), ones, ones).shape == (8192,)


# --- the definition


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_agrees_with_the_definition(dtype, options, rng):
    mixture = mixture_of(rng)
    descriptors = (1.5 * rng.standard_normal((60, 4))).astype(dtype)
    power = options.get("power", 0.5)
    got = undo(fisher_vector(descriptors, *mixture, **options), power)
    expected = undo(slow_fisher_vector(descriptors, *mixture, **options), power)
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype])


@settings(max_examples=60, deadline=None)
@given(
    T=st.integers(0, 7),
    K=st.integers(1, 4),
    D=st.integers(1, 4),
    options=st.sampled_from(OPTIONS),
    seed=st.integers(0, 99),
)
def test_agrees_on_small_integers_of_any_shape(T, K, D, options, seed):
    generator = np.random.default_rng(seed)  # equal components and descriptors on means abound
    descriptors, means = generator.integers(-3, 4, (T, D)), generator.integers(-3, 4, (K, D))
    mixture = np.full(K, 1 / K), means, generator.integers(1, 4, (K, D))
    expected = slow_fisher_vector(descriptors, *mixture, **options)
    got = fisher_vector(descriptors.astype(float), *mixture, **options)
    power = options.get("power", 0.5)
    np.testing.assert_allclose(undo(got, power), undo(expected, power), atol=1e-12)


def test_the_blocks_come_in_one_order_and_each_by_component(rng):
    mixture = mixture_of(rng, K=3, D=2)
    descriptors = rng.standard_normal((20, 2))
    parts = [fisher_vector(descriptors, *mixture, gradients=(name,), **RAW) for name in ALL]
    assert [len(part) for part in parts] == [3, 6, 6]
    for order in (ALL, ALL[::-1]):
        whole = fisher_vector(descriptors, *mixture, gradients=order, **RAW)
        assert np.array_equal(whole, np.concatenate(parts))


def test_each_block_holds_component_after_component(rng):
    weights, means, variances = mixture_of(rng, K=3, D=2)
    points = means[1] + np.array([[0.0, 9.0]])  # the far side of the second dimension
    vector = fisher_vector(points, weights, means, variances, gradients=("means",), **RAW)
    assert np.unravel_index(np.abs(vector).argmax(), (3, 2))[1] == 1


def test_a_set_longer_than_a_block_is_one_set(rng):
    mixture = mixture_of(rng, K=2, D=2)
    descriptors = rng.standard_normal((_blocks.MAX_ROWS + 7, 2))
    expected = slow_fisher_vector(descriptors, *mixture, ALL)
    np.testing.assert_allclose(fisher_vector(descriptors, *mixture, gradients=ALL), expected)


def test_agrees_with_scikit_image_but_for_the_sign_of_its_variances(rng):
    mixture = GaussianMixture(3, covariance_type="diag", random_state=0)
    mixture.fit(rng.standard_normal((200, 4)))
    descriptors = rng.standard_normal((30, 4))
    peer = fisher_vector_of_skimage(descriptors, mixture)
    peer[3 + 12 :] *= -1
    ours = fisher_vector(
        descriptors, mixture.weights_, mixture.means_, mixture.covariances_, gradients=ALL, **RAW
    )
    np.testing.assert_allclose(ours, peer, atol=1e-12)


# --- the gradient


def slope(function, h=1e-5):
    return (function(h) - function(-h)) / (2 * h)


@pytest.fixture
def model(rng):
    return mixture_of(rng, K=3, D=2), 1.3 * rng.standard_normal((8, 2))


def test_weights_are_the_gradient_by_the_logarithms_of_unnormalised_weights(model):
    (weights, means, variances), descriptors = model
    got = fisher_vector(descriptors, *model[0], gradients=("weights",), **RAW) * weights**0.5
    for k in range(3):

        def likelihood(h, k=k):
            moved = weights * np.exp(h * (np.arange(3) == k))  # alpha_k + h
            return slow_log_likelihood(descriptors, moved / moved.sum(), means, variances)

        assert got[k] == pytest.approx(slope(likelihood), abs=1e-8)


@pytest.mark.parametrize("name", ["means", "variances"])
def test_means_and_deviations_are_gradients_over_the_root_of_the_information(name, model):
    (weights, means, variances), descriptors = model
    sigmas = variances**0.5
    got = fisher_vector(descriptors, *model[0], gradients=(name,), **RAW).reshape(3, 2)
    # Fisher information: w/σ² for a mean, 2w/σ² for a deviation.
    got = got * ((1 if name == "means" else 2) * weights[:, None]) ** 0.5 / sigmas
    for k, d in np.ndindex(3, 2):
        step = np.zeros((3, 2))
        step[k, d] = 1

        def likelihood(h, step=step):
            if name == "means":
                return slow_log_likelihood(descriptors, weights, means + h * step, variances)
            return slow_log_likelihood(descriptors, weights, means, (sigmas + h * step) ** 2)

        assert got[k, d] == pytest.approx(slope(likelihood), abs=1e-8)


def test_descriptors_drawn_from_the_mixture_ask_for_no_change():
    rng = np.random.default_rng(0)
    weights, means, variances = mixture_of(rng, K=3, D=2)
    k = rng.choice(3, 200_000, p=weights)
    drawn = means[k] + variances[k] ** 0.5 * rng.standard_normal((len(k), 2))
    vector = fisher_vector(drawn, weights, means, variances, gradients=ALL, **RAW)
    assert np.abs(vector).max() < 0.01  # standard error: 1/√200,000 = 0.002


# --- limits


@pytest.mark.parametrize("sigma", [1e-3, 1e-5, 1e-9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vlad_is_the_limit_of_the_means_for_small_equal_variances(dtype, sigma, rng):
    descriptors = rng.standard_normal((60, 4)).astype(dtype)
    centroids = rng.standard_normal((5, 4)).astype(dtype)
    mixture = np.full(5, 0.2), centroids, np.full((5, 4), sigma**2)
    vector = fisher_vector(descriptors, *mixture, gradients=("means",), power=1)
    np.testing.assert_allclose(vector, vlad(descriptors, centroids), atol=1e-6)


def test_gaussians_without_descriptors_are_zero_but_for_their_weight():
    mixture = [0.5, 0.5], [[0.0], [1000.0]], [[1.0], [1.0]]
    vector = fisher_vector([[0.5]], *mixture, gradients=ALL, **RAW)
    assert vector[[3, 5]].tolist() == [0.0, 0.0]
    assert vector[1] == pytest.approx(-(0.5**0.5))


def test_small_posteriors_may_be_dropped_without_changing_the_others():
    mixture = [0.5, 0.5], [[0.0], [1.0]], [[1.0], [1.0]]
    options = {"gradients": ("means",), **RAW}
    whole = fisher_vector([[-1.0]], *mixture, **options)  # posteriors 0.82 and 0.18
    assert (
        fisher_vector([[-1.0]], *mixture, min_posterior=0.1, **options).tolist() == whole.tolist()
    )
    dropped = fisher_vector([[-1.0]], *mixture, min_posterior=0.2, **options)
    assert dropped.tolist() == [whole[0], 0.0]


def test_an_empty_set_gives_zeros_for_the_weights_too(rng):
    assert not fisher_vector(np.zeros((0, 4)), *mixture_of(rng), gradients=ALL).any()


# --- rounding


@pytest.mark.parametrize("distance", [1e3, 1e5, 1e8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_posteriors_survive_descriptors_far_away(dtype, distance, rng):
    mixture = mixture_of(rng, K=4, D=3)
    far = (distance * rng.standard_normal((1, 3))).astype(dtype)
    gamma = fisher_vector(far, *mixture, gradients=("weights",), **RAW) * mixture[0] ** 0.5
    expected = slow_posteriors(far[0], *(array.tolist() for array in mixture))
    np.testing.assert_allclose(gamma + mixture[0], expected, rtol=0, atol=1e-6)
    near = rng.standard_normal((9, 3)).astype(dtype)  # share its block
    both = np.concatenate([near, far])
    got = fisher_vector(both, *mixture, power=1)
    np.testing.assert_allclose(got, slow_fisher_vector(both, *mixture, power=1), atol=1e-6)


@pytest.mark.parametrize("variance", [1e-6, 1e-8, 1e-12])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiny_variances_keep_their_digits(dtype, variance, rng):
    means = rng.standard_normal((4, 3)).astype(dtype)
    spread = variance**0.5 * rng.standard_normal((4, 10, 3))
    descriptors = (means[:, None] + spread).reshape(40, 3).astype(dtype)
    mixture = [0.1, 0.2, 0.3, 0.4], means, np.full((4, 3), variance)
    expected = slow_fisher_vector(descriptors, *mixture, power=1)
    np.testing.assert_allclose(fisher_vector(descriptors, *mixture, power=1), expected, atol=1e-6)


@pytest.mark.parametrize("offset", [1e2, 1e4, 1e6])
def test_a_common_offset_does_not_cost_float32_its_accuracy(offset, rng):
    weights, means, variances = mixture_of(rng)
    descriptors = (offset + rng.standard_normal((60, 4))).astype(np.float32)
    mixture = weights, offset + means, variances
    expected = slow_fisher_vector(descriptors, *mixture, power=1)
    np.testing.assert_allclose(fisher_vector(descriptors, *mixture, power=1), expected, atol=3e-6)


@pytest.mark.parametrize("scale", [1e-15, 1e15])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_unit_of_each_dimension_does_not_matter(dtype, scale, rng):
    weights, means, variances = mixture_of(rng)
    descriptors = rng.standard_normal((60, 4)).astype(dtype)
    expected = fisher_vector(descriptors, weights, means, variances, gradients=ALL, power=1)
    units = np.array([1, scale, 1, 1], dtype)
    scaled = weights, means * units, variances * units.astype(float) ** 2
    got = fisher_vector(descriptors * units, *scaled, gradients=ALL, power=1)
    np.testing.assert_allclose(got, expected, atol=2e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_and_differences_give_the_same(dtype, rng, monkeypatch):
    mixture = mixture_of(rng)
    descriptors = rng.standard_normal((300, 4)).astype(dtype)
    by_products = fisher_vector(descriptors, *mixture, gradients=ALL, **RAW)
    for name in _posteriors.LARGEST_TERM:
        monkeypatch.setitem(_posteriors.LARGEST_TERM, name, -1.0)
        got = fisher_vector(descriptors, *mixture, gradients=ALL, **RAW)
        np.testing.assert_allclose(got, by_products, atol=2e-6 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("unit", [1e-6, 1, 1e6])
def test_ordinary_descriptors_need_no_more_than_float32(unit, rng, monkeypatch):
    descriptors = (unit * rng.standard_normal((2000, 64))).astype(np.float32)
    mixture = gaussian_mixture(descriptors, 8, max_iter=5)
    expected = fisher_vector(descriptors, *mixture)
    monkeypatch.setitem(_posteriors.LARGEST_TERM, np.dtype(np.float64), -1.0)
    monkeypatch.delattr(_posteriors.Posteriors, "_sums_of_differences")
    assert np.array_equal(fisher_vector(descriptors, *mixture), expected)


def test_every_length_is_one(rng):
    vector = fisher_vector(rng.standard_normal((70, 4)), *mixture_of(rng))
    assert np.linalg.norm(vector) == pytest.approx(1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_posteriors_are_never_subnormal(dtype):
    # Products with such numbers are many times slower.
    steps = np.linspace(0, 1.2 * np.log(np.finfo(dtype).tiny), 997, dtype=dtype)
    shares = _posteriors._shares(np.stack([np.zeros_like(steps), steps]), 0.0)
    positive = shares[1][shares[1] > 0]
    tiny = float(np.finfo(dtype).tiny)
    assert positive.min() >= tiny
    assert len(positive) > 0.7 * len(steps)
    expected = 1 / (1 + np.exp(-steps[: len(positive)]))
    np.testing.assert_allclose(positive, expected, rtol=1e-5, atol=2 * tiny**0.9)
