"""Approximate search: most descriptors find their word, and each finds the best it looked at."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from coursekit.aggregation import BagOfWords, assign
from coursekit.aggregation._cells import WordsInCells
from coursekit.aggregation._words import Words
from coursekit.aggregation.codebook import cells_of
from coursekit.data import photos
from coursekit.features import dense_sift
from tests.oracles.aggregation import slow_assign


def clustered(rng, n, *, n_blobs=60, D=16):
    middles = 3 * np.random.default_rng(7).standard_normal((n_blobs, D))
    return (middles[rng.integers(0, n_blobs, n)] + rng.standard_normal((n, D))).astype(np.float32)


@pytest.fixture(scope="module")
def sift() -> tuple[np.ndarray, np.ndarray]:
    """Return descriptors and 4000 others as words, of real photos."""
    rows = np.concatenate([dense_sift(photo.load(), step=6).descriptors for photo in photos()[:3]])
    rows = np.random.default_rng(0).permutation(rows)
    return rows[4000:6000], rows[:4000]


# --- recall


@pytest.mark.parametrize(("n_probe", "recall"), [(1, 0.4), (4, 0.8), (16, 0.98)])
def test_clustered_descriptors_find_their_word(n_probe, recall, rng):
    descriptors, words = clustered(rng, 2000), clustered(rng, 2500)
    found = assign(descriptors, words, n_probe=n_probe)
    assert (found == assign(descriptors, words)).mean() >= recall


@pytest.mark.parametrize(("n_probe", "recall"), [(4, 0.75), (8, 0.9), (16, 0.97)])
def test_sift_descriptors_find_their_word(n_probe, recall, sift):
    found = assign(*sift, n_probe=n_probe)
    assert (found == assign(*sift)).mean() >= recall


def test_a_word_that_is_not_the_nearest_is_hardly_farther(sift):
    descriptors, words = sift
    exact, found = assign(descriptors, words), assign(descriptors, words, n_probe=8)
    gaps = [np.linalg.norm(descriptors - words[choice], axis=1) for choice in (exact, found)]
    assert (gaps[1] >= gaps[0] - 1e-6).all()
    assert gaps[1].sum() / gaps[0].sum() < 1.01


def test_each_descriptor_finds_the_nearest_word_of_its_cells(rng):
    descriptors, codebook = rng.standard_normal((50, 3)), rng.standard_normal((120, 3))
    cells = cells_of(codebook)
    cell_of = np.empty(120, int)
    for c, (a, b) in enumerate(zip(cells.bounds, cells.bounds[1:], strict=False)):
        cell_of[cells.order[a:b]] = c
    expected = []
    for x in descriptors:
        nearest_cells = np.argsort(((x - cells.centres) ** 2).sum(axis=1))[:2]
        inside = np.flatnonzero(np.isin(cell_of, nearest_cells))
        expected.append(inside[slow_assign([x], codebook[inside])[0]])
    assert assign(descriptors, codebook, n_probe=2).tolist() == expected


# --- where it is exact


@pytest.mark.parametrize("n_probe", [10, 11, 500])
def test_as_many_probes_as_cells_are_the_exhaustive_search(n_probe, rng):
    descriptors, words = rng.standard_normal((60, 4)), rng.standard_normal((110, 4))  # 10 cells
    found = assign(descriptors, words, n_probe=n_probe)
    assert np.array_equal(found, assign(descriptors, words))


@settings(max_examples=40, deadline=None)
@given(
    K=st.integers(1, 40), T=st.integers(0, 6), n_probe=st.integers(1, 7), seed=st.integers(0, 99)
)
def test_any_small_codebook_is_accepted_repeated_words_included(K, T, n_probe, seed):
    generator = np.random.default_rng(seed)
    descriptors, words = generator.integers(-1, 2, (T, 2)), generator.integers(-1, 2, (K, 2))
    found = assign(descriptors, words, n_probe=n_probe)
    assert found.shape == (T,)
    assert ((found >= 0) & (found < K)).all()
    if n_probe >= math.isqrt(K):
        assert found.tolist() == slow_assign(descriptors, words)


def test_a_codebook_of_one_repeated_word():
    assert assign([[1.0], [2.0]], np.ones((30, 1)), n_probe=1).tolist() == [0, 0]


def test_rows_whose_cells_hold_too_few_words_see_all_of_them(rng):
    codebook = rng.standard_normal((40, 2))
    rows = rng.standard_normal((9, 2))
    narrow, exact = WordsInCells(codebook, cells_of(codebook), 1), Words(codebook)
    (block,) = narrow.blocks([rows])
    assert np.array_equal(narrow.several(block.rows, 40)[0], exact.several(block.rows, 40)[0])


# --- form


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_common_offset_does_not_cost_recall(dtype, offset, rng):
    wide = 1 if dtype == "float64" else offset / 1e3 + 1  # that float32 can hold
    descriptors, words = (
        (offset + wide * clustered(rng, n).astype(float)).astype(dtype) for n in (500, 900)
    )
    found = assign(descriptors, words, n_probe=16)
    assert (found == assign(descriptors, words)).mean() >= 0.97


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
def test_any_dtype_finds_itself(dtype, rng):
    words = np.unique(rng.integers(0, 200, (300, 4)), axis=0).astype(dtype)
    assert np.array_equal(assign(words, words, n_probe=3), np.arange(len(words)))


def test_the_same_input_gives_the_same_words(sift):
    first, second = (assign(*sift, n_probe=4) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_descriptor_finds_the_same_word_in_any_company(rng):
    descriptors, words = clustered(rng, 5000), clustered(rng, 900)
    alone = [assign(descriptors[i : i + 1], words, n_probe=3)[0] for i in range(0, 5000, 499)]
    assert assign(descriptors, words, n_probe=3)[::499].tolist() == alone


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_values_are_refused_and_located(bad, rng):
    descriptors, words = clustered(rng, 9), clustered(rng, 100)
    descriptors[3, 2] = bad
    message = rf"^descriptors: expected finite values, got {bad} at \[3, 2\]$"
    with pytest.raises(ValueError, match=message):
        assign(descriptors, words, n_probe=2)


# --- in the estimator


OPTIONS = [{}, {"n_assign": 3}, {"assignment": "soft", "sigma": 2.0, "n_assign": 3}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_histograms_are_nearly_those_of_the_exhaustive_search(options, rng):
    images = [clustered(rng, size) for size in (300, 0, 700)]
    exact = BagOfWords(centroids=clustered(rng, 900), **options).fit(images)
    narrow = clone(exact).set_params(n_probe=16).fit(images)
    gaps = np.abs(exact.transform(images) - narrow.transform(images)).sum(axis=1)
    assert (gaps <= 0.04).all()  # shares moved from one word to another, twice


def test_the_estimator_finds_what_assign_finds(rng):
    image, words = clustered(rng, 500), clustered(rng, 900)
    encoder = BagOfWords(centroids=words, n_probe=2, norm=None).fit([image])
    expected = np.bincount(assign(image, words, n_probe=2), minlength=900)
    assert encoder.transform([image])[0].tolist() == expected.tolist()


def test_jobs_pickles_and_tf_idf_go_along(rng):
    images = [clustered(rng, size) for size in (30, 0, 70, 900)]
    encoder = BagOfWords(centroids=clustered(rng, 900), n_probe=3, tf_idf=True).fit(images)
    expected = encoder.transform(images)
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform(images), expected)
    np.testing.assert_allclose(encoder.set_params(n_jobs=3).transform(images), expected, atol=1e-6)


def test_a_small_codebook_has_no_cells(rng):
    images = [clustered(rng, 60)]
    encoder = BagOfWords(centroids=clustered(rng, 30), n_probe=5).fit(images)
    assert not hasattr(encoder, "cells_")
    exact = clone(encoder).set_params(n_probe=None).fit(images)
    assert np.array_equal(encoder.transform(images), exact.transform(images))


def test_the_option_may_be_changed_but_not_invented_after_fit(rng):
    images = [clustered(rng, 60)]
    encoder = BagOfWords(centroids=clustered(rng, 100), n_probe=2).fit(images)
    exact = BagOfWords(centroids=encoder.centroids_).fit(images)
    assert np.array_equal(encoder.set_params(n_probe=10).transform(images), exact.transform(images))
    with pytest.raises(NotFittedError):
        exact.set_params(n_probe=2).transform(images)
