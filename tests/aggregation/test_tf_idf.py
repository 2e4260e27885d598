"""Words weighted by their rarity among the training images, and what that leaves unchanged."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from coursekit.aggregation import BagOfWords, Bags, SpatialPyramid, bag_of_words
from coursekit.aggregation.bag_of_words import IMAGES_AT_ONCE
from coursekit.types import LocalFeatures
from tests.oracles.aggregation import slow_idf, slow_tf_idf

LINE = np.array([[0.0], [1.0], [3.0], [9.0]])  # four words on a line
# Word 0 is in all three images, word 1 in two, word 2 in one, word 3 in none.
IMAGES = [np.array([[0.0], [1.0], [1.0]]), np.array([[0.1], [3.0]]), np.array([[0.2], [1.1]])]
OPTIONS = [
    {},
    {"norm": "l2"},
    {"norm": None, "n_assign": 2},
    {"assignment": "soft", "sigma": 0.8, "n_assign": 2, "norm": "l2"},
]
SIZES = (30, 0, 1, 700, 12, 0, 0, 2500, 3, 4)


def weighting(**options):
    return BagOfWords(**{"tf_idf": True, "centroids": LINE, **options})


def images_of(rng, D=4):
    return [rng.standard_normal((size, D)).astype(np.float32) for size in SIZES]


# --- values by hand


def test_idf_by_hand():
    # A word of no training image weighs as much as one of a single image.
    expected = [0.0, math.log(3 / 2), math.log(3), math.log(3)]
    np.testing.assert_allclose(weighting().fit(IMAGES).idf_, expected)


def test_counts_are_weighted_before_the_norm():
    encoder = weighting(norm=None).fit(IMAGES)
    counts = [[1, 2, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]]
    np.testing.assert_allclose(encoder.transform(IMAGES), counts * encoder.idf_)
    shares = encoder.set_params(norm="l1").transform(IMAGES)
    np.testing.assert_allclose(shares, [[0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]])


def test_a_word_met_only_later_has_the_largest_weight():
    vector = weighting(norm=None).fit(IMAGES).transform([np.array([[9.0], [8.0]])])
    np.testing.assert_allclose(vector, [[0, 0, 0, 2 * math.log(3)]])


def test_an_image_of_ubiquitous_words_is_zero_and_so_is_an_empty_one():
    vectors = weighting().fit(IMAGES).transform([np.zeros((5, 1)), np.zeros((0, 1))])
    assert not vectors.any()


def test_images_without_descriptors_count_among_the_images():
    idf = weighting().fit([*IMAGES, np.zeros((0, 1))]).idf_
    np.testing.assert_allclose(idf[0], math.log(4 / 3))


def test_a_soft_vote_counts_for_its_words_however_small():
    # exp(−1/2·0.01²) is 0 in float64; yet word 1 is the second nearest of every descriptor.
    encoder = weighting(assignment="soft", sigma=0.01, n_assign=2).fit([np.zeros((1, 1))] * 2)
    assert encoder.idf_.tolist() == [0.0, 0.0, math.log(2), math.log(2)]


# --- the definition


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_agrees_with_the_definition(options, rng):
    images = [rng.standard_normal((size, 3)) for size in (3, 0, 1, 5, 2, 4)]
    centroids = rng.standard_normal((9, 3))
    encoder = weighting(centroids=centroids, **options).fit(images)
    idf = slow_idf(images, centroids, options.get("n_assign", 1))
    np.testing.assert_allclose(encoder.idf_, idf, rtol=1e-15)
    expected = [slow_tf_idf(rows, centroids, idf, **options) for rows in images]
    np.testing.assert_allclose(encoder.transform(images), expected, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6).filter(any),
    K=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_agrees_on_small_integers_of_any_shape(sizes, K, seed):
    generator = np.random.default_rng(seed)
    images = [generator.integers(-2, 3, (size, 2)) for size in sizes]
    centroids = generator.integers(-2, 3, (K, 2))
    encoder = weighting(centroids=centroids, norm=None).fit(images)
    expected = [slow_tf_idf(rows, centroids, slow_idf(images, centroids), None) for rows in images]
    np.testing.assert_allclose(encoder.transform(images), expected, rtol=1e-6)


def test_agrees_with_scikit_learn_but_for_its_one_more(rng):
    images = [rng.standard_normal((5, 2)) for _ in range(12)]
    centroids = rng.standard_normal((20, 2))
    counts = np.array([bag_of_words(rows, centroids, norm=None) for rows in images])
    seen = counts.any(axis=0)  # it divides by zero for the others
    peer = TfidfTransformer(smooth_idf=False).fit(counts[:, seen])  # log(N/n) + 1
    idf = weighting(centroids=centroids).fit(images).idf_
    np.testing.assert_allclose(idf[seen], peer.idf_ - 1)


# --- what it leaves alone


def test_without_it_nothing_is_learnt_and_nothing_changes(rng):
    images = images_of(rng)
    encoder = BagOfWords(n_words=5).fit(images)
    assert not hasattr(encoder, "idf_")
    expected = [bag_of_words(rows, encoder.centroids_) for rows in images]
    assert np.array_equal(encoder.transform(images), np.array(expected))


def test_the_codebook_is_that_of_the_unweighted_encoder(rng):
    images = images_of(rng)
    first = BagOfWords(n_words=5, max_descriptors=50).fit(images)
    second = clone(first).set_params(tf_idf=True).fit(images)
    assert first.centroids_.tobytes() == second.centroids_.tobytes()


def test_weights_are_learnt_from_all_images_not_only_from_the_draw(rng):
    images = images_of(rng)
    encoder = weighting(centroids=rng.standard_normal((40, 4)))
    few = clone(encoder).set_params(max_descriptors=1).fit(images)
    assert np.array_equal(few.idf_, encoder.fit(images).idf_)


def test_the_order_of_images_and_descriptors_does_not_matter(rng):
    images = images_of(rng)
    encoder = weighting(centroids=rng.standard_normal((40, 4)))
    shuffled = [rng.permutation(images[i]) for i in rng.permutation(len(images))]
    assert np.array_equal(clone(encoder).fit(shuffled).idf_, encoder.fit(images).idf_)


def test_a_later_fit_forgets_the_weights():
    encoder = weighting().fit(IMAGES).set_params(tf_idf=False).fit(IMAGES)
    with pytest.raises(NotFittedError):
        encoder.set_params(tf_idf=True).transform(IMAGES)


# --- the ways in


def test_lists_features_and_bags_give_the_same_weights(rng, tmp_path):
    images = images_of(rng)
    features = [
        LocalFeatures(rows, np.zeros((len(rows), 2)), np.ones(len(rows)), (9, 9)) for rows in images
    ]
    bags = Bags.from_sets(images)
    np.save(tmp_path / "all.npy", bags.descriptors)
    on_disk = Bags(np.load(tmp_path / "all.npy", mmap_mode="r"), bags.offsets)
    encoder = weighting(centroids=rng.standard_normal((40, 4)))
    expected = clone(encoder).fit(images)
    for same in (tuple(images), features, bags, on_disk):
        got = clone(encoder).fit(same)
        assert np.array_equal(got.idf_, expected.idf_)
        assert np.array_equal(got.transform(same), expected.transform(images))


def test_bags_of_bytes_are_counted(rng):
    images = [rng.integers(0, 9, (size, 2)).astype(np.uint8) for size in (3, 0, 5)]
    centroids = rng.integers(0, 9, (6, 2))
    encoder = weighting(centroids=centroids).fit(Bags.from_sets(images))
    np.testing.assert_allclose(encoder.idf_, slow_idf(images, centroids))


def test_more_images_than_are_looked_at_once(rng):
    images = [rng.standard_normal((2, 1)) for _ in range(2 * IMAGES_AT_ONCE + 3)]
    np.testing.assert_allclose(weighting().fit(images).idf_, slow_idf(images, LINE))


def test_jobs_pickles_and_clones_keep_the_weights(rng):
    images = images_of(rng)
    encoder = BagOfWords(n_words=30, tf_idf=True, norm="l2").fit(images)
    expected = encoder.transform(images)
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform(images), expected)
    assert np.array_equal(clone(encoder).fit(images).transform(images), expected)
    np.testing.assert_allclose(encoder.set_params(n_jobs=3).transform(images), expected, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_and_names(dtype):
    encoder = weighting().fit(IMAGES)
    assert encoder.transform([rows.astype(dtype) for rows in IMAGES]).dtype == dtype
    assert encoder.get_feature_names_out().tolist() == [f"bagofwords{i}" for i in range(4)]


def test_a_spatial_pyramid_weights_the_words_of_its_cells_by_images():
    corners = np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]])
    image = LocalFeatures(IMAGES[0], corners, np.ones(3), (10, 10))
    empty = image.with_descriptors(np.full((3, 1), 9.0))
    pyramid = SpatialPyramid(weighting(), levels=2, norm=None).fit([image, empty])
    cells = pyramid.transform([image]).reshape(5, 4) / math.log(2)
    expected = [[1, 2, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    np.testing.assert_allclose(cells, expected)


def test_rare_words_tell_classes_apart(rng):
    labels = np.arange(20) % 2
    common = [rng.uniform(-0.4, 0.4, (50, 1)) for _ in labels]
    images = [np.vstack([rows, [[1 + 2 * y]]]) for rows, y in zip(common, labels, strict=True)]
    pipeline = make_pipeline(weighting(), LogisticRegression())
    assert pipeline.fit(images, labels).score(images, labels) == 1


def test_a_bad_value_that_was_not_drawn_is_located():
    images = [np.zeros((1, 1)) for _ in range(IMAGES_AT_ONCE + 2)]
    images[-1] = np.array([[np.nan]])
    seeds = (s for s in range(99) if np.random.RandomState(s).choice(66, 1, replace=False) < 65)
    encoder = weighting(max_descriptors=1, random_state=next(seeds))
    with pytest.raises(
        ValueError, match=r"^bags\[65\]: expected finite values, got nan at \[0, 0\]$"
    ):
        encoder.fit(images)
