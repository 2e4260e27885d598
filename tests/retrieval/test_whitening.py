"""Whitening: what it promises on its training set, small training sets, and bad input."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coursekit.retrieval import LearnedWhitening, PCAWhitening


def views(rng, n_places=60, n_views=3, D=12, noise=0.3):
    """Views of places: most of the noise lies along the first axis."""
    places = rng.normal(size=(n_places, D))
    scale = np.full(D, noise)
    scale[0] = 10
    X = np.repeat(places, n_views, axis=0) + scale * rng.normal(size=(n_places * n_views, D))
    return X, np.repeat(np.arange(n_places), n_views)


def loop_of_learned_whitening(X, y, shrinkage):
    """Follow Mikolajczyk & Matas step by step, pair by pair."""
    n, D = X.shape
    within, n_pairs = np.zeros((D, D)), 0
    for i in range(n):
        for j in range(i + 1, n):
            if y[i] == y[j] >= 0:
                within += np.outer(X[i] - X[j], X[i] - X[j])
                n_pairs += 1
    within /= n_pairs
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / D * np.eye(D)
    lower = np.linalg.cholesky(within)
    centred = (X - X.mean(axis=0)).T
    between = np.linalg.inv(lower) @ centred @ centred.T @ np.linalg.inv(lower).T
    values, vectors = np.linalg.eigh(between)
    return vectors[:, np.argsort(-values)].T @ np.linalg.inv(lower)


def test_pca_whitening_makes_the_covariance_the_identity(rng):
    X = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + 5
    whitening = PCAWhitening().fit(X)
    Y = (X - whitening.mean_) @ whitening.projection_.T
    np.testing.assert_allclose(np.cov(Y.T), np.eye(6), atol=1e-10)
    expected = Y / np.linalg.norm(Y, axis=1, keepdims=True)
    np.testing.assert_allclose(whitening.transform(X), expected)


def test_pca_whitening_survives_fewer_vectors_than_dimensions(rng):
    X = rng.normal(size=(10, 40)).astype(np.float32)
    whitening = PCAWhitening().fit(X)
    assert whitening.projection_.shape == (9, 40)  # the mean takes one
    Y = whitening.transform(X)
    assert Y.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(Y, axis=1), 1, rtol=1e-5)
    # Ten points in nine whitened dimensions are the corners of a simplex: all equally far.
    products = (Y @ Y.T)[~np.eye(10, dtype=bool)]
    np.testing.assert_allclose(products, -1 / 9, atol=1e-4)


def test_pca_whitening_drops_directions_without_variance(rng):
    X = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 8))
    assert PCAWhitening().fit(X).projection_.shape == (3, 8)


def test_learned_whitening_agrees_with_the_paper_read_aloud(rng):
    X, y = views(rng, n_places=30, D=5)
    y[-6:] = -1
    whitening = LearnedWhitening().fit(X, y)
    expected = loop_of_learned_whitening(X, y, whitening.shrinkage_)
    # Rows are eigenvectors: their signs are free.
    signs = np.sign((whitening.projection_ * expected).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(whitening.projection_, signs * expected, rtol=1e-6, atol=1e-9)


def test_learned_whitening_forgets_what_differs_between_views(rng):
    X, y = views(rng)
    unseen, labels = views(rng)
    found = {
        name: nearest_is_right(V, labels)
        for name, V in {
            "raw": unseen / np.linalg.norm(unseen, axis=1, keepdims=True),
            "pca": PCAWhitening().fit(X).transform(unseen),
            "learned": LearnedWhitening().fit(X, y).transform(unseen),
        }.items()
    }
    assert found["raw"] < found["pca"] < found["learned"], found
    assert found["learned"] > 0.95


def nearest_is_right(V, labels):
    scores = V @ V.T
    np.fill_diagonal(scores, -np.inf)
    return (labels[scores.argmax(axis=1)] == labels).mean()


def test_learned_whitening_survives_fewer_pairs_than_dimensions(rng):
    X, y = views(rng, n_places=4, n_views=2, D=50)
    whitening = LearnedWhitening().fit(X, y)
    assert whitening.projection_.shape == (50, 50)
    assert np.isfinite(whitening.projection_).all()
    assert 0 < whitening.shrinkage_ <= 1
    np.testing.assert_allclose(np.linalg.norm(whitening.transform(X), axis=1), 1)


@pytest.mark.parametrize("whitening", [PCAWhitening(3), LearnedWhitening(3)])
def test_scikit_learns_contract(rng, whitening):
    X, y = views(rng)
    fitted = clone(whitening).fit(X, y)
    Y = fitted.transform(X)
    assert Y.shape == (len(X), 3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(X), Y)
    assert len(fitted.get_feature_names_out()) == 3
    pipeline = make_pipeline(StandardScaler(), clone(whitening)).fit(X, y)
    assert pipeline.transform(X).shape == (len(X), 3)
    with pytest.raises(NotFittedError):
        clone(whitening).transform(X)


@pytest.mark.parametrize("whitening", [PCAWhitening(), LearnedWhitening()])
def test_a_vector_equal_to_the_mean_becomes_zero(rng, whitening):
    X, y = views(rng)
    fitted = whitening.fit(X, y)
    np.testing.assert_array_equal(fitted.transform(fitted.mean_[None]), 0)


X, Y = np.eye(4), np.array([0, 0, 1, 1])
BAD = {
    "rank": (PCAWhitening(), np.zeros(4), Y, ValueError, r"^X: expected shape \(n, D\), got"),
    "one": (PCAWhitening(), X[:1], Y, ValueError, r"^X: expected at least 2 vectors, got 1$"),
    "nan": (PCAWhitening(), X * np.nan, Y, ValueError, "^X: expected finite values"),
    "same": (PCAWhitening(), X * 0, Y, ValueError, "^X: expected vectors that differ"),
    "too many": (PCAWhitening(4), X, Y, ValueError, r"^n_components: .* in \[1, 3\], got 4$"),
    "tolerance": (PCAWhitening(tolerance=0), X, Y, ValueError, "^tolerance: .* > 0, got 0$"),
    "floats": (LearnedWhitening(), X, Y * 1.0, TypeError, "^y: expected integers, got"),
    "length": (LearnedWhitening(), X, Y[:3], ValueError, r"^y: expected shape \(4,\)"),
    "no pair": (LearnedWhitening(), X, np.arange(4), ValueError, "^y: expected at least two equal"),
    "alone": (LearnedWhitening(), X, np.full(4, -1), ValueError, "^y: expected at least two equal"),
    "equal": (LearnedWhitening(), X * 0, Y, ValueError, "^X: expected matching vectors that diff"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    whitening, X, y, error, message = BAD[case]
    with pytest.raises(error, match=message):
        whitening.fit(X, y)


def test_transform_refuses_another_dimension():
    with pytest.raises(ValueError, match=r"^X: expected shape \(n, 4\) to match fit, got \(1, 3\)"):
        PCAWhitening(2).fit(X).transform(np.zeros((1, 3)))
