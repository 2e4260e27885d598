"""Sizes, receptive fields and parameters: known figures, and pixels followed by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from coursekit.convnet import (
    VGG16,
    Convolution,
    FullyConnected,
    Pooling,
    ReceptiveField,
    conv2d,
    count_parameters,
    output_size,
    receptive_field,
)
from tests.oracles.convnet import slow_receptive_field, slow_sizes

FEATURES = VGG16[:18]  # the convolutional part, with its five poolings
FULLY_CONVOLUTIONAL = (
    *FEATURES,
    Convolution(512, 4096, 7),
    Convolution(4096, 4096, 1),
    Convolution(4096, 1000, 1),
)


def test_vgg16_has_its_published_number_of_parameters():
    assert count_parameters(VGG16) == 138_357_544


def test_most_parameters_of_vgg16_are_in_the_fully_connected_layers():
    assert count_parameters(VGG16[:18]) == 14_714_688
    assert count_parameters(VGG16[18:]) == 123_642_856


def test_fully_convolutional_vgg16_has_the_same_parameters_and_sees_404_pixels():
    assert count_parameters(FULLY_CONVOLUTIONAL) == 138_357_544
    assert receptive_field(FULLY_CONVOLUTIONAL)[:2] == (404, 32)


def test_receptive_fields_of_vgg16():
    # The last pooling joins 2 neurons that are 16 pixels apart: 196 + 16 = 212.
    assert receptive_field(VGG16[:17]) == ReceptiveField(196, 16, 7.5)
    assert receptive_field(FEATURES) == ReceptiveField(212, 32, 15.5)


def test_224_pixels_become_7_in_vgg16():
    n = 224
    for layer in FEATURES:
        assert not isinstance(layer, FullyConnected)
        n = output_size(n, layer.size, stride=layer.stride or layer.size, padding=layer.padding)
    assert n == 7


def test_sizes_of_the_lecture():
    assert output_size(32, 5) == 28
    assert output_size(28, 5) == 24
    assert output_size(56, 1) == 56
    assert output_size(4, 2, stride=2) == 2


def test_a_5_by_5_filter_sees_5_pixels():
    assert receptive_field([Convolution(3, 6, 5)]) == ReceptiveField(5, 1, 2.0)


def test_no_layer_sees_single_pixels():
    assert receptive_field([]) == ReceptiveField(1, 1, 0.0)
    assert count_parameters([]) == 0


def test_parameters_of_a_layer_by_hand():
    assert count_parameters([Convolution(3, 6, 5)]) == 6 * (75 + 1)
    assert count_parameters([Convolution(3, 6, 5, bias=False)]) == 450
    assert count_parameters([FullyConnected(3072, 10)]) == 30_730
    assert count_parameters([FullyConnected(3072, 10, bias=False)]) == 30_720
    assert count_parameters([Pooling(2)]) == 0


@pytest.mark.parametrize("n", [1, 4, 5, 17])
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
def test_output_size_counts_the_places_where_the_window_fits(n, size, stride, padding):
    (count,) = slow_sizes([n], [size], [stride], [padding])
    if count == 0:
        with pytest.raises(ValueError, match=rf"^size: expected at most {n} \+ 2 · {padding}, "):
            output_size(n, size, stride=stride, padding=padding)
    else:
        assert output_size(n, size, stride=stride, padding=padding) == count


@pytest.mark.parametrize(
    "chain",
    [[(5, 1, 0), (5, 1, 0)], [(3, 1, 1), (2, 2, 0), (3, 2, 1)], [(7, 2, 3), (3, 2, 1), (1, 1, 0)]],
)
def test_receptive_field_is_the_range_of_pixels_that_an_output_depends_on(chain):
    field = receptive_field([Convolution(1, 1, k, stride=s, padding=p) for k, s, p in chain])
    for output, (low, high) in enumerate(slow_receptive_field(chain, 64)):
        assert high - low + 1 == field.size
        assert (low + high) / 2 == field.first + output * field.stride


def test_changing_a_pixel_changes_what_sees_it_and_nothing_else():
    x, weight = np.zeros((1, 20, 1)), np.ones((1, 1, 3, 1))
    field = receptive_field([Convolution(1, 1, 3, stride=2)] * 2)
    x[0, 9, 0] = 1
    y = conv2d(conv2d(x, weight, stride=(2, 1)), weight, stride=(2, 1))[0, :, 0]
    centres = field.first + field.stride * np.arange(len(y))
    np.testing.assert_array_equal(y != 0, np.abs(centres - 9) <= field.size // 2)


def test_a_layer_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Convolution(3, 6, 5).size = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: output_size(4, 5), ValueError, r"size: expected at most 4 \+ 2 · 0, got 5"),
        (lambda: output_size(0, 1), ValueError, r"n: expected an integer ≥ 1, got 0"),
        (lambda: output_size(4, 2, stride=0), ValueError,
         r"stride: expected an integer ≥ 1, got 0"),
        (lambda: output_size(4.0, 2), TypeError,
         r"n: expected an integer, got 4.0"),
        (lambda: Convolution(3, 0, 5), ValueError, r"n_filters: expected an integer ≥ 1, got 0"),
        (lambda: Convolution(3, 6, 5, padding=-1), ValueError,
         r"padding: expected an integer ≥ 0, got -1"),
        (lambda: Pooling(0), ValueError, r"size: expected an integer ≥ 1, got 0"),
        (lambda: Pooling(2, stride=0), ValueError, r"stride: expected an integer ≥ 1, got 0"),
        (lambda: FullyConnected(3072, 0), ValueError,
         r"n_outputs: expected an integer ≥ 1, got 0"),
        (lambda: receptive_field([Pooling(2), FullyConnected(4, 2)]), ValueError,
         r"layers\[1\]: expected a convolution or a pooling, "
         r"got FullyConnected\(n_inputs=4, n_outputs=2, bias=True\)"),
        (lambda: receptive_field(["conv"]), TypeError,
         r"layers\[0\]: expected a Convolution, Pooling or FullyConnected, got 'conv'"),
        (lambda: count_parameters([Pooling(2), 64]), TypeError,
         r"layers\[1\]: expected a Convolution, Pooling or FullyConnected, got 64"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
