"""Images of any size to vectors: order, batching, scales, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coursekit.convnet.backbones import backbone
from coursekit.convnet.describe import describe, maps_by_shape, resize
from coursekit.data import photos
from coursekit.pooling import gem, mac


@pytest.fixture(scope="module")
def network():
    return backbone(pretrained=False)


@pytest.fixture(scope="module")
def images():
    """Seven images of three shapes, interleaved."""
    rng = np.random.default_rng(0)
    shapes = [(60, 80), (80, 60), (60, 80), (64, 64), (80, 60), (120, 160), (60, 80)]
    return [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((300, 400), 256, (192, 256)),
        ((400, 300), 256, (256, 192)),
        ((10, 10), 100, (100, 100)),
        ((1, 500), 50, (1, 50)),
        ((333, 500), 500, (333, 500)),
    ],
)
def test_resize_keeps_the_shape(shape, side, expected):
    image = np.full((*shape, 3), 7, dtype=np.uint8)
    small = resize(image, side)
    assert small.shape == (*expected, 3)
    assert (small == 7).all()


def test_batches_change_nothing(network, images):
    alone = {}
    for i, image in enumerate(images):
        x = network.preprocess(resize(image, 96))[None]
        with torch.no_grad():
            alone[i] = network(x)[0]
    for batch_size in (1, 2, 16):
        found: dict[int, torch.Tensor] = {}
        for indices, maps in maps_by_shape(iter(images), network, side=96, batch_size=batch_size):
            assert len(indices) <= batch_size
            found.update(zip(indices, maps, strict=True))
        assert sorted(found) == list(range(7))
        for i, maps in found.items():
            torch.testing.assert_close(maps, alone[i], rtol=1e-4, atol=1e-4)


def test_describe_pools_and_normalises(network, images):
    got = describe(images, network, gem, side=96)
    for i, image in enumerate(images):
        with torch.no_grad():
            vector = gem(network(network.preprocess(resize(image, 96))[None]))[0].numpy()
        np.testing.assert_allclose(got[i], vector / np.linalg.norm(vector), rtol=1e-3, atol=1e-5)


def test_several_scales_are_the_mean_of_each(network, images):
    one = [describe(images, network, mac, side=side) for side in (128, 64)]
    total = one[0] + one[1]
    expected = total / np.linalg.norm(total, axis=1, keepdims=True)
    both = describe(images, network, mac, side=128, scales=(1, 0.5))
    np.testing.assert_allclose(both, expected, rtol=1e-4, atol=1e-6)


def test_photos_are_read_one_by_one(network):
    chosen = photos(group="umayyad")
    got = describe(chosen, network, mac, side=64)
    pixels = [one.load() for one in chosen]
    np.testing.assert_allclose(got, describe(pixels, network, mac, side=64), rtol=1e-5)


def test_bad_input(network, images):
    with pytest.raises(ValueError, match=r"^images: expected at least one, got none$"):
        describe([], network, mac)
    with pytest.raises(TypeError, match=r"^images\[1\]: expected a uint8 array"):
        describe([images[0], images[0] / 255], network, mac, side=64)
    with pytest.raises(ValueError, match=r"^scales: expected at least one, got none$"):
        describe(images, network, mac, scales=())
    with pytest.raises(ValueError, match=r"^scales\[1\]: expected a finite number > 0, got 0$"):
        describe(images, network, mac, scales=(1, 0))
    with pytest.raises(ValueError, match=r"^side: expected an integer ≥ 1, got 0$"):
        describe(images, network, mac, side=0)
    with pytest.raises(ValueError, match=r"^batch_size: expected an integer ≥ 1, got 0$"):
        next(maps_by_shape(images, network, batch_size=0))
    with pytest.raises(ValueError, match=r"^network: expected evaluation mode"):
        next(maps_by_shape(images, backbone(pretrained=False).train()))
