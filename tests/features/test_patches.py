"""Patches: the right pixels, at the right size, turned the right way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from coursekit.data import photo
from coursekit.features import dense_sift, dominant_angles, extract_patches, sift
from coursekit.types import Image, LocalFeatures
from tests.oracles.patch_ckn import slow_patch


def grey(values: np.ndarray) -> Image:
    return np.repeat(np.asarray(values).astype(np.uint8)[:, :, None], 3, axis=2)


def at(places, scales, shape: tuple[int, int]) -> LocalFeatures:
    return LocalFeatures(
        np.zeros((len(places), 1)), np.array(places, float), np.array(scales, float), shape
    )


def smooth_noise(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return ndimage.gaussian_filter(rng.uniform(0, 255, shape), 2)


@pytest.mark.parametrize(("scale", "side"), [(8, 8), (5, 8), (13.5, 9), (31, 16)])
@pytest.mark.parametrize("angle", [0, 0.4, -2.5])
def test_patch_agrees_with_the_definition(scale, side, angle, rng):
    image = grey(smooth_noise(rng, 40, 50))
    places = [(20, 15), (25.25, 17.5), (0, 0), (49, 39), (-3, 60)]
    features = at(places, [scale] * 5, (40, 50))
    got = extract_patches(image, features, side, angles=np.full(5, angle))
    expected = [slow_patch(image[:, :, 0], x, y, scale, angle, side) for x, y in places]
    np.testing.assert_allclose(got, expected, atol=1e-3)


def test_an_odd_patch_of_its_own_size_is_the_pixels_themselves(rng):
    image = grey(rng.integers(0, 256, (30, 40)))
    (patch,) = extract_patches(image, at([(20, 10)], [9], (30, 40)), 9)
    np.testing.assert_array_equal(patch, image[6:15, 16:25, 0])


def test_a_ramp_stays_the_ramp_that_it_is_at_every_size():
    columns = np.tile(np.arange(256), (256, 1))
    scales = [10, 20, 39, 41, 80, 90, 160]
    features = at([(128, 128)] * len(scales), scales, (256, 256))
    for patch, scale in zip(extract_patches(grey(columns), features, 20), scales, strict=True):
        expected = 128 + scale * ((np.arange(20) + 0.5) / 20 - 0.5)
        np.testing.assert_allclose(patch, np.tile(expected, (20, 1)), atol=0.02)


def test_large_patches_are_averages_and_do_not_alias(rng):
    noise = rng.uniform(0, 255, (256, 256))  # deviation 74; a quarter of it is left at 4 pixels
    (patch,) = extract_patches(grey(noise), at([(128, 128)], [200], (256, 256)), 20)
    assert patch.std() < 20


def test_turning_the_image_turns_the_patch(rng):
    values = smooth_noise(rng, 61, 61)
    upright = extract_patches(grey(values), at([(30, 30)], [25], (61, 61)), 16)
    # A quarter turn to the left: what pointed right points up, which is −90° with y downwards.
    left = extract_patches(
        grey(np.rot90(values)), at([(30, 30)], [25], (61, 61)), 16, angles=[-np.pi / 2]
    )
    np.testing.assert_allclose(left, upright, atol=1e-3)


def test_patches_are_turned_to_the_angles_of_the_features_unless_others_are_given(rng):
    image = grey(smooth_noise(rng, 61, 61))
    upright = at([(30, 30), (25, 35)], [25, 14], (61, 61))
    turned = replace(upright, angles=np.array([0.7, -2.0]))
    np.testing.assert_array_equal(
        extract_patches(image, turned, 16), extract_patches(image, upright, 16, angles=[0.7, -2.0])
    )
    np.testing.assert_array_equal(
        extract_patches(image, turned, 16, angles=np.zeros(2)), extract_patches(image, upright, 16)
    )


def test_many_patches_give_what_each_gives(rng):
    image = grey(smooth_noise(rng, 60, 80))
    features = dense_sift(image, step=2)
    together = extract_patches(image, features, 8)
    assert len(together) > 600  # more than one chunk
    for t in rng.integers(0, len(features), 5):
        one = at(features.positions[[t]], features.scales[[t]], (60, 80))
        np.testing.assert_array_equal(extract_patches(image, one, 8)[0], together[t])


def test_no_feature_gives_no_patch():
    patches = extract_patches(grey(np.zeros((9, 9))), at(np.zeros((0, 2)), [], (9, 9)), 5)
    assert patches.shape == (0, 5, 5)
    assert patches.dtype == np.float32


@pytest.mark.parametrize("degrees", [0, 37, 90, 135, -90, -171, 180])
@pytest.mark.parametrize("side", [9, 32])
def test_dominant_angle_of_a_ramp_is_that_of_its_gradient(degrees, side):
    angle = np.deg2rad(degrees)
    y, x = np.mgrid[:side, :side]
    (found,) = dominant_angles([np.cos(angle) * x + np.sin(angle) * y])
    assert np.cos(found - angle) > np.cos(np.deg2rad(1))


def test_dominant_angle_turns_with_the_patch(rng):
    patches = smooth_noise(rng, 20, 16, 16)
    before = dominant_angles(patches)
    after = dominant_angles(np.rot90(patches, axes=(1, 2)))  # to the left
    np.testing.assert_allclose(np.cos(after - before + np.pi / 2), 1, atol=1e-6)


def test_a_flat_patch_has_the_angle_zero():
    assert dominant_angles(np.full((2, 8, 8), 7)).tolist() == [0, 0]
    assert dominant_angles(np.zeros((0, 8, 8))).shape == (0,)


def test_dominant_angle_looks_at_the_middle():
    y, x = np.mgrid[:32, :32]
    patch = np.where(np.hypot(x - 15.5, y - 15.5) < 8, 10.0 * x, 30.0 * y)
    assert abs(dominant_angles([patch])[0]) < np.deg2rad(15)


def test_dominant_angle_is_mostly_that_of_sift():
    tower = photo("eiffel_3").load()
    features = sift(tower)
    found = dominant_angles(extract_patches(tower, features, angles=np.zeros(len(features))))
    # Where a blob has several directions, SIFT describes all of them.
    assert features.angles is not None
    assert np.mean(np.cos(found - features.angles) > np.cos(np.deg2rad(20))) > 0.6


def test_patches_turned_to_their_angle_look_alike_in_a_turned_photo():
    tower = photo("eiffel_3").load()
    features = sift(tower, n_features=60)
    turned = np.ascontiguousarray(np.rot90(tower))
    x, y = features.positions.T
    there = LocalFeatures(
        features.descriptors,
        np.stack([y, tower.shape[1] - 1 - x], axis=1),
        features.scales,
        turned.shape[:2],
    )
    pairs = []
    for image, places in ((tower, features), (turned, there)):
        angles = dominant_angles(extract_patches(image, places, angles=np.zeros(60)))
        pairs.append(extract_patches(image, places, angles=angles))
    difference = np.abs(pairs[0] - pairs[1]).mean(axis=(1, 2))
    assert np.median(difference) < 2  # grey levels


IMAGE = grey(np.zeros((9, 9)))
ONE = at([(4, 4)], [5], (9, 9))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: extract_patches(IMAGE[0], ONE), ValueError,
         r"image: expected shape \(H, W, 3\), got \(9, 3\)"),
        (lambda: extract_patches(IMAGE[:5], ONE), ValueError,
         r"features: expected image_shape \(5, 9\) to match image, got \(9, 9\)"),
        (lambda: extract_patches(IMAGE, at([(4, 4)], [0], (9, 9))), ValueError,
         r"features: expected scales > 0, got 0.0"),
        (lambda: extract_patches(IMAGE, at([(4, np.nan)], [5], (9, 9))), ValueError,
         r"features.positions: expected finite values, got nan at \[0, 1\]"),
        (lambda: extract_patches(IMAGE, at([(4, 4)], [np.inf], (9, 9))), ValueError,
         r"features.scales: expected finite values, got inf at \[0\]"),
        (lambda: extract_patches(IMAGE, ONE, 0), ValueError,
         r"side: expected an integer ≥ 1, got 0"),
        (lambda: extract_patches(IMAGE, ONE, angles=[0, 0]), ValueError,
         r"angles: expected shape \(1,\), one a feature, got \(2,\)"),
        (lambda: extract_patches(IMAGE, ONE, angles=[np.nan]), ValueError,
         r"angles: expected finite values, got nan at \[0\]"),
        (lambda: dominant_angles(np.zeros((3, 4, 5))), ValueError,
         r"patches: expected shape \(N, P, P\) with P ≥ 2, got \(3, 4, 5\)"),
        (lambda: dominant_angles(np.zeros((3, 1, 1))), ValueError,
         r"patches: expected shape \(N, P, P\) with P ≥ 2, got \(3, 1, 1\)"),
        (lambda: dominant_angles(np.array([[[0, 1], [np.nan, 2]]])), ValueError,
         r"patches: expected finite values, got nan at \[0, 1, 0\]"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
