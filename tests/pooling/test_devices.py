"""Every layer on every device that is there, against the float64 result of the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coursekit.pooling import MAC, mop_activations
from tests.pooling.layers import CHANNELS, LAYERS, assert_near, make_maps

# The list names a GPU only where there is one: nothing is skipped elsewhere.
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
HALF = [torch.float16, torch.bfloat16]

all_layers = pytest.mark.parametrize("name", LAYERS)
all_devices = pytest.mark.parametrize("device", DEVICES)


def maps(dtype=torch.float32, size=(7, 10)):
    """Return maps of distinct values: at a tie, either of two maxima may get the gradient."""
    rng = np.random.default_rng(0)
    n = 2 * CHANNELS * size[0] * size[1]
    return torch.from_numpy(rng.permutation(np.linspace(0.5, 4, n))).reshape(2, -1, *size).to(dtype)


def rectangle(x):
    mask = torch.zeros(2, *x.shape[2:], dtype=torch.bool)
    mask[0, 1:6, 2:] = mask[1] = True
    return mask


def pooled_and_slopes(module, x, mask=None):
    """Return the pooled vectors and the gradient of a weighted sum of them, on the CPU."""
    x = x.detach().requires_grad_()
    vectors = module(x, mask)
    weights = torch.linspace(-1, 1, vectors.shape[1], dtype=vectors.dtype, device=vectors.device)
    (slopes,) = torch.autograd.grad((vectors * weights).sum(), x)
    assert vectors.device.type == slopes.device.type == x.device.type
    return vectors.detach().cpu(), slopes.cpu()


@all_layers
@all_devices
@pytest.mark.parametrize("masked", [False, True])
def test_forward_and_backward_are_those_of_the_cpu_in_float64(name, device, masked):
    x, module = maps(), LAYERS[name].module()
    mask = rectangle(x) if masked else None
    expected = pooled_and_slopes(module.double(), x.double(), mask)
    on_device = mask if mask is None else mask.to(device)
    found = pooled_and_slopes(module.float().to(device), x.to(device), on_device)
    for value, wanted in zip(found, expected, strict=True):
        assert_near(value, wanted)


@all_layers
@all_devices
@pytest.mark.parametrize("dtype", HALF)
def test_half_precision_is_that_of_the_cpu_in_float64(name, device, dtype):
    x, module = maps(dtype), LAYERS[name].module()
    (expected, _) = pooled_and_slopes(module.double(), x.double())
    vectors, slopes = pooled_and_slopes(module.float().to(device), x.to(device))
    assert vectors.dtype == slopes.dtype == dtype
    assert_near(vectors, expected)
    assert slopes.isfinite().all()


# The whitening is the caller's, and autocast may change it.
@pytest.mark.parametrize("name", sorted(LAYERS.keys() - {"rmac-whitened"}))
@all_devices
@pytest.mark.parametrize("dtype", HALF)
def test_autocast_leaves_the_precision_of_float32(name, device, dtype):
    x, module = maps(), LAYERS[name].module()
    (expected, _) = pooled_and_slopes(module.double(), x.double())
    with torch.autocast(device, dtype=dtype):
        vectors = module.float().to(device)(x.to(device))
    assert vectors.dtype == torch.float32
    assert_near(vectors.detach().cpu(), expected)


@all_devices
@pytest.mark.parametrize(
    "name", ["mac", "spoc", "crow", "gem", "gem-per-channel", "netvlad", "rmac"]
)
def test_compiled_forward_and_backward(name, device):
    torch.compiler.reset()
    x, module = maps(), LAYERS[name].module()
    expected = pooled_and_slopes(module.double(), x.double())
    graph = torch.compile(module.float().to(device), fullgraph=True, backend="aot_eager")
    for value, wanted in zip(pooled_and_slopes(graph, x.to(device)), expected, strict=True):
        assert_near(value, wanted)


@all_devices
def test_zero_maps_and_empty_masks(device):
    x = make_maps(np.random.default_rng(0), 2, CHANNELS, 4, 6, kind="zero", dtype=torch.float32)
    mask = torch.zeros(2, 4, 6, dtype=torch.bool)
    for layer in LAYERS.values():
        module = layer.module().to(device)
        vectors, slopes = pooled_and_slopes(module, x.to(device))
        assert vectors.isfinite().all()
        assert slopes.isfinite().all()
        assert not module(x.to(device), mask.to(device)).any()


@all_devices
def test_network_of_mop_runs_where_it_is(device):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, CHANNELS, 4, 4), MAC()).eval()
    image = torch.rand(3, 40, 60)
    options = {"short_side": 32, "patch_sizes": (16,), "stride": 8}
    expected = mop_activations(image, network, **options)
    found = mop_activations(image, network.to(device), **options)
    for values, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-4)
