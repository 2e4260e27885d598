"""Whitening and expansion as the comparison does them, against loops over the equations."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.comparison.postprocessing import (
    expand,
    learned_whitening,
    make_views,
    pca_whitening,
)
from coursekit.data import places
from tests.oracles import retrieval as oracle


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def drawn(n, D, seed=0):
    """n photos, two views of each, and 7 vectors to be whitened; float32 of norm 1."""
    rng = np.random.default_rng(seed)
    photos = rng.normal(size=(n, D)) * np.linspace(2, 0.5, D) + 0.3
    views = np.repeat(photos, 2, axis=0) + 0.4 * rng.normal(size=(2 * n, D))
    other = rng.normal(size=(7, D)) + 0.3
    return [unit(one).astype(np.float32) for one in (photos, views, other)]


@pytest.mark.parametrize(("n", "D"), [(20, 8), (10, 90), (80, 70)])
def test_learned_whitening_is_that_of_the_pairs(n, D):
    photos, views, other = drawn(n, D)
    Y = learned_whitening(photos, views).transform(other)
    X = np.concatenate([photos, views]).astype(np.float64)
    shown = [*range(n), *(i for i in range(n) for _ in range(2))]
    mean, P = oracle.learned_whitening(X, shown, min(64, n - 1, D))
    expected = unit((other - mean) @ P.T)
    assert Y.shape == expected.shape
    # Axes may point either way; cosines are what counts.
    np.testing.assert_allclose(Y @ Y.T, expected @ expected.T, atol=2e-4)


@pytest.mark.parametrize(("n", "D"), [(20, 8), (10, 90), (80, 300)])
def test_both_whitenings_leave_as_many_dimensions_and_norm_1(n, D):
    photos, views, other = drawn(n, D)
    for whitening in (pca_whitening(photos), learned_whitening(photos, views)):
        Y = whitening.transform(other)
        assert Y.shape == (7, min(64, n - 1, D))
        np.testing.assert_allclose(np.linalg.norm(Y, axis=1), 1, rtol=1e-5)


def test_what_changes_within_pairs_counts_less():
    """Two axes tell photos apart alike; the noise of views is on one of them."""
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(200, 2))
    views = np.repeat(photos, 2, axis=0) + rng.normal(size=(400, 2)) * (1.0, 0.01)
    whitening = learned_whitening(photos, views)
    scale = np.linalg.norm(whitening[-1].projection_ @ whitening[0].components_, axis=0)
    assert scale[1] > 10 * scale[0]


def test_expansion_adds_five_results_and_never_the_query():
    photos, views, _ = drawn(9, 6)
    exclude = np.array([3, 0, 8])
    found = expand(views[exclude], views, exclude=exclude)
    expected = oracle.expanded(views[exclude], views, 5, 3.0, exclude)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    apart = expand(photos[:4], views)
    np.testing.assert_allclose(apart, oracle.expanded(photos[:4], views, 5, 3.0), atol=1e-6)


def test_a_query_that_finds_nothing_alike_stays_as_it_is():
    database = np.eye(5, dtype=np.float32)[1:]
    query = np.eye(5, dtype=np.float32)[:1]
    np.testing.assert_array_equal(expand(query, database), query)
    np.testing.assert_array_equal(expand(-database[:1], database, exclude=[0]), -database[:1])


def test_views_are_two_of_each_photo_and_the_same_from_run_to_run():
    photos = places().learning[:2]
    views, again = make_views(photos), make_views([photo.load() for photo in photos])
    assert [view.shape for view in views] == [(384, 384, 3)] * 4
    for one, other in zip(views, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(views[0], views[1])
