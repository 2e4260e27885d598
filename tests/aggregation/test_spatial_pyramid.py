"""The spatial pyramid: which cell, in which order, with which weight, over any encoder."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from coursekit.aggregation import (
    VLAD,
    BagOfWords,
    Bags,
    FisherVector,
    PerDescriptor,
    SpatialPyramid,
    SuperVector,
)
from coursekit.types import LocalFeatures
from tests.oracles.aggregation import slow_pyramid_cells

D = 3
COUNT = BagOfWords(centroids=np.zeros((1, D)))  # one word: counts descriptors
ENCODERS = {
    "BagOfWords": BagOfWords(4),
    "VLAD": VLAD(4, power=0.5),
    "SuperVector": SuperVector(4, sigma=1.0),
    "FisherVector": FisherVector(2, power=1.0),
}


def image_of(rng, T=60, shape=(48, 64), dtype=np.float64):
    positions = rng.uniform(-1, 1.02, (T, 2)) * shape[::-1] % np.array(shape[::-1])
    return LocalFeatures(rng.standard_normal((T, D)).astype(dtype), positions, np.ones(T), shape)


def counts(positions, shape, **options):
    """Return how many positions the pyramid counts in each cell."""
    positions = np.array(positions, float)
    image = LocalFeatures(np.zeros((len(positions), D)), positions, np.ones(len(positions)), shape)
    pyramid = SpatialPyramid(COUNT, **{"norm": None, **options})
    return pyramid.fit_transform([image])[0].tolist()


@pytest.fixture(params=ENCODERS)
def encoder(request):
    return clone(ENCODERS[request.param])


# --- cells


def test_three_levels_are_21_cells():
    assert len(counts([[0, 0]], (10, 10))) == 21


def test_cells_come_level_by_level_and_row_by_row():
    # In 40 × 80 pixels (H × W): right of the middle, in the upper half.
    one = counts([[45, 5]], (40, 80))
    expected = [0.0] * 21
    expected[0] = 1  # the image
    expected[1 + 1] = 1  # row 0, column 1 of 2 × 2
    expected[5 + 2] = 1  # row 0, column 2 of 4 × 4
    assert one == expected


def test_rows_follow_y_and_columns_x():
    assert counts([[5, 35]], (40, 80), levels=2) == [1, 0, 0, 1, 0]


def test_a_position_on_a_border_belongs_to_the_cell_after_it():
    assert counts([[5, 0], [4.999, 0], [0, 5]], (10, 10), levels=2) == [3, 1, 1, 1, 0]


def test_positions_outside_the_image_fall_into_the_cells_at_its_border():
    outside = [[10, 10], [-3, 2], [1e9, -1e9]]
    assert counts(outside, (10, 10), levels=2) == [3, 1, 1, 0, 1]


@pytest.mark.parametrize("shape", [(48, 64), (1, 9), (7, 3)])
def test_agrees_with_the_definition(encoder, shape, rng):
    images = [image_of(rng, T, shape) for T in (60, 0, 1, 25)]
    pyramid = SpatialPyramid(encoder, norm=None).fit(images)
    got = pyramid.transform(images)
    for vector, image in zip(got, images, strict=True):
        cells = slow_pyramid_cells(image.positions, image.image_shape, 3)
        blocks = pyramid.encoder_.transform([image.descriptors[cell] for cell in cells])
        np.testing.assert_allclose(vector, blocks.ravel(), atol=1e-12)


def test_one_level_is_the_encoder(encoder, rng):
    images = [image_of(rng) for _ in range(3)]
    expected = encoder.fit(images).transform(images)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    got = SpatialPyramid(encoder, levels=1).fit_transform(images)
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("name", ["BagOfWords", "VLAD"])
def test_the_cells_of_each_level_add_up_to_the_whole(name, rng):
    encoder = clone(ENCODERS[name])
    if name == "VLAD":
        encoder.set_params(power=1.0)
    vectors = SpatialPyramid(encoder, norm=None).fit_transform([image_of(rng)])
    cells = vectors.reshape(21, -1)
    np.testing.assert_allclose(cells[1:5].sum(axis=0), cells[0], atol=1e-12)
    np.testing.assert_allclose(cells[5:].sum(axis=0), cells[0], atol=1e-12)


# --- weights and norms


@pytest.mark.parametrize(
    ("levels", "expected"),
    [(1, [1]), (2, [1 / 2, 1 / 2]), (3, [1 / 4, 1 / 4, 1 / 2]), (4, [1 / 8, 1 / 8, 1 / 4, 1 / 2])],
)
def test_weights_of_lazebnik(levels, expected):
    vector = counts([[0, 0]], (9, 9), levels=levels, level_weights="lazebnik")
    assert [value for value in vector if value] == expected


def test_weights_may_be_given():
    vector = counts([[0, 0]], (9, 9), level_weights=(3, 1.5, 2))
    assert [value for value in vector if value] == [3, 1.5, 2]


def test_the_global_length_comes_last():
    vector = counts([[0, 0], [9, 9]], (9, 9), levels=2, level_weights=(3, 4), norm="global")
    # Before it: 2·3 for the image, 1·4 for two corners.
    np.testing.assert_allclose(vector, np.array([6, 4, 0, 0, 4]) / 68**0.5)


def test_the_length_of_each_cell_comes_before_the_weights():
    vector = counts([[0, 0], [0, 0], [9, 9]], (9, 9), levels=2, level_weights=(3, 4), norm="cell")
    assert vector == [3, 4, 0, 0, 4]


def test_the_norm_of_the_encoder_is_not_looked_at(rng):
    images = [image_of(rng)]
    plain, normed = VLAD(4, norm=False), VLAD(4, norm=True)
    expected = SpatialPyramid(plain).fit_transform(images)
    assert np.array_equal(SpatialPyramid(normed).fit_transform(images), expected)
    assert normed.norm is True
    assert not hasattr(normed, "centroids_")


def test_an_image_without_descriptors_is_zero(encoder, rng):
    vectors = SpatialPyramid(encoder).fit([image_of(rng)]).transform([image_of(rng, 0)])
    assert not vectors.any()


# --- scikit-learn's contract


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_kept(dtype, encoder, rng):
    images = [image_of(rng, dtype=dtype)]
    assert SpatialPyramid(encoder).fit_transform(images).dtype == dtype


def test_lists_and_bags_are_the_same_images(encoder, rng):
    images = [image_of(rng, T) for T in (60, 0, 7)]
    pyramid = SpatialPyramid(encoder).fit(images)
    assert np.array_equal(pyramid.transform(Bags.from_sets(images)), pyramid.transform(images))


def test_no_images_give_no_rows(encoder, rng):
    pyramid = SpatialPyramid(encoder).fit([image_of(rng)])
    assert pyramid.transform([]).shape == (0, len(pyramid.get_feature_names_out()))


def test_names_pickles_and_clones(encoder, rng):
    images = [image_of(rng)]
    pyramid = SpatialPyramid(encoder).fit(images)
    vectors = pyramid.transform(images)
    assert len(pyramid.get_feature_names_out()) == vectors.shape[1]
    assert np.array_equal(pickle.loads(pickle.dumps(pyramid)).transform(images), vectors)
    assert np.array_equal(clone(pyramid).fit(images).transform(images), vectors)


def test_it_has_to_be_fitted_first(encoder, rng):
    with pytest.raises(NotFittedError):
        SpatialPyramid(encoder).transform([image_of(rng)])


def test_a_pipeline_finds_what_only_the_places_tell():
    generator = np.random.default_rng(0)
    labels = np.arange(16) % 2
    images = []
    for label in labels:  # the same descriptors, upright or upside down
        rows = np.repeat([[2.0, 0, 0], [-2.0, 0, 0]], 20, axis=0)
        y = np.where((rows[:, 0] > 0) == bool(label), 12.0, 36.0)
        places = np.column_stack([generator.uniform(0, 64, 40), y])
        noisy = rows + generator.standard_normal((40, D))
        images.append(LocalFeatures(noisy, places, np.ones(40), (48, 64)))
    pipeline = make_pipeline(
        PerDescriptor(PCA(2)), SpatialPyramid(BagOfWords(2)), LogisticRegression(C=100)
    )
    grid = {"spatialpyramid__levels": [1, 2], "spatialpyramid__encoder__n_words": [2, 3]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(images, labels)
    assert search.best_params_["spatialpyramid__levels"] == 2
    assert search.best_score_ > 0.9
