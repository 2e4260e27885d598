"""Maps of a network as local features: which number goes where, and where a neuron looks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from coursekit.convnet import Convolution, Pooling, ReceptiveField, receptive_field
from coursekit.features import extract, maps_to_features, network_features
from coursekit.types import Image, LocalFeatures

IMAGE = np.zeros((20, 30, 3), np.uint8)


def small_network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3)
    ).eval()


FIELD = receptive_field(
    [Convolution(3, 8, 5, stride=2, padding=2), Pooling(2), Convolution(8, 6, 3)]
)


@pytest.mark.parametrize("shape", [(4, 1, 1), (2, 1, 9), (3, 7, 7), (5, 24, 32)])
def test_descriptor_of_a_place_is_its_column_of_channels(shape, rng):
    maps = rng.normal(size=shape)
    features = maps_to_features(maps, (480, 640))
    C, H, W = shape
    assert features.descriptors.shape == (H * W, C)
    assert features.image_shape == (480, 640)
    for i in range(H):
        for j in range(W):
            np.testing.assert_array_equal(features.descriptors[i * W + j], maps[:, i, j])


def test_without_a_receptive_field_the_maps_tile_the_image():
    features = maps_to_features(np.zeros((1, 2, 3)), (40, 60))
    # Tiles of 20 × 20 pixels; the first has the pixels 0 … 19, with their centre at 9.5.
    assert features.positions.tolist() == [
        [9.5, 9.5], [29.5, 9.5], [49.5, 9.5], [9.5, 29.5], [29.5, 29.5], [49.5, 29.5],
    ]  # fmt: skip
    assert features.scales.tolist() == [20] * 6


def test_a_tile_that_is_no_square_has_its_longer_side_as_scale():
    assert maps_to_features(np.zeros((1, 2, 3)), (80, 30)).scales.tolist() == [40] * 6


def test_a_receptive_field_gives_centres_and_sides():
    features = maps_to_features(
        np.zeros((1, 2, 2)), (40, 60), receptive_field=ReceptiveField(11, 4, 2.5)
    )
    assert features.positions.tolist() == [[2.5, 2.5], [6.5, 2.5], [2.5, 6.5], [6.5, 6.5]]
    assert features.scales.tolist() == [11] * 4


def test_a_pixel_moves_exactly_the_descriptors_whose_field_holds_it():
    network = nn.Sequential(nn.Conv2d(3, 4, 5, stride=2, padding=2), nn.Conv2d(4, 6, 3)).eval()
    field = receptive_field([Convolution(3, 4, 5, stride=2, padding=2), Convolution(4, 6, 3)])
    changed = IMAGE.copy()
    changed[11, 17] = 255
    before = network_features(IMAGE, network, receptive_field=field)
    after = network_features(changed, network, receptive_field=field)
    moved = (before.descriptors != after.descriptors).any(axis=1)
    holds_it = (np.abs(after.positions - [17, 11]) <= (field.size - 1) / 2).all(axis=1)
    assert moved.any()
    np.testing.assert_array_equal(moved, holds_it)


def test_network_sees_the_normalised_image(rng):
    image = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    features = network_features(image, nn.Identity().eval())
    row, column, channel = 2, 3, 1
    expected = (image[row, column, channel] / 255 - 0.456) / 0.224  # ImageNet's green
    assert features.descriptors[row * 5 + column, channel] == pytest.approx(expected, abs=1e-6)


def test_mean_and_deviation_are_options():
    features = network_features(IMAGE, nn.Identity().eval(), mean=(1, 2, 3), std=(1, 4, 2))
    assert features.descriptors[0].tolist() == [-1, -0.5, -1.5]


def test_features_are_the_networks_maps(rng):
    network = small_network()
    image = rng.integers(0, 256, (33, 45, 3), dtype=np.uint8)
    features = network_features(image, network, receptive_field=FIELD)
    pixels = (torch.from_numpy(image) / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor(
        [0.229, 0.224, 0.225]
    )
    with torch.no_grad():
        maps = network(pixels.permute(2, 0, 1)[None])[0]
    np.testing.assert_allclose(
        features.descriptors, maps.flatten(1).T.numpy(), rtol=1e-4, atol=1e-5
    )
    assert features.scales[0] == FIELD.size == 15


def test_a_network_is_an_extractor(rng):
    def maps_of_an_image(image: Image) -> LocalFeatures:
        return network_features(image, small_network())

    images = [rng.integers(0, 256, (24, 40, 3), dtype=np.uint8), IMAGE]
    assert [len(features) for features in extract(images, maps_of_an_image)] == [4 * 8, 3 * 5]


def test_a_function_of_tensors_is_a_network():
    features = network_features(IMAGE, lambda batch: batch[:, :, ::2, ::2])
    assert features.descriptors.shape == (10 * 15, 3)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.float16, "float16"), (torch.bfloat16, "float32"), (torch.float64, "float64")],
)
def test_dtype_of_the_maps_is_kept(dtype, expected):
    maps = torch.tensor([[[1.5, -2.0]]], dtype=dtype, requires_grad=True)
    features = maps_to_features(maps, (10, 20))
    assert features.descriptors.dtype == expected
    assert features.descriptors.tolist() == [[1.5], [-2.0]]


def test_a_network_runs_in_its_own_dtype():
    features = network_features(IMAGE, small_network().double())
    assert features.descriptors.dtype == np.float64


def test_one_image_may_come_as_a_batch_of_one(rng):
    maps = rng.normal(size=(3, 4, 5))
    alone, batch = maps_to_features(maps, (8, 9)), maps_to_features(maps[None], (8, 9))
    np.testing.assert_array_equal(alone.descriptors, batch.descriptors)


def test_descriptors_do_not_share_memory_with_the_maps(rng):
    maps = rng.normal(size=(1, 3, 4))  # one channel: its transpose is contiguous as it is
    assert not np.shares_memory(maps_to_features(maps, (6, 8)).descriptors, maps)


def test_the_network_is_left_as_it_was():
    network = small_network()
    network_features(IMAGE, network)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.is_grad_enabled()


def test_sift_loads_no_torch():
    code = "from coursekit.features import sift; import sys; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["False"]


MAPS = np.zeros((2, 3, 4))
ONE = r"maps: expected shape \(C, H, W\) or \(1, C, H, W\) with C, H, W ≥ 1"
RGB = (0.1, 0.2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: maps_to_features(MAPS[0], (9, 9)), ValueError, rf"{ONE}, got \(3, 4\)"),
        (lambda: maps_to_features(MAPS[:, :0], (9, 9)), ValueError, rf"{ONE}, got \(2, 0, 4\)"),
        (lambda: maps_to_features(torch.zeros(2, 3, 4, 5), (9, 9)), ValueError,
         rf"{ONE}, got \(2, 3, 4, 5\)"),
        (lambda: maps_to_features(torch.full((1, 1, 2), torch.nan), (9, 9)), ValueError,
         r"maps: expected finite values, got nan at \[0, 0, 0\]"),
        (lambda: maps_to_features([["a"]], (9, 9)), TypeError,
         r"maps: expected integers or floats, got dtype <U1"),
        (lambda: maps_to_features(MAPS, (9, 9, 3)), ValueError,
         r"image_shape: expected \(H, W\), got \(9, 9, 3\)"),
        (lambda: maps_to_features(MAPS, (9, 0)), ValueError,
         r"image_shape\[1\]: expected an integer ≥ 1, got 0"),
        (lambda: network_features(IMAGE[0], small_network()), ValueError,
         r"image: expected shape \(H, W, 3\), got \(30, 3\)"),
        (lambda: network_features(IMAGE, small_network().train()), ValueError,
         r"network: expected evaluation mode, got training mode; call .eval\(\)"),
        (lambda: network_features(IMAGE, lambda batch: batch.mean((2, 3))), ValueError,
         rf"network: {ONE}, got \(1, 3\)"),
        (lambda: network_features(IMAGE, small_network(), mean=RGB), ValueError,
         r"mean: expected 3 numbers, one a channel, got shape \(2,\)"),
        (lambda: network_features(IMAGE, small_network(), std=(1, 0, 1)), ValueError,
         r"std: expected numbers > 0, got 0.0"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
