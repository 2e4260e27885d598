"""Each transformation does what it says, in the units it says, the same each time."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from coursekit.data import photo
from coursekit.data.transformations import (
    blur,
    crop,
    jpeg,
    perspective,
    print_scan,
    relight,
    rotate,
    scale,
)

CALLS = {
    "crop": lambda image: crop(image, 0.3),
    "jpeg": lambda image: jpeg(image, 20),
    "scale": lambda image: scale(image, 0.5),
    "rotate": lambda image: rotate(image, 20),
    "perspective": lambda image: perspective(image, 0.4),
    "blur": lambda image: blur(image, 2.0),
    "relight": lambda image: relight(image, gamma=2.0, shade=0.5),
    "print_scan": lambda image: print_scan(image),
}


def square(size, *corner, side=1):
    """Return a black image with a white square whose top left corner is at (x, y)."""
    image = np.zeros((*size, 3), dtype=np.uint8)
    x, y = corner
    image[y : y + side, x : x + side] = 255
    return image


def centre_of_light(image):
    """Return the (x, y) of the centre of mass."""
    light = image[..., 0].astype(float)
    y, x = np.indices(light.shape)
    return np.array([(x * light).sum(), (y * light).sum()]) / light.sum()


@pytest.fixture(scope="module")
def eiffel():
    return photo("eiffel_3").load()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_input_stays_and_the_output_is_a_fresh_image(eiffel, call):
    before = eiffel.copy()
    result = call(eiffel)
    np.testing.assert_array_equal(eiffel, before)
    assert result.dtype == np.uint8
    assert result.ndim == 3
    assert not np.shares_memory(result, eiffel)
    result[:] = 0
    np.testing.assert_array_equal(eiffel, before)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_result_is_the_same_each_time(eiffel, call):
    np.testing.assert_array_equal(call(eiffel), call(eiffel))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2)])
def test_tiny_images_pass(call, size):
    assert min(call(np.full((*size, 3), 77, dtype=np.uint8)).shape) >= 1


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((4, 4, 3)), TypeError, r"image: expected a uint8 array \(H, W, 3\), got float64"),
        (
            np.zeros((4, 4), np.uint8),
            ValueError,
            r"image: expected shape \(H, W, 3\), got \(4, 4\)",
        ),
    ],
)
def test_what_is_no_image_is_refused(call, image, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call(image)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: crop(x, 1), ValueError, "removed: expected a number in [0, 1), got 1"),
        (lambda x: crop(x, -0.1), ValueError, "removed: expected a number in [0, 1), got -0.1"),
        (lambda x: crop(x, "half"), TypeError, "removed: expected a number, got 'half'"),
        (
            lambda x: crop(x, 0.5, centre=(0.5, 2)),
            ValueError,
            "centre[1]: expected a number in [0, 1], got 2",
        ),
        (lambda x: jpeg(x, 0), ValueError, "quality: expected an integer in [1, 95], got 0"),
        (lambda x: jpeg(x, 50.0), TypeError, "quality: expected an integer, got 50.0"),
        (lambda x: scale(x, 0), ValueError, "factor: expected a finite number > 0, got 0"),
        (
            lambda x: rotate(x, 181),
            ValueError,
            "degrees: expected a number in [-180, 180], got 181",
        ),
        (
            lambda x: rotate(x, float("nan")),
            ValueError,
            "degrees: expected a number in [-180, 180], got nan",
        ),
        (lambda x: perspective(x, 1.0), ValueError, "tilt: expected a number in [0, 1), got 1.0"),
        (
            lambda x: perspective(x, 0.1, side="up"),
            ValueError,
            "side: expected one of 'left', 'right', 'top', 'bottom', got 'up'",
        ),
        (lambda x: blur(x, -1), ValueError, "sigma: expected a finite number ≥ 0, got -1"),
        (lambda x: relight(x, gamma=0), ValueError, "gamma: expected a finite number > 0, got 0"),
        (lambda x: relight(x, shade=2), ValueError, "shade: expected a number in [0, 1], got 2"),
        (
            lambda x: print_scan(x, noise=-1),
            ValueError,
            "noise: expected a finite number ≥ 0, got -1",
        ),
        (lambda x: print_scan(x, seed=-1), ValueError, "seed: expected an integer ≥ 0, got -1"),
    ],
)
def test_bad_options_are_refused(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call(np.zeros((4, 4, 3), dtype=np.uint8))


@pytest.mark.parametrize("removed", [0.0, 0.1, 0.5, 0.8])
def test_a_crop_removes_the_share_of_the_area_it_says(removed):
    image = np.zeros((300, 400, 3), dtype=np.uint8)
    height, width = crop(image, removed).shape[:2]
    assert height * width / (300 * 400) == pytest.approx(1 - removed, abs=0.005)
    assert width / height == pytest.approx(4 / 3, abs=0.02)


def test_a_crop_keeps_the_part_it_says(eiffel):
    for centre, rows, columns in [
        ((0, 0), slice(0, 132), slice(0, 132)),
        ((1, 1), slice(132, 264), slice(132, 264)),
        ((1, 0), slice(0, 132), slice(132, 264)),
        ((0.5, 0.5), slice(66, 198), slice(66, 198)),
    ]:
        np.testing.assert_array_equal(crop(eiffel, 0.75, centre=centre), eiffel[rows, columns])


def test_jpeg_is_what_a_file_of_that_quality_gives(eiffel):
    file = io.BytesIO()
    Image.fromarray(eiffel).save(file, format="JPEG", quality=15, subsampling=2)
    np.testing.assert_array_equal(jpeg(eiffel, 15), np.asarray(Image.open(file)))


def test_lower_qualities_do_more_harm(eiffel):
    errors = [np.abs(jpeg(eiffel, q) - eiffel.astype(float)).mean() for q in (90, 50, 20, 5)]
    assert errors == sorted(errors)
    assert errors[0] > 0


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0])
def test_scale_multiplies_the_sides(factor):
    shape = scale(np.zeros((80, 120, 3), dtype=np.uint8), factor).shape
    assert shape == (80 * factor, 120 * factor, 3)


def test_scale_averages_rather_than_picks():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = scale(stripes, 0.25)
    assert np.abs(small.astype(int)[:, 2:-2] - 127).max() <= 2


def test_a_quarter_turn_is_counter_clockwise(eiffel):
    np.testing.assert_array_equal(rotate(eiffel, 90), np.rot90(eiffel))
    np.testing.assert_array_equal(rotate(eiffel, -90), np.rot90(eiffel, -1))
    np.testing.assert_array_equal(rotate(eiffel, 180), eiffel[::-1, ::-1])
    np.testing.assert_array_equal(rotate(eiffel, 0), eiffel)


def test_a_point_right_of_the_centre_goes_up():
    image = square((101, 101), 69, 49, side=3)  # its centre is 20 right of the middle
    x, y = centre_of_light(rotate(image, 30))
    side = rotate(image, 30).shape[0]
    middle = (side - 1) / 2
    # 20 (cos 30°, sin 30°) = (17.3, 10), and up is towards smaller y
    assert (x - middle, middle - y) == pytest.approx((17.32, 10.0), abs=0.1)


@pytest.mark.parametrize("degrees", [-170, -45, 5, 30, 90, 135])
@pytest.mark.parametrize("size", [(60, 100), (100, 60), (80, 80)])
def test_a_turned_photo_has_no_made_up_pixels(degrees, size):
    # White everywhere: a pixel from outside would be interpolated with the border at most, so
    # the part must also be as large as geometry allows, and no larger.
    H, W = size
    turned = rotate(np.full((H, W, 3), 255, dtype=np.uint8), degrees)
    h, w = turned.shape[:2]
    assert (turned == 255).all()
    cosine, sine = abs(np.cos(np.deg2rad(degrees))), abs(np.sin(np.deg2rad(degrees)))
    for grown, fits in ((0, True), (2, False)):
        wide, high = w + grown, h + grown
        inside = wide * cosine + high * sine <= W + 1e-6 and wide * sine + high * cosine <= H + 1e-6
        assert inside == fits
    assert w / h == pytest.approx(W / H, abs=0.05)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_the_near_side_loses_the_share_it_says(side):
    # A ramp along the near side: its ends read a quarter and three quarters of the way.
    along = np.linspace(0, 240, 121)
    ramp = np.repeat(along[:, None], 121, axis=1)
    image = np.stack([ramp if side in ("left", "right") else ramp.T] * 3, axis=-1).astype(np.uint8)
    seen = perspective(image, 0.5, side=side)[..., 0].astype(int)
    near, far = {
        "left": (seen[:, 0], seen[:, -1]),
        "right": (seen[:, -1], seen[:, 0]),
        "top": (seen[0], seen[-1]),
        "bottom": (seen[-1], seen[0]),
    }[side]
    assert (near[0], near[-1]) == pytest.approx((60, 180), abs=1)
    assert (far[0], far[-1]) == pytest.approx((0, 240), abs=1)


def test_straight_lines_stay_straight():
    image = np.zeros((201, 201, 3), dtype=np.uint8)
    diagonal = np.arange(201)
    image[diagonal, diagonal] = 255
    image[diagonal[:-1], diagonal[1:]] = image[diagonal[1:], diagonal[:-1]] = 128
    seen = perspective(image, 0.5, side="left")[..., 0].astype(float)
    columns = np.arange(70, 180)
    rows = (np.indices(seen.shape)[0] * seen)[:, columns].sum(0) / seen[:, columns].sum(0)
    line = np.polynomial.Polynomial.fit(columns, rows, 1)
    assert np.abs(rows - line(columns)).max() < 0.6
    assert abs(line.deriv()(100.0) - 1) > 0.1  # but not the line they were


def test_no_tilt_is_no_change(eiffel):
    np.testing.assert_array_equal(perspective(eiffel, 0.0), eiffel)


@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_blur_has_the_deviation_it_says(sigma):
    blurred = blur(square((61, 61), 26, 26, side=9), sigma)[..., 0].astype(float)
    _, x = np.indices(blurred.shape)
    variance = (blurred * (x - 30) ** 2).sum() / blurred.sum()
    assert variance == pytest.approx(sigma**2 + (9**2 - 1) / 12, rel=0.03)


def test_blur_by_nothing_is_no_change(eiffel):
    np.testing.assert_array_equal(blur(eiffel, 0.0), eiffel)


def test_light_follows_the_power_and_fades_to_the_right():
    grey = np.full((2, 5, 3), 100, dtype=np.uint8)
    assert relight(grey, gamma=2.0)[0, :, 0].tolist() == [39] * 5  # 255 (100/255)²
    assert relight(grey, shade=0.4)[1, :, 2].tolist() == [100, 90, 80, 70, 60]
    np.testing.assert_array_equal(relight(grey), grey)


def test_paper_is_not_white_and_ink_is_not_black():
    image = np.zeros((40, 40, 3), dtype=np.uint8)
    image[:, 20:] = 255
    scanned = print_scan(image, noise=0.0, sigma=0.5)
    assert scanned[20, 5].tolist() == [28] * 3
    assert scanned[20, 35].tolist() == [236] * 3


@pytest.mark.parametrize("noise", [4.0, 12.0])
def test_the_grain_has_the_deviation_it_says_and_no_colour(noise):
    grey = np.full((200, 200, 3), 120, dtype=np.uint8)
    scanned = print_scan(grey, noise=noise, sigma=0.0, seed=3).astype(float)
    assert scanned[..., 0].std() == pytest.approx(noise, rel=0.03)
    assert scanned[..., 0].mean() == pytest.approx(28 + 208 / 255 * 120, abs=0.1)
    np.testing.assert_array_equal(scanned[..., 0], scanned[..., 2])
    neighbours = np.corrcoef(scanned[:, :-1, 0].ravel(), scanned[:, 1:, 0].ravel())
    assert abs(neighbours[0, 1]) < 0.02


def test_another_seed_is_another_grain():
    grey = np.full((20, 20, 3), 120, dtype=np.uint8)
    first, second = print_scan(grey, seed=1), print_scan(grey, seed=2)
    assert (first != second).mean() > 0.5
