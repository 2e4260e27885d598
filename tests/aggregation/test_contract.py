"""What every encoder owes its callers; a new encoder is one more line in each table."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from coursekit.aggregation import (
    VLAD,
    BagOfWords,
    Bags,
    FisherVector,
    PerDescriptor,
    SuperVector,
    bag_of_words,
    fisher_vector,
    residual_sums,
    supervector,
    vlad,
)
from coursekit.types import LocalFeatures

K, D = 5, 4
CENTRES = np.random.default_rng(42).standard_normal((K, D))

MIXTURE = np.full(K, 1 / K), CENTRES, np.ones((K, D))


def fisher_around(descriptors, *, centroids, gradients=("means", "variances"), power=1.0):
    """Encode with equal Gaussians around a codebook, the form that the table below asks for."""
    K = len(centroids)
    mixture = np.full(K, 1 / K), centroids, np.ones(np.shape(centroids))
    return fisher_vector(descriptors, *mixture, gradients=gradients, power=power)


ENCODERS: dict[str, Callable[..., Any]] = {
    "bag_of_words": partial(bag_of_words, centroids=CENTRES),
    "bag_of_words soft": partial(
        bag_of_words, centroids=CENTRES, assignment="soft", n_assign=3, sigma=1.0
    ),
    "fisher_vector": partial(fisher_around, centroids=CENTRES),
    "fisher_vector all": partial(
        fisher_around, centroids=CENTRES, gradients=("weights", "means", "variances"), power=0.5
    ),
    "residual_sums": partial(residual_sums, centroids=CENTRES),
    "supervector": partial(supervector, centroids=CENTRES, s=0),
    "supervector soft": partial(supervector, centroids=CENTRES, s=0, sigma=1.0),
    "vlad": partial(vlad, centroids=CENTRES),
    "vlad power intra": partial(vlad, centroids=CENTRES, power=0.5, intra_norm=True),
}

# Each with the plain function that it has to agree with, given what it has learnt.
ESTIMATORS: dict[str, tuple[Any, Callable[..., Any]]] = {
    "BagOfWords": (BagOfWords(n_words=K), bag_of_words),
    "BagOfWords soft": (
        BagOfWords(n_words=K, assignment="soft", n_assign=2, sigma=1.0, norm="l2"),
        partial(bag_of_words, assignment="soft", n_assign=2, sigma=1.0, norm="l2"),
    ),
    "FisherVector": (FisherVector(n_components=K), fisher_vector),
    "FisherVector all": (
        FisherVector(n_components=K, gradients=("weights", "means", "variances"), power=1.0),
        partial(fisher_vector, gradients=("weights", "means", "variances"), power=1.0),
    ),
    "SuperVector": (SuperVector(n_words=K), supervector),
    "SuperVector soft": (
        SuperVector(n_words=K, s=1.0, sigma=2.0, norm=False),
        partial(supervector, s=1.0, sigma=2.0, norm=False),
    ),
    "VLAD": (VLAD(n_words=K), vlad),
    "VLAD power intra": (
        VLAD(n_words=K, power=0.5, intra_norm=True),
        partial(vlad, power=0.5, intra_norm=True),
    ),
}
SIZES = (30, 0, 1, 700, 12, 0, 0, 2500, 3, 40)  # with and without company in a block


@pytest.fixture(params=ENCODERS)
def encode(request):
    return ENCODERS[request.param]


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return clone(ESTIMATORS[request.param][0])


def learnt(estimator):
    """Return the arrays that an encoder has learnt, in the order of the plain function."""
    if isinstance(estimator, FisherVector):
        return list(estimator.mixture_)
    return [estimator.centroids_]


def ready_for(estimator):
    """Return the option that hands an encoder a codebook, and its size's name."""
    if isinstance(estimator, FisherVector):
        return {"mixture": MIXTURE}, "n_components"
    return {"centroids": CENTRES}, "n_words"


def tolerance(estimator):
    """2e-6 of rounding; near zero a root makes a thousandth of it."""
    return 2e-3 if isinstance(estimator, FisherVector) and estimator.power < 1 else 2e-6


def codebook_name(encode):
    return "means" if encode.func is fisher_around else "centroids"


def sets_of(rng, dtype=np.float32, sizes=SIZES):
    return [rng.standard_normal((size, D)).astype(dtype) for size in sizes]


# --- plain functions


def test_the_order_of_descriptors_does_not_matter(encode, rng):
    descriptors = rng.standard_normal((200, D))
    np.testing.assert_allclose(
        encode(rng.permutation(descriptors)), encode(descriptors), atol=1e-13
    )


def test_an_empty_set_gives_the_zero_vector(encode):
    vector = encode(np.zeros((0, D), np.float32))
    assert vector.dtype == np.float32
    assert not vector.any()


@pytest.mark.parametrize(
    ("given", "expected"),
    [("float16", "float16"), ("float32", "float32"), ("float64", "float64"), ("uint8", "float32")],
)
def test_the_vector_has_the_dtype_of_the_descriptors(given, expected, encode):
    assert encode(np.ones((3, D), given)).dtype == expected


def test_the_dtype_of_the_centroids_decides_nothing(encode, rng):
    descriptors = rng.standard_normal((9, D)).astype(np.float32)
    assert encode(descriptors, centroids=CENTRES.astype(np.float16)).dtype == np.float32


def test_arguments_are_left_alone(encode, rng):
    descriptors, centroids = 50 + rng.standard_normal((40, D)), 50 + CENTRES
    before = descriptors.copy(), centroids.copy()
    encode(descriptors, centroids=centroids)
    assert np.array_equal(descriptors, before[0])
    assert np.array_equal(centroids, before[1])


def test_read_only_arrays_will_do(encode, rng):
    descriptors = rng.standard_normal((40, D))
    descriptors.flags.writeable = False
    assert np.isfinite(encode(descriptors)).all()


def test_strides_do_not_matter(encode, rng):
    wide = rng.standard_normal((D, 60))
    assert np.array_equal(encode(wide.T[::2]), encode(np.ascontiguousarray(wide.T[::2])))


def test_one_descriptor_and_one_word(encode):
    one_vote = {"n_assign": 1} if "n_assign" in encode.keywords else {}
    assert encode([[1.0]], centroids=[[0.0]], **one_vote).max() == 1


def test_repeated_descriptors_weigh_as_often_as_they_come(encode, rng):
    descriptors = rng.standard_normal((20, D))
    once, thrice = encode(descriptors), encode(np.repeat(descriptors, 3, axis=0))
    scale = 3 if encode.func is residual_sums else 1  # the others are normalised
    np.testing.assert_allclose(thrice, scale * once, atol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", range(D))
def test_nan_and_infinity_are_refused_and_located(column, bad, encode, rng):
    descriptors = rng.standard_normal((7, D))
    descriptors[3, column] = bad
    message = rf"^descriptors: expected finite values, got {bad} at \[3, {column}\]$"
    with pytest.raises(ValueError, match=message):
        encode(descriptors)


def test_nan_in_the_codebook_is_refused_and_located(encode):
    centroids = CENTRES.copy()
    centroids[2, 1] = np.nan
    message = rf"^{codebook_name(encode)}: expected finite values, got nan at \[2, 1\]$"
    with pytest.raises(ValueError, match=message):
        encode(np.zeros((0, D)), centroids=centroids)


def test_another_dimension_is_named(encode):
    expected = rf"expected shape \(T, {D}\) to match {codebook_name(encode)}"
    with pytest.raises(ValueError, match=rf"^descriptors: {expected}, got \(7, 3\)$"):
        encode(np.ones((7, 3)))


# --- estimators


@pytest.mark.parametrize("name", ESTIMATORS)
def test_transform_gives_what_the_plain_function_gives(name, rng):
    estimator, plain = clone(ESTIMATORS[name][0]), ESTIMATORS[name][1]
    sets = sets_of(rng)
    vectors = estimator.fit(sets).transform(sets)
    expected = np.array([plain(rows, *learnt(estimator)) for rows in sets])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=tolerance(estimator))


def test_lists_features_and_bags_are_the_same_images(estimator, rng):
    sets = sets_of(rng)
    features = [
        LocalFeatures(rows, np.zeros((len(rows), 2)), np.ones(len(rows)), (9, 9)) for rows in sets
    ]
    expected = estimator.fit(sets).transform(sets)
    for same in (tuple(sets), features, Bags.from_sets(sets), Bags.from_sets(features)):
        assert np.array_equal(clone(estimator).fit(same).transform(same), expected)


def test_bags_on_disk_are_encoded(estimator, rng, tmp_path):
    bags = Bags.from_sets(sets_of(rng))
    np.save(tmp_path / "all.npy", bags.descriptors)
    on_disk = Bags(np.load(tmp_path / "all.npy", mmap_mode="r"), bags.offsets)
    assert np.array_equal(estimator.fit(on_disk).transform(on_disk), estimator.transform(bags))


def test_bags_of_bytes_are_encoded_in_float32(estimator, rng):
    sets = [rng.integers(0, 256, (size, D)).astype(np.uint8) for size in SIZES]
    expected = estimator.fit([rows.astype(np.float32) for rows in sets]).transform(sets)
    bags = Bags(np.concatenate(sets), np.cumsum([0, *SIZES]))
    got = estimator.transform(bags)
    assert (bags.descriptors.dtype, got.dtype) == (np.uint8, np.float32)
    assert np.array_equal(got, expected)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_the_dtype_is_kept(dtype, estimator, rng):
    sets = sets_of(rng, dtype)
    assert estimator.fit(sets).transform(sets).dtype == dtype


@pytest.mark.parametrize("n_jobs", [2, 3, -1, 50])
def test_any_number_of_jobs_gives_the_same(n_jobs, estimator, rng):
    sets = sets_of(rng)
    expected = estimator.fit(sets).transform(sets)
    parallel = estimator.set_params(n_jobs=n_jobs).transform(sets)
    # Blocks are cut elsewhere.
    np.testing.assert_allclose(parallel, expected, atol=tolerance(estimator))


def test_another_backend_of_joblib_may_be_chosen(estimator, rng):
    sets = sets_of(rng, sizes=(5, 0, 9))
    expected = estimator.fit(sets).transform(sets)
    with joblib.parallel_config("sequential"):
        assert np.array_equal(estimator.set_params(n_jobs=2).transform(sets), expected)


def test_no_images_give_no_rows(estimator, rng):
    sets = sets_of(rng)
    assert estimator.fit(sets).transform([]).shape == (0, estimator.transform(sets).shape[1])


def test_only_empty_images_give_zero_vectors(estimator, rng):
    vectors = estimator.fit(sets_of(rng)).transform([np.zeros((0, D))] * 3)
    assert vectors.shape[0] == 3
    assert not vectors.any()


def test_the_same_seed_learns_the_same_from_a_draw(estimator, rng):
    sets = sets_of(rng)
    estimator.set_params(max_descriptors=100)
    first, second = clone(estimator).fit(sets), clone(estimator).fit(sets)
    assert [a.tobytes() for a in learnt(first)] == [a.tobytes() for a in learnt(second)]
    third = clone(estimator).set_params(random_state=1).fit(sets)
    assert not np.array_equal(learnt(first)[-1], learnt(third)[-1])


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if "FisherVector" not in name])
def test_no_more_descriptors_are_drawn_than_allowed(name, rng):
    estimator, sets = clone(ESTIMATORS[name][0]), sets_of(rng)
    estimator.set_params(max_descriptors=K).fit(sets)  # so each becomes a word
    everything = np.concatenate(sets)
    gaps = np.abs(estimator.centroids_[:, None] - everything).max(axis=2)
    assert np.all(gaps.min(axis=1) < 1e-6)  # the grid of k-means


def test_a_ready_codebook_is_used_as_it_is(estimator, rng):
    option, size = ready_for(estimator)
    estimator.set_params(**option, **{size: 99}).fit(sets_of(rng, sizes=(2,)))
    assert any(np.array_equal(array, CENTRES) for array in learnt(estimator))


def test_parameters_are_stored_as_given_and_cloned(estimator):
    [(name, ready)] = ready_for(estimator)[0].items()
    estimator.set_params(**{name: ready})
    assert estimator.get_params()[name] is ready
    copy = clone(estimator)
    assert {k: v for k, v in copy.get_params().items() if k != name} == {
        k: v for k, v in estimator.get_params().items() if k != name
    }


def test_fit_returns_the_encoder_and_does_not_change_its_parameters(estimator, rng):
    before = dict(estimator.get_params())
    assert estimator.fit(sets_of(rng), y=np.zeros(len(SIZES))) is estimator
    assert estimator.get_params() == before
    assert estimator.n_features_in_ == D


def test_names_of_the_components(estimator, rng):
    sets = sets_of(rng)
    names = estimator.fit(sets).get_feature_names_out()
    assert len(names) == estimator.transform(sets).shape[1]
    assert names[0] == f"{type(estimator).__name__.lower()}0"


def test_a_fitted_encoder_survives_pickling(estimator, rng):
    sets = sets_of(rng)
    expected = estimator.fit(sets).transform(sets)
    assert np.array_equal(pickle.loads(pickle.dumps(estimator)).transform(sets), expected)


def test_it_has_to_be_fitted_first(estimator, rng):
    with pytest.raises(NotFittedError):
        estimator.transform(sets_of(rng))
    with pytest.raises(NotFittedError):
        estimator.get_feature_names_out()


def test_bad_values_are_located_in_their_bag(estimator, rng):
    sets = sets_of(rng)
    estimator.fit(sets)
    sets[8][2, 1] = np.nan
    message = r"^bags\[8\]: expected finite values, got nan at \[2, 1\]$"
    for n_jobs in (1, 3):
        with pytest.raises(ValueError, match=message):
            estimator.set_params(n_jobs=n_jobs).transform(sets)
    with pytest.raises(ValueError, match=message):
        estimator.fit(sets)


def test_another_dimension_than_in_fit_is_named(estimator, rng):
    estimator.fit(sets_of(rng))
    message = rf"^bags\[1\]: expected shape \(T, {D}\) to match fit, got \(2, 3\)$"
    with pytest.raises(ValueError, match=message):
        estimator.transform([np.ones((1, D)), np.ones((2, 3))])


# --- with scikit-learn


def two_classes(rng, n=16):
    """Images of two kinds: the descriptors of one lie a little farther out."""
    labels = np.arange(n) % 2
    return [rng.standard_normal((40, D)) + 0.7 * label for label in labels], labels


def test_a_pipeline_reads_as_the_lecture(estimator, rng):
    images, labels = two_classes(rng)
    pipeline = make_pipeline(PerDescriptor(PCA(2)), estimator, LogisticRegression(C=100))
    assert pipeline.fit(images, labels).score(images, labels) == 1


def test_cross_validation_runs_over_lists_and_bags(estimator, rng):
    images, labels = two_classes(rng)
    pipeline = make_pipeline(estimator, LogisticRegression(C=100))
    for bags in (images, Bags.from_sets(images)):
        assert cross_val_score(pipeline, bags, labels, cv=2).mean() > 0.8  # chance: 0.5


def test_parameters_can_be_searched(estimator, rng):
    images, labels = two_classes(rng)
    pipeline = make_pipeline(PerDescriptor(PCA(2)), estimator, LogisticRegression(C=100))
    step = type(estimator).__name__.lower()
    size = f"{step}__{ready_for(estimator)[1]}"
    grid = {"perdescriptor__transformer__n_components": [2, 3], size: [2, 4]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(images, labels)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0.8
