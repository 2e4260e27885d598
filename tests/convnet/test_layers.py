"""The layers by hand: the lecture's numbers, their definition by loops, and torch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from coursekit.convnet import avg_pool2d, conv2d, fully_connected, max_pool2d, relu
from tests.oracles.convnet import slow_conv2d, slow_fully_connected, slow_pool2d

# float64 sums of a few thousand products of order 1; float32 and float16 by their own precision.
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5, np.float16: 5e-3}
LAYERS = {
    "fully_connected": lambda x: fully_connected(x, np.ones((2, np.asarray(x)[0].size))),
    "conv2d": lambda x: conv2d(x, np.ones((2, np.asarray(x).shape[-3], 2, 2)), padding=1),
    "relu": relu,
    "max_pool2d": lambda x: max_pool2d(x, padding=1),
    "avg_pool2d": lambda x: avg_pool2d(x, padding=1),
}
WINDOWS = [  # height, width, window, stride, padding: all (vertical, horizontal)
    (1, 1, (1, 1), (1, 1), (0, 0)),
    (1, 9, (1, 3), (1, 2), (0, 1)),
    (7, 7, (3, 3), (2, 2), (1, 1)),
    (24, 32, (5, 4), (3, 2), (2, 0)),
    (6, 5, (2, 3), (5, 1), (1, 1)),
    (4, 4, (4, 4), (4, 4), (0, 0)),
]
every_window = pytest.mark.parametrize(("height", "width", "size", "stride", "padding"), WINDOWS)


# The lecture's numbers


def test_one_number_of_a_map_is_a_dot_product_of_75_dimensions(rng):
    image, one_filter = rng.normal(size=(3, 32, 32)), rng.normal(size=(1, 3, 5, 5))
    activation_map = conv2d(image, one_filter)
    patch = image[:, 10:15, 20:25].ravel()
    assert patch.shape == (75,)
    assert activation_map.shape == (1, 28, 28)
    assert activation_map[0, 10, 20] == pytest.approx(patch @ one_filter.ravel(), abs=1e-12)


def test_two_layers_of_the_lecture_give_28_28_6_then_24_24_10():
    image = np.ones((3, 32, 32))
    first = relu(conv2d(image, np.ones((6, 3, 5, 5))))
    second = relu(conv2d(first, np.ones((10, 6, 5, 5))))
    assert first.shape == (6, 28, 28)
    assert second.shape == (10, 24, 24)


def test_a_1_by_1_convolution_mixes_channels_place_by_place(rng):
    maps, filters = rng.normal(size=(64, 56, 56)), rng.normal(size=(32, 64, 1, 1))
    mixed = conv2d(maps, filters)
    assert mixed.shape == (32, 56, 56)
    place_by_place = filters[:, :, 0, 0] @ maps.reshape(64, -1)
    np.testing.assert_allclose(mixed.reshape(32, -1), place_by_place, atol=1e-12)


def test_max_pooling_of_the_slide():
    x = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    assert max_pool2d([x], 2, stride=2).tolist() == [[[6, 8], [3, 4]]]


def test_average_pooling_of_the_slide():
    x = [[1, 2, 2, 4], [2, 3, 6, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    assert avg_pool2d([x], 2, stride=2).tolist() == [[[2, 5], [2, 2]]]


def test_the_image_of_the_lecture_is_a_vector_of_3072(rng):
    image, weight = rng.normal(size=(3, 32, 32)), rng.normal(size=(10, 3072))
    np.testing.assert_allclose(
        fully_connected(image, weight), fully_connected(image.reshape(3072), weight), atol=1e-12
    )


def test_rows_of_a_matrix_are_inputs_of_their_own():
    y = fully_connected([[1, 2], [3, 4], [5, 6]], [[1, 10]], [0.5])
    assert y.tolist() == [[21.5], [43.5], [65.5]]


def test_the_filter_is_not_turned_round():
    x, corner = np.zeros((1, 3, 3)), np.zeros((1, 1, 3, 3))
    x[0, 0, 2] = 7
    corner[0, 0, 0, 2] = 1
    assert conv2d(x, corner).tolist() == [[[7]]]


# The definitions, by loops, and torch


@every_window
def test_conv2d_agrees_with_the_definition(height, width, size, stride, padding, rng):
    x, bias = rng.normal(size=(2, height, width)), rng.normal(size=3)
    weight = rng.normal(size=(3, 2, *size))
    got = conv2d(x, weight, bias, stride=stride, padding=padding)
    np.testing.assert_allclose(got, slow_conv2d(x, weight, bias, stride, padding), atol=1e-12)


@every_window
@pytest.mark.parametrize("average", [False, True], ids=["max", "average"])
def test_pooling_agrees_with_the_definition(average, height, width, size, stride, padding, rng):
    padding = tuple(min(p, k // 2) for p, k in zip(padding, size, strict=True))
    x = rng.normal(size=(2, height, width)) - 3  # negative, so that zero padding would win
    got = (avg_pool2d if average else max_pool2d)(x, size, stride=stride, padding=padding)
    expected = slow_pool2d(x, size, stride, padding, average=average)
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)])
def test_fully_connected_agrees_with_the_definition(shape, rng):
    x, bias = rng.normal(size=shape), rng.normal(size=3)
    weight = rng.normal(size=(3, x.size))
    expected = slow_fully_connected(x, weight, bias)
    np.testing.assert_allclose(fully_connected(x, weight, bias), expected, atol=1e-12)


@every_window
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_layers_agree_with_torch(dtype, height, width, size, stride, padding, rng):
    x = rng.normal(size=(4, 3, height, width)).astype(dtype)
    weight = rng.normal(size=(5, 3, *size)).astype(dtype)
    matrix = rng.normal(size=(6, 3 * height * width)).astype(dtype)
    bias, offsets = rng.normal(size=5).astype(dtype), rng.normal(size=6).astype(dtype)
    narrow = tuple(min(p, k // 2) for p, k in zip(padding, size, strict=True))
    tx, tw, tb = map(torch.from_numpy, (x, weight, bias))
    linear = functional.linear(tx.flatten(1), torch.from_numpy(matrix), torch.from_numpy(offsets))
    pairs = [
        (conv2d(x, weight, bias, stride=stride, padding=padding),
         functional.conv2d(tx, tw, tb, stride=stride, padding=padding)),
        (max_pool2d(x, size, stride=stride, padding=narrow),
         functional.max_pool2d(tx, size, stride=stride, padding=narrow)),
        (avg_pool2d(x, size, stride=stride, padding=narrow),
         functional.avg_pool2d(tx, size, stride=stride, padding=narrow)),
        (max_pool2d(x, size), functional.max_pool2d(tx, size)),
        (relu(x), functional.relu(tx)),
        (fully_connected(x, matrix, offsets), linear),
    ]  # fmt: skip
    for ours, theirs in pairs:
        assert ours.dtype == dtype
        error = TOLERANCE[dtype] * max(1, theirs.abs().max().item())
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=error)


@settings(max_examples=60, deadline=None)  # a busy machine is no failure
@given(
    st.tuples(*[st.integers(1, 9)] * 2),
    st.tuples(*[st.integers(1, 4)] * 2),
    st.tuples(*[st.integers(1, 3)] * 2),
    st.tuples(*[st.integers(0, 2)] * 2),
)
def test_any_window_that_fits_gives_torchs_result(maps, size, stride, padding):
    padding = tuple(min(p, k // 2) for p, k in zip(padding, size, strict=True))
    x = np.arange(2.0 * maps[0] * maps[1]).reshape(2, *maps) % 7 - 3
    weight = np.arange(2.0 * 2 * size[0] * size[1]).reshape(2, 2, *size) % 5 - 2
    if any(n + 2 * p < k for n, k, p in zip(maps, size, padding, strict=True)):
        with pytest.raises(ValueError, match=r"^x: expected maps of at least .* for a window"):
            conv2d(x, weight, stride=stride, padding=padding)
        return
    convolved = conv2d(x, weight, stride=stride, padding=padding)  # whole numbers: exact
    theirs = functional.conv2d(
        torch.from_numpy(x), torch.from_numpy(weight), stride=stride, padding=padding
    )
    np.testing.assert_array_equal(convolved, theirs.numpy())
    pooled = max_pool2d(x, size, stride=stride, padding=padding)
    largest = functional.max_pool2d(torch.from_numpy(x), size, stride=stride, padding=padding)
    np.testing.assert_array_equal(pooled, largest.numpy())


# What holds for every layer


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_a_batch_gives_what_its_images_give(layer, rng):
    x = rng.normal(size=(3, 2, 6, 4))
    one_by_one = [layer(image[None])[0] for image in x]
    np.testing.assert_allclose(layer(x), one_by_one, atol=1e-12)


@pytest.mark.parametrize("name", ["conv2d", "relu", "max_pool2d", "avg_pool2d"])
def test_one_image_needs_no_batch_axis(name, rng):
    x = rng.normal(size=(2, 6, 4))
    np.testing.assert_allclose(LAYERS[name](x), LAYERS[name](x[None])[0], atol=1e-12)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_an_empty_batch_gives_an_empty_batch(layer):
    shape = layer(np.zeros((1, 2, 6, 4)))[:0].shape
    if layer is LAYERS["fully_connected"]:
        assert fully_connected(np.zeros((0, 2, 6, 4)), np.ones((2, 48))).shape == shape
    else:
        assert layer(np.zeros((0, 2, 6, 4))).shape == shape


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_dtype_in_is_dtype_out(dtype, layer, rng):
    x = rng.normal(size=(2, 2, 6, 4))
    y = layer(x.astype(dtype))
    assert y.dtype == dtype
    np.testing.assert_allclose(y, layer(x), rtol=TOLERANCE[dtype], atol=4 * TOLERANCE[dtype])


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_integers_are_taken_as_float32(layer, rng):
    x = rng.integers(0, 256, (1, 2, 6, 4), dtype=np.uint8)
    assert layer(x).dtype == np.float32
    np.testing.assert_array_equal(layer(x), layer(x.astype(np.float32)))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_input_is_untouched_and_the_result_is_a_new_array(layer, rng):
    x = rng.normal(size=(2, 2, 6, 4))
    before = x.copy()
    y = layer(x)
    y += 1
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_strided_and_read_only_maps_are_read(layer, rng):
    x = rng.normal(size=(2, 2, 6, 4))
    strided = np.flip(np.flip(x, axis=-1).copy(), axis=-1)
    strided.setflags(write=False)
    np.testing.assert_array_equal(layer(strided), layer(x))


def test_a_half_precision_average_of_large_numbers_does_not_overflow():
    assert avg_pool2d(np.full((1, 2, 2), 60000, np.float16)).tolist() == [[[60000]]]


def test_importing_the_layers_loads_no_torch():
    code = "import coursekit.convnet.layers, sys; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["False"]


# Bad input

X = np.zeros((2, 4, 5))
NAN = np.array([[[0.0, 1.0], [2.0, np.nan]]])
FILTERS = np.zeros((3, 2, 2, 2))
MAPS = r"expected shape \(C, H, W\) or \(N, C, H, W\) with C, H, W ≥ 1"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: conv2d(X[0], FILTERS), ValueError, rf"x: {MAPS}, got \(4, 5\)"),
        (lambda: max_pool2d(X[:0]), ValueError, rf"x: {MAPS}, got \(0, 4, 5\)"),
        (lambda: avg_pool2d(X[None, None]), ValueError, rf"x: {MAPS}, got \(1, 1, 2, 4, 5\)"),
        (lambda: conv2d(X, FILTERS[:, :1]), ValueError,
         r"weight: expected shape \(F, 2, k, l\) to match x, got \(3, 1, 2, 2\)"),
        (lambda: conv2d(X, FILTERS[:0]), ValueError,
         r"weight: expected shape \(F, 2, k, l\) to match x, got \(0, 2, 2, 2\)"),
        (lambda: conv2d(X, FILTERS[0]), ValueError,
         r"weight: expected shape \(F, 2, k, l\) to match x, got \(2, 2, 2\)"),
        (lambda: conv2d(X, FILTERS, np.zeros(2)), ValueError,
         r"bias: expected shape \(3,\) to match weight, got \(2,\)"),
        (lambda: conv2d(X, np.zeros((1, 2, 5, 5))), ValueError,
         r"x: expected maps of at least 5 × 5 for a window, got 4 × 5"),
        (lambda: conv2d(X, np.zeros((1, 2, 9, 9)), padding=(2, 1)), ValueError,
         r"x: expected maps of at least 5 × 7 for a window, got 4 × 5"),
        (lambda: max_pool2d(X, 6), ValueError,
         r"x: expected maps of at least 6 × 6 for a window, got 4 × 5"),
        (lambda: conv2d(X, FILTERS, stride=0), ValueError,
         r"stride: expected an integer ≥ 1, got 0"),
        (lambda: conv2d(X, FILTERS, padding=-1), ValueError,
         r"padding: expected an integer ≥ 0, got -1"),
        (lambda: conv2d(X, FILTERS, stride=1.5), TypeError,
         r"stride: expected an integer, got 1.5"),
        (lambda: max_pool2d(X, (2, 2, 2)), ValueError,
         r"size: expected an integer or a pair, got \(2, 2, 2\)"),
        (lambda: max_pool2d(X, 0), ValueError, r"size: expected an integer ≥ 1, got 0"),
        (lambda: avg_pool2d(X, 3, padding=(1, 2)), ValueError,
         r"padding: expected at most half of size 3, got 2"),
        (lambda: fully_connected(X, np.zeros((3, 39))), ValueError,
         r"weight: expected shape \(F, 40\) to match x, got \(3, 39\)"),
        (lambda: fully_connected(np.float64(1), np.zeros((3, 1))), ValueError,
         r"x: expected shape \(D,\), \(N, D\), \(C, H, W\) or \(N, C, H, W\), got \(\)"),
        (lambda: fully_connected(X, np.zeros((3, 40)), [1, 2]), ValueError,
         r"bias: expected shape \(3,\) to match weight, got \(2,\)"),
        (lambda: fully_connected([1, np.nan], np.zeros((1, 2))), ValueError,
         r"x: expected finite values, got nan at \[1\]"),
        (lambda: fully_connected([1, 2], [[0, np.inf]]), ValueError,
         r"weight: expected finite values, got inf at \[0, 1\]"),
        (lambda: conv2d(X, FILTERS, [0, 0, np.nan]), ValueError,
         r"bias: expected finite values, got nan at \[2\]"),
        (lambda: relu(NAN), ValueError, r"x: expected finite values, got nan at \[0, 1, 1\]"),
        (lambda: max_pool2d(NAN), ValueError, r"x: expected finite values, got nan at \[0, 1, 1\]"),
        (lambda: relu(["a"]), TypeError, r"x: expected integers or floats, got dtype <U1"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
