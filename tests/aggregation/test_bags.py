"""Bags: ragged sets in one array, on disk if need be, and transformers lifted to them."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from coursekit.aggregation import Bags, PerDescriptor, as_bags
from coursekit.aggregation._blocks import MAX_ROWS
from coursekit.types import LocalFeatures


def ragged(rng, sizes=(3, 0, 5), D=4, dtype=np.float32):
    return [rng.standard_normal((size, D)).astype(dtype) for size in sizes]


def placed(rng, sizes=(3, 0, 5)):
    return [
        LocalFeatures(rows, rng.random((len(rows), 2)), rng.random(len(rows)), (40 + i, 60))
        for i, rows in enumerate(ragged(rng, sizes))
    ]


# --- Bags


def test_bags_give_back_the_sets(rng):
    sets = ragged(rng)
    bags = Bags.from_sets(sets)
    assert bags.offsets.tolist() == [0, 3, 3, 8]
    for got, expected in zip(bags, sets, strict=True):
        assert np.array_equal(got, expected)


def test_bags_are_indexed_like_a_list(rng):
    sets = ragged(rng)
    bags = Bags.from_sets(sets)
    assert len(bags) == 3
    assert np.array_equal(bags[-1], sets[2])
    assert [len(rows) for rows in bags[::2]] == [3, 5]
    with pytest.raises(IndexError):
        bags[3]


def test_bags_of_local_features_keep_the_places(rng):
    features = placed(rng)
    for got, expected in zip(Bags.from_sets(features), features, strict=True):
        assert got.image_shape == expected.image_shape
        for name in ("descriptors", "positions", "scales"):
            assert np.array_equal(getattr(got, name), getattr(expected, name))


def test_bags_keep_angles_that_every_set_has(rng):
    features = [replace(one, angles=rng.random(len(one))) for one in placed(rng)]
    bags = Bags.from_sets(features)
    for got, expected in zip(bags, features, strict=True):
        assert np.array_equal(got.angles, expected.angles)
    assert Bags.from_sets([*features, *placed(rng)]).angles is None
    lifted = PerDescriptor(StandardScaler()).fit(bags)
    assert np.array_equal(lifted.transform(bags).angles, bags.angles)
    assert lifted.transform(features)[0].angles is features[0].angles


def test_places_are_dropped_where_one_set_has_none(rng):
    mixed = [*placed(rng), np.zeros((2, 4))]
    assert Bags.from_sets(mixed).positions is None


def test_bags_may_lie_on_disk_and_are_not_copied(rng, tmp_path):
    np.save(tmp_path / "all.npy", rng.standard_normal((8, 4)))
    on_disk = np.load(tmp_path / "all.npy", mmap_mode="r")
    views = as_bags(Bags(on_disk, np.array([0, 3, 8])))
    assert all(np.shares_memory(view, on_disk) for view in views)


def test_bags_of_integers_stay_integers_until_they_are_used():
    bags = Bags(np.ones((2, 3), np.uint8), np.array([0, 2]))
    assert bags[0].dtype == np.uint8


# --- as_bags


def test_arrays_are_not_copied_and_integers_become_float32(rng):
    rows = rng.standard_normal((3, 2))
    floats, integers = as_bags([rows, np.ones((1, 2), int)])
    assert floats is rows
    assert integers.dtype == np.float32


def test_a_stack_of_equal_sets_is_a_list_of_sets(rng):
    assert [rows.shape for rows in as_bags(rng.standard_normal((4, 3, 2)))] == [(3, 2)] * 4


# --- PerDescriptor


def test_the_transformer_sees_all_descriptors_together(rng):
    sets = ragged(rng)
    lifted = PerDescriptor(StandardScaler()).fit_transform(sets)
    assert np.allclose(np.concatenate(lifted).mean(axis=0), 0, atol=1e-6)
    assert [rows.shape for rows in lifted] == [(3, 4), (0, 4), (5, 4)]


def test_each_descriptor_is_transformed_as_by_itself(rng):
    sets = ragged(rng, (300, 0, MAX_ROWS, 2 * MAX_ROWS + 7, 1))
    lifted = PerDescriptor(PCA(2)).fit(sets)
    for got, rows in zip(lifted.transform(sets), sets, strict=True):
        if len(rows):
            np.testing.assert_allclose(got, lifted.transformer_.transform(rows), atol=1e-5)


def test_places_are_kept(rng):
    features = placed(rng)
    for got, before in zip(PerDescriptor(PCA(2)).fit_transform(features), features, strict=True):
        assert got.descriptors.shape == (len(before), 2)
        assert got.positions is before.positions


def test_bags_remain_bags_with_their_places(rng):
    bags = Bags.from_sets(placed(rng))
    lifted = PerDescriptor(PCA(2)).fit_transform(bags)
    assert isinstance(lifted, Bags)
    assert lifted[2].descriptors.shape == (5, 2)
    assert np.array_equal(lifted[2].positions, bags[2].positions)


def test_images_without_any_descriptor_stay_so_in_the_new_dimension(rng):
    lifted = PerDescriptor(PCA(2)).fit(ragged(rng))
    assert [rows.shape for rows in lifted.transform([np.zeros((0, 4))] * 2)] == [(0, 2)] * 2
    assert lifted.transform([]) == []


def test_float32_stays_float32(rng):
    lifted = PerDescriptor(PCA(2)).fit(ragged(rng))
    assert {rows.dtype for rows in lifted.transform(ragged(rng))} == {np.dtype("float32")}


def test_integers_in_bags_are_transformed_as_floats():
    bags = Bags(np.array([[1], [3]], np.uint8), np.array([0, 1, 2]))
    assert PerDescriptor(StandardScaler()).fit_transform(bags).descriptors.tolist() == [[-1], [1]]


def test_the_given_transformer_is_not_fitted(rng):
    scaler = StandardScaler()
    PerDescriptor(scaler).fit(ragged(rng))
    assert not hasattr(scaler, "mean_")


def test_nested_parameters_are_reached_and_cloned():
    lifted = clone(PerDescriptor(PCA(5))).set_params(transformer__n_components=3)
    assert lifted.get_params()["transformer__n_components"] == 3
    assert lifted.transformer.n_components == 3


def test_it_survives_pickling(rng):
    sets = ragged(rng)
    lifted = PerDescriptor(PCA(2)).fit(sets)
    again = pickle.loads(pickle.dumps(lifted)).transform(sets)
    assert all(map(np.array_equal, again, lifted.transform(sets)))


def test_it_has_to_be_fitted_first(rng):
    with pytest.raises(NotFittedError):
        PerDescriptor(PCA(2)).transform(ragged(rng))


def test_an_input_is_left_alone(rng):
    sets = ragged(rng)
    before = [rows.copy() for rows in sets]
    PerDescriptor(FunctionTransformer(np.square)).fit_transform(sets)
    assert all(map(np.array_equal, sets, before))
