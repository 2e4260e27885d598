"""SIFT against its definition, and the layout that the glyphs rely on."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from scipy import ndimage

from coursekit.data import photo
from coursekit.features import (
    CELLS,
    ORIENTATION_ANGLES,
    ORIENTATIONS,
    dense_sift,
    extract_patches,
    root_sift,
    sift,
)
from coursekit.types import Image

# (x, y) to which each orientation points on the screen, y downwards: counter-clockwise.
COMPASS = [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]


@pytest.fixture(scope="module")
def tower() -> Image:
    return photo("eiffel_3").load()


def grey(values: np.ndarray) -> Image:
    """Make an RGB image whose luminance is `values`."""
    return np.repeat(values.astype(np.uint8)[:, :, None], 3, axis=2)


def noise(rng: np.random.Generator, height: int, width: int) -> Image:
    return grey(ndimage.gaussian_filter(rng.uniform(0, 255, (height, width)), 1.5))


def slow_sift(patch: np.ndarray, side: int) -> np.ndarray:
    """Lowe's descriptor of an upright patch at the centre of a larger image, read aloud.

    Every pixel votes for the cells and orientations on both sides of it (trilinear), weighted by
    its gradient and by a Gaussian of half the window; the histogram is normalised, clipped at
    0.2 and normalised again.
    """
    cell, centre = side / 4, patch.shape[0] // 2
    smooth = ndimage.gaussian_filter(patch.astype(float), np.sqrt((cell / 3) ** 2 - 0.5**2))
    histogram = np.zeros((6, 6, 8))  # one cell of margin all round
    for y in range(1, patch.shape[0] - 1):
        for x in range(1, patch.shape[1] - 1):
            right, down = (x - centre) / cell, (y - centre) / cell
            if abs(right) >= 2.5 or abs(down) >= 2.5:
                continue
            dx = smooth[y, x + 1] - smooth[y, x - 1]
            dy = smooth[y - 1, x] - smooth[y + 1, x]  # upwards
            vote = np.hypot(dx, dy) * np.exp(-(right**2 + down**2) / 8)
            row, column = down + 2.5, right + 2.5
            turn = np.arctan2(dy, dx) / (2 * np.pi) * 8 % 8
            for r in (int(row), int(row) + 1):
                for c in (int(column), int(column) + 1):
                    for o in (int(turn), int(turn) + 1):
                        share = (1 - abs(row - r)) * (1 - abs(column - c)) * (1 - abs(turn - o))
                        histogram[min(r, 5), min(c, 5), o % 8] += vote * share
    vector = histogram[1:5, 1:5].ravel()
    vector = np.minimum(vector / np.linalg.norm(vector), 0.2)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("side", [16, 24, 40])
def test_dense_descriptor_agrees_with_the_definition(side, rng):
    image = noise(rng, 81, 81)
    features = dense_sift(image, step=1, patch_sizes=[side], root_sift=False)
    (at_centre,) = np.flatnonzero((features.positions == 40).all(axis=1))
    got = features.descriptors[at_centre] / np.linalg.norm(features.descriptors[at_centre])
    # OpenCV rounds to bytes and takes its angles from a table: 2 % of the norm.
    np.testing.assert_allclose(got, slow_sift(image[:, :, 0], side), atol=0.02)


@pytest.mark.parametrize("orientation", range(8))
def test_a_ramp_speaks_in_the_orientation_of_its_gradient(orientation):
    x, y = COMPASS[orientation]
    rows, columns = np.mgrid[-28:28, -28:28]
    ramp = grey(128 + 2 * (x * columns + y * rows))
    (descriptor,) = dense_sift(ramp, step=99, patch_sizes=[32], root_sift=False).descriptors
    histograms = descriptor.reshape(16, 8)
    assert histograms.argmax(axis=1).tolist() == [orientation] * 16
    assert np.delete(histograms, orientation, axis=1).max() <= 1  # one degree off would give 3


def test_orientation_angles_point_round_the_compass_on_the_screen():
    pointing = np.stack([np.cos(ORIENTATION_ANGLES), np.sin(ORIENTATION_ANGLES)], axis=1)
    lengths = np.linalg.norm(COMPASS, axis=1, keepdims=True)
    np.testing.assert_allclose(pointing, COMPASS / lengths, atol=1e-12)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 3), (2, 1), (3, 0)])
def test_cells_are_stored_row_by_row(row, column):
    flat = np.full((64, 64), 128)
    y, x = 16 * row + 8, 16 * column + 8
    flat[y - 4 : y + 4, x - 4 : x + 4] = 255
    energies = (dense_sift(grey(flat), patch_sizes=[64]).descriptors ** 2).reshape(16, 8).sum(1)
    assert energies.argmax() == 4 * row + column


def test_layout_constants_multiply_to_the_dimension(tower):
    assert (CELLS, ORIENTATIONS) == (4, 8)
    assert sift(tower).descriptors.shape[1] == CELLS * CELLS * ORIENTATIONS == 128


def test_a_quarter_turn_of_the_image_leaves_the_descriptors(tower):
    upright, turned = sift(tower, n_features=100), sift(np.rot90(tower), n_features=300)
    similarity = (upright.descriptors @ turned.descriptors.T).max(axis=1)
    assert np.median(similarity) > 0.98


def test_a_quarter_turn_of_the_image_turns_the_angles(tower):
    before, after = sift(tower), sift(np.ascontiguousarray(np.rot90(tower)))
    nearest = (before.descriptors @ after.descriptors.T).argmax(axis=1)
    assert before.angles is not None
    assert after.angles is not None
    # To the left, which is −90° since y points downwards.
    turns = after.angles[nearest] - before.angles
    assert np.mean(np.cos(turns + np.pi / 2) > np.cos(np.deg2rad(10))) > 0.9


def test_the_angle_is_where_the_gradient_points():
    # A blob, brighter on one side: the gradient points there, downwards and to the right.
    y, x = np.mgrid[:80, :80] - 40.0
    blob = np.exp(-(x**2 + y**2) / (2 * 6.0**2))
    features = sift(grey(60 + 80 * blob + 0.6 * x + 0.6 * y), n_features=1)
    assert features.angles is not None
    assert np.cos(features.angles[0] - np.pi / 4) > np.cos(np.deg2rad(20))


def test_a_grid_is_upright(tower):
    angles = dense_sift(tower).angles
    assert angles is not None
    assert not angles.any()


def test_an_upright_grid_changes_under_a_quarter_turn(tower):
    upright, turned = dense_sift(tower, step=40), dense_sift(np.rot90(tower), step=40)
    similarity = (upright.descriptors * turned.descriptors).sum(axis=1)
    assert np.median(similarity) < 0.9


def test_a_blob_is_found_at_its_place_with_a_window_of_twelve_sigma():
    y, x = np.mgrid[:121, :121]
    image = grey(20 + 220 * np.exp(-((x - 70) ** 2 + (y - 50) ** 2) / (2 * 6.0**2)))
    features = sift(image)
    assert features.positions[0].tolist() == pytest.approx([70, 50], abs=0.05)
    # The difference of Gaussians of a Gaussian blob of σ = 6 answers most at σ = 6 / 2^(1/6).
    assert features.scales[0] == pytest.approx(12 * 6 / 2 ** (1 / 6), rel=0.15)


def turned_half(image: Image) -> Image:
    return np.ascontiguousarray(image[::-1, ::-1])


def test_positions_turn_with_the_image(tower):
    height, width = tower.shape[:2]
    places, turned = (sift(image).positions for image in (tower, turned_half(tower)))
    back = [width - 1, height - 1] - turned  # centres of pixels have whole coordinates
    nearest = back[((places[:, None] - back) ** 2).sum(axis=2).argmin(axis=1)]
    gaps = nearest - places
    np.testing.assert_allclose(np.median(gaps, axis=0), 0, atol=0.01)  # OpenCV's own: −0.5
    assert np.mean(np.hypot(*gaps.T) < 0.1) > 0.7


def test_the_patch_around_a_blob_is_symmetric():
    y, x = np.mgrid[:121, :121]
    image = grey(20 + 220 * np.exp(-((x - 70) ** 2 + (y - 50) ** 2) / (2 * 6.0**2)))
    (patch,) = extract_patches(image, sift(image, n_features=1), angles=[0])
    # A quarter of a pixel aside, the two differ by up to 14 grey levels.
    np.testing.assert_allclose(patch, patch[::-1, ::-1], atol=1)


@pytest.mark.parametrize(("x", "y"), [(48, 40), (20, 30), (70, 55)])
def test_a_patch_of_a_grid_turns_with_the_image(x, y, rng):
    image = noise(rng, 81, 97)
    patches = []
    for view, place in ((image, (x, y)), (turned_half(image), (96 - x, 80 - y))):
        grid = dense_sift(view, step=1, patch_sizes=[16], root_sift=False)
        (here,) = np.flatnonzero((grid.positions == place).all(axis=1))
        patches.append(grid.descriptors[here].reshape(4, 4, 8))
    upright, turned = patches
    # The gradients turn by half a turn too. Rounded to whole numbers: a pixel aside gives 40 to 64.
    np.testing.assert_allclose(np.roll(turned[::-1, ::-1], 4, axis=2), upright, atol=2)


def test_strongest_come_first_so_that_fewer_are_a_prefix(tower):
    every, some = sift(tower), sift(tower, n_features=25)
    assert len(some) == 25
    np.testing.assert_array_equal(some.descriptors, every.descriptors[:25])
    np.testing.assert_array_equal(some.positions, every.positions[:25])


def test_of_equally_strong_features_no_more_are_kept_than_asked_for():
    y, x = np.mgrid[:60, :60]
    blob = 20 + 220 * np.exp(-((x - 30) ** 2 + (y - 30) ** 2) / (2 * 6.0**2))
    four = grey(np.tile(blob, (2, 2)))
    assert len(sift(four)) > 2
    assert len(sift(four, n_features=2)) == 2


def test_colour_counts_by_its_luminance(rng):
    colours = np.dstack([noise(rng, 40, 40)[:, :, 0] for _ in range(3)])
    luminance = np.round(colours @ [0.299, 0.587, 0.114])  # ITU-R BT.601
    from_colours, from_grey = dense_sift(colours), dense_sift(grey(luminance))
    np.testing.assert_allclose(from_colours.descriptors, from_grey.descriptors, atol=0.02)


def test_a_lower_contrast_threshold_finds_more(tower):
    assert len(sift(tower, contrast_threshold=0.02)) > len(sift(tower)) > 100


def test_a_higher_edge_threshold_finds_more(tower):
    assert len(sift(tower, edge_threshold=20)) > len(sift(tower))


@pytest.mark.parametrize("extractor", [sift, dense_sift])
def test_features_are_float32_and_know_their_image(extractor, tower):
    features = extractor(tower)
    assert features.image_shape == tower.shape[:2]
    arrays = (features.descriptors, features.positions, features.scales, features.angles)
    assert [array.dtype for array in arrays] == [np.float32] * 4


@pytest.mark.parametrize("extractor", [sift, dense_sift])
def test_root_sift_is_the_root_of_the_plain_descriptors(extractor, tower):
    plain = extractor(tower, root_sift=False).descriptors
    assert plain.max() <= 255
    np.testing.assert_array_equal(plain, np.round(plain))
    np.testing.assert_array_equal(extractor(tower).descriptors, root_sift(plain))


@pytest.fixture
def two_thread_counts() -> Iterator[tuple[int, int]]:
    before = cv2.getNumThreads()
    yield 1, 3
    cv2.setNumThreads(before)


@pytest.mark.parametrize("extractor", [sift, dense_sift])
def test_same_image_same_bytes_for_any_number_of_threads(extractor, tower, two_thread_counts):
    results = []
    for n_threads in two_thread_counts:
        cv2.setNumThreads(n_threads)
        results.append(extractor(tower))
    for name in ("descriptors", "positions", "scales"):
        assert getattr(results[0], name).tobytes() == getattr(results[1], name).tobytes()


@pytest.mark.parametrize("extractor", [sift, dense_sift])
def test_image_is_untouched_and_may_be_read_only_or_strided(extractor, tower):
    strided = np.flip(np.flip(tower, axis=2).copy(), axis=2)
    strided.setflags(write=False)
    np.testing.assert_array_equal(extractor(strided).descriptors, extractor(tower).descriptors)


def test_blank_image_has_no_sparse_features():
    features = sift(np.zeros((50, 70, 3), np.uint8))
    assert features.descriptors.shape == (0, 128)
    assert features.positions.shape == (0, 2)
    assert features.image_shape == (50, 70)


@pytest.mark.parametrize("side", [15, 16])
def test_patch_of_one_grey_has_the_zero_descriptor_and_no_other(side):
    image = np.full((40, 50), 9)
    image[20, 30] = 200
    features = dense_sift(grey(image), step=1, patch_sizes=[side])
    first = features.positions - side // 2
    holds_it = ((first <= [30, 20]) & (first + side > [30, 20])).all(axis=1)
    np.testing.assert_array_equal(features.descriptors.any(axis=1), holds_it)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (3, 2, 3), (15, 400, 3)])
def test_images_too_small_for_a_patch_have_no_features(shape, rng):
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    assert dense_sift(image).descriptors.shape == (0, 128)
    assert sift(image).descriptors.shape[1] == 128


def test_an_image_of_one_patch_has_one_feature():
    features = dense_sift(np.zeros((16, 16, 3), np.uint8), patch_sizes=[16, 17])
    assert features.positions.tolist() == [[8, 8]]
    assert features.scales.tolist() == [16]


def test_grid_goes_size_by_size_then_row_by_row_with_the_rest_shared():
    image = np.zeros((25, 30, 3), np.uint8)  # 25 = 16 + 8 + 1, 30 = 16 + 8 + 2 · 3
    features = dense_sift(image, step=8, patch_sizes=[16, 25])
    of_sixteen = [[11, 8], [19, 8], [11, 16], [19, 16]]
    assert features.positions.tolist() == [*of_sixteen, [14, 12]]
    assert features.scales.tolist() == [16, 16, 16, 16, 25]


@pytest.mark.parametrize("step", [1, 5, 7])
@pytest.mark.parametrize("side", [4, 11, 16])
def test_all_patches_are_whole_and_none_is_missing(step, side, rng):
    height, width = rng.integers(side, 60, 2)
    features = dense_sift(np.zeros((height, width, 3), np.uint8), step=step, patch_sizes=[side])
    first = features.positions - side // 2
    assert first.min() >= 0
    assert (first + side).max(axis=0).tolist() <= [width, height]
    assert len(features) == ((height - side) // step + 1) * ((width - side) // step + 1)


def test_root_sift_by_hand():
    got = root_sift(np.array([[1.0, 3.0], [0.0, 5.0], [0.0, 0.0]]))
    np.testing.assert_allclose(got, [[0.5, 0.8660254], [0.0, 1.0], [0.0, 0.0]], atol=1e-7)


def test_dot_product_of_roots_is_the_hellinger_kernel(rng):
    x, y = rng.integers(0, 256, (2, 1, 128)).astype(float)
    hellinger = sum(np.sqrt(a * b) for a, b in zip(x[0] / x.sum(), y[0] / y.sum(), strict=True))
    assert (root_sift(x) @ root_sift(y).T).item() == pytest.approx(hellinger)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_root_sift_keeps_the_dtype_and_gives_unit_norms(dtype):
    descriptors = np.full((3, 2000), 60, dtype=dtype)  # the sum overflows float16
    roots = root_sift(descriptors)
    assert roots.dtype == dtype
    np.testing.assert_allclose(np.linalg.norm(roots.astype(float), axis=1), 1, rtol=2e-3)


def test_root_sift_takes_integers_as_float32_and_leaves_its_argument(rng):
    descriptors = rng.integers(0, 256, (4, 128), dtype=np.uint8)
    before = descriptors.copy()
    assert root_sift(descriptors).dtype == np.float32
    np.testing.assert_array_equal(descriptors, before)


def test_root_sift_of_no_descriptor_is_empty():
    assert root_sift(np.zeros((0, 128))).shape == (0, 128)


IMAGE = np.zeros((20, 20, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sift(np.zeros((4, 4, 3))),
            TypeError,
            r"image: expected a uint8 array \(H, W, 3\), got float64",
        ),
        (lambda: sift(IMAGE[:, :, 0]), ValueError, r"image: expected shape .*, got \(20, 20\)"),
        (
            lambda: sift(IMAGE, n_features=0),
            ValueError,
            r"n_features: expected an integer ≥ 1, got 0",
        ),
        (
            lambda: sift(IMAGE, contrast_threshold=0),
            ValueError,
            r"contrast_threshold: expected a finite number > 0, got 0",
        ),
        (
            lambda: sift(IMAGE, edge_threshold=-1.5),
            ValueError,
            r"edge_threshold: expected a finite number > 0, got -1.5",
        ),
        (
            lambda: dense_sift(IMAGE, step=2.5),
            TypeError,
            r"step: expected an integer, got 2.5",
        ),
        (
            lambda: dense_sift(IMAGE, patch_sizes=[16, 3]),
            ValueError,
            r"patch_sizes\[1\]: expected an integer ≥ 4, got 3",
        ),
        (
            lambda: root_sift(np.array([[1.0, -0.25]])),
            ValueError,
            r"descriptors: expected entries ≥ 0, got -0.25",
        ),
        (
            lambda: root_sift(np.ones(3)),
            ValueError,
            r"descriptors: expected shape \(T, D\), got \(3,\)",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
