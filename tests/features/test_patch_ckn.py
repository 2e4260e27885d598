"""Patch-CKN against the exact kernel that it stands for, and as an estimator."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from scipy import ndimage
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from coursekit.data import photo
from coursekit.features import (
    CKNLayer,
    PatchCKN,
    dense_sift,
    dominant_angles,
    extract_patches,
    sift,
)
from coursekit.features._kernel_layer import (
    KernelLayer,
    inverse_root,
    pooling_weights,
    spherical_kmeans,
    sub_patches,
)
from tests.oracles.patch_ckn import slow_ckn_kernel, slow_kernel, slow_sub_patches, slow_weight

STACKED = [CKNLayer(1, 8, 2), CKNLayer(2, 12, 2)]
INPUTS = pytest.mark.parametrize("input_type", ["gradient", "raw"])


def smooth_patches(rng: np.random.Generator, n: int, side: int = 12) -> np.ndarray:
    noise = rng.uniform(0, 255, (n, side, side))
    return np.asarray(ndimage.gaussian_filter(noise, (0, 1, 1)))


def unit_rows(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    rows = rng.normal(size=(n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def kernel_error(ckn: PatchCKN, patches: np.ndarray, exact: np.ndarray) -> float:
    descriptors = ckn.transform(patches)
    return float(np.linalg.norm(descriptors @ descriptors.T - exact) / np.linalg.norm(exact))


def exact_kernel(patches: np.ndarray, layer: CKNLayer, *, raw: bool) -> np.ndarray:
    size, _, subsampling, alpha = layer
    lists = patches.tolist()
    exact = np.zeros((len(lists), len(lists)))
    for a, b in itertools.combinations_with_replacement(range(len(lists)), 2):
        value = slow_ckn_kernel(lists[a], lists[b], size, subsampling, alpha, raw=raw)
        exact[a, b] = exact[b, a] = value
    return exact


# The kernel


@pytest.mark.parametrize("alpha", [0.5, 4.0, 20.0])
def test_the_approximation_is_exact_where_one_side_is_an_anchor(alpha, rng):
    filters = unit_rows(rng, 6, 5)
    layer = KernelLayer(filters, inverse_root(filters, alpha), 1, 1, alpha, centred=False)
    others = rng.normal(size=(4, 5))
    anchors = 3 * filters  # its direction is what makes an anchor
    mapped_anchors = layer(anchors[:, None, None])[:, 0, 0]
    mapped_others = layer(others[:, None, None])[:, 0, 0]
    for x, of_x in zip(anchors, mapped_anchors, strict=True):
        for y, of_y in [*zip(anchors, mapped_anchors), *zip(others, mapped_others)]:  # noqa: B905
            assert of_x @ of_y == pytest.approx(slow_kernel(x, y, alpha), rel=1e-6, abs=1e-9)


@INPUTS
def test_with_every_sub_patch_an_anchor_the_kernel_of_patches_is_exact(input_type, rng):
    patches = smooth_patches(rng, 3, 4)
    raw = input_type == "raw"
    layer = CKNLayer(2, 3 * 9, 2, 3.0)  # 3 patches of 3×3 sub-patches
    ckn = PatchCKN([layer], input_type=input_type, norm=False).fit(patches)
    exact = exact_kernel(patches, layer, raw=raw)
    assert kernel_error(ckn, patches, exact) < 1e-5
    assert sorted(len(d) for d in ckn.layers_[0].filters) == [4 if raw else 8] * 27


@INPUTS
def test_more_filters_approximate_the_exact_kernel_better(input_type, rng):
    patches = smooth_patches(rng, 3, 6)
    layer = CKNLayer(3, 0, 2, 2.0)
    exact = exact_kernel(patches, layer, raw=input_type == "raw")
    train = smooth_patches(rng, 200, 6)
    errors = [
        kernel_error(
            PatchCKN(
                [layer._replace(n_filters=K)], input_type=input_type, norm=False, n_training=2000
            ).fit(train),
            patches,
            exact,
        )
        for K in (2, 8, 32, 128)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 5 * errors[-1]
    assert errors[-1] < 0.12


def test_sixteen_directions_all_but_reproduce_the_kernel_of_gradients(rng):
    patches = smooth_patches(rng, 3, 5)
    layer = CKNLayer(1, 16, 2)
    ckn = PatchCKN([layer], norm=False).fit(smooth_patches(rng, 100, 5))
    assert kernel_error(ckn, patches, exact_kernel(patches, layer, raw=False)) < 1e-3


@pytest.mark.parametrize("raw", [True, False])
def test_sub_patches_are_those_of_the_definition(raw, rng):
    (patch,) = smooth_patches(rng, 1, 5)
    maps = patch[None, :, :, None] if raw else np.stack(np.gradient(patch)[::-1], axis=-1)[None]
    got = sub_patches(maps, 2, centred=raw)
    for (i, j), vector in slow_sub_patches(patch.tolist(), 2, raw=raw).items():
        # The definition goes place by place, ours channel by channel.
        by_place = np.reshape(vector, (4, -1)).T.ravel()
        np.testing.assert_allclose(got[0, i, j], by_place, atol=1e-9)


@pytest.mark.parametrize(("n", "subsampling"), [(1, 1), (8, 2), (9, 4), (3, 5), (32, 8)])
def test_pooling_weights_are_those_of_the_definition(n, subsampling):
    weights = pooling_weights(n, subsampling)
    assert weights.shape == (max(1, n // subsampling), n)
    for cell, row in enumerate(weights):
        expected = [slow_weight(place, cell, n, subsampling) for place in range(n)]
        np.testing.assert_allclose(row, expected, atol=1e-12)
    np.testing.assert_allclose(weights[::-1, ::-1], weights, atol=1e-12)


def test_spherical_kmeans_finds_the_directions_of_bundles(rng):
    axes = np.eye(4)
    bundles = np.repeat(axes, 50, axis=0) + 0.1 * rng.normal(size=(200, 4))
    bundles /= np.linalg.norm(bundles, axis=1, keepdims=True)
    filters = spherical_kmeans(bundles, 4, np.random.RandomState(0))
    np.testing.assert_allclose(np.linalg.norm(filters, axis=1), 1, atol=1e-12)
    assert sorted((filters @ axes).argmax(axis=1)) == [0, 1, 2, 3]
    assert (filters @ axes).max(axis=1).min() > 0.99


def test_a_filter_that_nothing_chooses_moves_to_what_is_represented_worst(monkeypatch):
    angles = np.deg2rad([0, 10, 20, 80, 90])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    layer_module = "coursekit.features._kernel_layer"
    start = (directions[[0, 0]], None)  # the first direction, twice
    monkeypatch.setattr(f"{layer_module}.kmeans_plusplus", lambda *_, **__: start)

    def degrees_found() -> list[float]:
        filters = spherical_kmeans(directions, 2, np.random.RandomState(0))
        return [float(np.rad2deg(np.arctan2(y, x))) for x, y in filters]

    assert sorted(degrees_found()) == pytest.approx([10, 85])
    monkeypatch.setattr(f"{layer_module}._MAX_ITER", 1)
    assert degrees_found()[1] == pytest.approx(90)


# The descriptors


def test_a_layer_of_8_directions_in_4_by_4_cells_is_laid_out_as_sift():
    rows, columns = np.mgrid[:32, :32]
    angles = np.linspace(-np.pi, np.pi, 16, endpoint=False)
    ramps = np.cos(angles)[:, None, None] * columns + np.sin(angles)[:, None, None] * rows
    ckn = PatchCKN([CKNLayer(1, 8, 8)]).fit(ramps)
    corner = np.zeros((1, 32, 32))
    corner[0, 4, 28] = 1  # in the first row of cells, the last column
    energy = (ckn.transform(corner).reshape(4, 4, 8) ** 2).sum(axis=2)
    assert np.unravel_index(energy.argmax(), (4, 4)) == (0, 3)


@pytest.mark.parametrize(
    ("layers", "side", "dimension"),
    [
        ([CKNLayer(1, 8, 8)], 32, 4 * 4 * 8),
        ([CKNLayer(3, 5, 4)], 12, 2 * 2 * 5),  # 10 places left: 2 cells of 4
        (STACKED, 12, 2 * 2 * 12),  # 12 / 2 = 6 cells, 5 places left, 2 cells of 2
        ([CKNLayer(2, 3, 99)], 12, 3),  # never less than one cell
    ],
)
def test_dimension_is_cells_times_filters(layers, side, dimension):
    patches = smooth_patches(np.random.default_rng(0), 40, side)
    ckn = PatchCKN(layers).fit(patches)
    assert ckn.transform(patches).shape == (40, dimension)
    assert len(ckn.get_feature_names_out()) == dimension


@INPUTS
def test_descriptors_have_unit_norm_and_forget_brightness_and_contrast(input_type, rng):
    ckn = PatchCKN([CKNLayer(2, 8, 2), CKNLayer(2, 12, 2)], input_type=input_type)
    ckn.fit(smooth_patches(rng, 40))
    patches = smooth_patches(rng, 5)
    descriptors = ckn.transform(patches)
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(ckn.transform(0.5 * patches + 40), descriptors, atol=1e-9)


def test_without_norm_the_descriptor_grows_with_the_contrast(rng):
    patches = smooth_patches(rng, 30)
    ckn = PatchCKN(STACKED, norm=False).fit(patches)
    np.testing.assert_allclose(ckn.transform(3 * patches), 3 * ckn.transform(patches), atol=1e-6)


@INPUTS
@pytest.mark.parametrize("grey", [0, 77, 0.1])
def test_a_patch_of_one_grey_has_the_zero_descriptor(grey, input_type, rng):
    ckn = PatchCKN([CKNLayer(3, 8, 2)], input_type=input_type).fit(smooth_patches(rng, 30))
    flat = np.full((2, 12, 12), grey, np.float32)
    flat[1, :, ::2] = np.nextafter(flat[1, :, ::2], np.float32(99))  # flat but for rounding
    assert not ckn.transform(flat).any()


def test_what_is_flat_teaches_nothing(rng):
    patches = smooth_patches(rng, 64)
    patches[:, :, :6] = 50  # in half of each patch there is no gradient
    nothing = np.full((64, 12, 12), 50.0)
    nothing[:, ::2] = np.nextafter(50, 99)  # flat but for rounding
    ckn = PatchCKN(STACKED, n_training=2000)
    ckn.fit(np.concatenate([patches, nothing]))
    alone = clone(ckn).fit(patches)
    for layer, expected in zip(ckn.layers_, alone.layers_, strict=True):
        np.testing.assert_allclose(np.linalg.norm(layer.filters, axis=1), 1, atol=1e-12)
        assert layer.filters.shape == expected.filters.shape
    with pytest.raises(ValueError, match=r"^patches: expected at least 8 .*, got 0 for layers"):
        ckn.fit(nothing)


def test_only_the_first_layer_of_raw_patches_takes_means_off(rng):
    layers = [CKNLayer(3, 8, 2), CKNLayer(2, 8, 1)]
    ckn = PatchCKN(layers, input_type="raw", n_training=500).fit(smooth_patches(rng, 40))
    of_first, of_second = (np.abs(layer.filters.sum(axis=1)) for layer in ckn.layers_)
    assert of_first.max() < 1e-12
    assert of_second.min() > 0.1


def test_a_gradient_is_described_by_x_then_y():
    to_the_right = np.tile(np.arange(8.0), (3, 8, 1))
    (layer,) = PatchCKN([CKNLayer(1, 1, 2)]).fit(to_the_right).layers_
    np.testing.assert_allclose(layer.filters, [[1, 0]], atol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 130])
def test_many_patches_give_what_each_gives(n, rng):
    ckn = PatchCKN(STACKED, n_training=1000).fit(smooth_patches(rng, 40))
    patches = smooth_patches(rng, n)
    together = ckn.transform(patches)
    assert together.shape == (n, 48)
    for t in range(0, n, 31):
        np.testing.assert_allclose(together[t], ckn.transform(patches[t : t + 1])[0], atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_dtype_in_is_dtype_out(dtype, rng):
    patches = smooth_patches(rng, 40).round()
    ckn = PatchCKN(STACKED, n_training=1000).fit(patches)
    got = ckn.transform(patches.astype(dtype))
    assert got.dtype == dtype
    tolerance = {np.float16: 1e-3, np.float32: 1e-4, np.float64: 0}[dtype]
    np.testing.assert_allclose(got, ckn.transform(patches), atol=tolerance)


def test_integers_are_taken_as_float32(rng):
    patches = smooth_patches(rng, 40).astype(np.uint8)
    ckn = PatchCKN(STACKED, n_training=1000).fit(patches)
    assert ckn.transform(patches).dtype == np.float32
    np.testing.assert_array_equal(ckn.transform(patches), ckn.transform(patches.astype(np.float32)))


# The estimator


@INPUTS
def test_same_seed_same_bytes_and_another_seed_another_network(input_type, rng):
    patches = smooth_patches(rng, 100)
    layers = [CKNLayer(2, 8, 2), CKNLayer(2, 12, 2)]
    one, again, other = (
        PatchCKN(layers, input_type=input_type, n_training=1000, random_state=seed).fit(patches)
        for seed in (3, 3, 4)
    )
    for layer, same in zip(one.layers_, again.layers_, strict=True):
        assert layer.filters.tobytes() == same.filters.tobytes()
    assert one.transform(patches).tobytes() == again.transform(patches).tobytes()
    assert one.layers_[0].filters.tobytes() != other.layers_[0].filters.tobytes()


def test_it_is_an_estimator_of_scikit_learn(rng):
    patches = smooth_patches(rng, 60)
    before = patches.copy()
    ckn = PatchCKN(STACKED, n_training=500)
    assert clone(ckn).get_params() == ckn.get_params()
    assert ckn.fit(patches) is ckn
    np.testing.assert_array_equal(patches, before)
    restored = pickle.loads(pickle.dumps(ckn))
    np.testing.assert_array_equal(restored.transform(patches), ckn.transform(patches))
    pipeline = make_pipeline(PatchCKN(STACKED, n_training=1000), PCA(8)).fit(patches)
    assert pipeline.transform(patches).shape == (60, 8)
    assert ckn.get_feature_names_out()[0] == "patchckn0"
    assert not hasattr(ckn, "set_fit_request")  # patches are data, not metadata
    assert not hasattr(ckn, "set_transform_request")


def test_learning_draws_no_more_sub_patches_than_asked_for(rng):
    patches = smooth_patches(rng, 200)
    drawn = PatchCKN(STACKED)
    drawn.layers_ = []
    found = drawn._draw(patches, 1, False, 150, np.random.RandomState(0))
    assert found.shape == (150, 2)
    assert len(np.unique(found, axis=0)) == 150


def test_learning_draws_from_all_over_a_patch():
    patch = np.tile(np.arange(12.0), (12, 1))  # brighter to the right, then downwards
    patch[6:] = 20 + np.arange(6)[:, None]
    drawn = PatchCKN()
    drawn.layers_ = []
    found = drawn._draw(np.repeat(patch[None], 64, axis=0), 1, False, 100, np.random.RandomState(0))
    # 7 rows of 12 look downwards; the first 100 places would hold 28 such.
    assert 45 < np.count_nonzero(found[:, 1] > 0.99) < 75


def test_describe_keeps_places_and_describes_their_patches():
    tower = photo("eiffel_3").load()
    features = sift(tower, n_features=40)
    patches = extract_patches(tower, features, 16, angles=np.zeros(40))
    ckn = PatchCKN([CKNLayer(1, 8, 4)]).fit(patches)
    angles = dominant_angles(patches)
    described = ckn.describe(tower, features, angles=angles)
    turned = extract_patches(tower, features, 16, angles=angles)
    np.testing.assert_array_equal(described.descriptors, ckn.transform(turned))
    assert described.descriptors.shape == (40, 128)
    assert described.descriptors.dtype == np.float32
    assert described.angles is angles
    assert described.positions is features.positions
    assert described.image_shape == tower.shape[:2]


def test_describe_turns_patches_as_sift_has_turned_them():
    tower = photo("eiffel_3").load()
    turned = np.ascontiguousarray(np.rot90(tower))
    ckn = PatchCKN([CKNLayer(1, 8, 8)]).fit(extract_patches(tower, sift(tower, n_features=200)))
    here, there = (ckn.describe(image, sift(image, n_features=200)) for image in (tower, turned))
    # (x, y) goes to (y, W − 1 − x): the nearest descriptor of a turned patch is at its place.
    nearest = (here.descriptors @ there.descriptors.T).argmax(axis=1)
    x, y = here.positions.T
    expected = np.stack([y, tower.shape[1] - 1 - x], axis=1)
    distances = np.linalg.norm(there.positions[nearest] - expected, axis=1)
    assert np.mean(distances < 3) > 0.7
    assert here.angles is not None


def test_describe_recognises_the_same_place_in_a_darker_photo():
    tower = photo("eiffel_3").load()
    features = dense_sift(tower, step=48, patch_sizes=[32])
    ckn = PatchCKN([CKNLayer(1, 8, 4), CKNLayer(2, 16, 2)])
    ckn.fit(extract_patches(tower, features))
    here = ckn.describe(tower, features).descriptors
    darker = ckn.describe((tower * 0.6).astype(np.uint8), features).descriptors
    textured = here.any(axis=1) & darker.any(axis=1)
    found = (darker[textured] @ here.T).argmax(axis=1)
    assert np.mean(found == np.flatnonzero(textured)) > 0.9


def test_describe_of_no_feature_gives_none(rng):
    image = np.zeros((20, 20, 3), np.uint8)
    ckn = PatchCKN([CKNLayer(1, 8, 4)]).fit(smooth_patches(rng, 20))
    assert ckn.describe(image, sift(image)).descriptors.shape == (0, 9 * 8)


# Bad input

PATCHES = np.random.default_rng(0).uniform(0, 255, (20, 8, 8))
FITTED = PatchCKN([CKNLayer(1, 4, 4)]).fit(PATCHES)
NAN = np.where(np.arange(8) == 3, np.nan, PATCHES)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: FITTED.transform(PATCHES[:, :7, :7]), ValueError,
         r"patches: expected shape \(N, 8, 8\), got \(20, 7, 7\)"),
        (lambda: FITTED.transform(PATCHES[0]), ValueError,
         r"patches: expected shape \(N, 8, 8\), got \(8, 8\)"),
        (lambda: FITTED.transform(NAN), ValueError,
         r"patches: expected finite values, got nan at \[0, 0, 3\]"),
        (lambda: FITTED.transform([[["a"]]]), TypeError,
         r"patches: expected integers or floats, got dtype <U1"),
        (lambda: PatchCKN().transform(PATCHES), NotFittedError, r"This PatchCKN instance .*"),
        (lambda: PatchCKN().fit(PATCHES[:, :1, :1]), ValueError,
         r"patches: expected shape \(N, P, P\) with P ≥ 2, got \(20, 1, 1\)"),
        (lambda: PatchCKN().fit(PATCHES[:0]), ValueError,
         r"patches: expected at least one, got shape \(0, 8, 8\)"),
        (lambda: PatchCKN(input_type="colour").fit(PATCHES), ValueError,
         r"input_type: expected one of 'gradient', 'raw', got 'colour'"),
        (lambda: PatchCKN(n_training=0).fit(PATCHES), ValueError,
         r"n_training: expected an integer ≥ 1, got 0"),
        (lambda: PatchCKN([]).fit(PATCHES), ValueError,
         r"layers: expected a sequence of at least one CKNLayer, got \[\]"),
        (lambda: PatchCKN(CKNLayer(1, 2, 3)).fit(PATCHES), ValueError,
         r"layers: expected a sequence of at least one CKNLayer, got CKNLayer\(.*\)"),
        (lambda: PatchCKN([(1, 2, 3)]).fit(PATCHES), TypeError,
         r"layers\[0\]: expected a CKNLayer, got \(1, 2, 3\)"),
        (lambda: PatchCKN([CKNLayer(0, 2, 3)]).fit(PATCHES), ValueError,
         r"layers\[0\].size: expected an integer ≥ 1, got 0"),
        (lambda: PatchCKN([CKNLayer(1, 2, 2, -1)]).fit(PATCHES), ValueError,
         r"layers\[0\].alpha: expected a finite number > 0, got -1"),
        (lambda: PatchCKN([CKNLayer(1, 2, 3), CKNLayer(3, 2, 1)]).fit(PATCHES), ValueError,
         r"layers\[1\].size: expected at most 2 places, got 3"),
        (lambda: PatchCKN([CKNLayer(8, 21, 1)]).fit(PATCHES), ValueError,
         r"patches: expected at least 21 distinct sub-patches, got 20 for layers\[0\]"),
        (lambda: PatchCKN([CKNLayer(8, 5, 1)]).fit(PATCHES[[0, 1] * 8]), ValueError,
         r"patches: expected at least 5 distinct sub-patches, got 2 for layers\[0\]"),
        (lambda: PatchCKN([CKNLayer(1, 2, 1)]).fit(np.ones((3, 8, 8))), ValueError,
         r"patches: expected at least 2 distinct sub-patches, got 0 for layers\[0\]"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
