"""Layers exported to ONNX and run by onnxruntime: one file for every batch, height and width."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch.export import Dim

from coursekit.pooling import NetVLAD
from tests.pooling.layers import CHANNELS, LAYERS, assert_near, make_maps

# One of each kind of code; R-MAC's grid holds for one height and width.
ANY_SIZE = ["mac", "spoc", "spoc-plain", "crow", "gem", "gem-2.5", "gem-per-channel", "netvlad"]
SHAPES = [(2, 6, 9), (3, 8, 5), (1, 1, 1), (2, 1, 9), (1, 24, 32)]


BATCH, HEIGHT, WIDTH = (Dim(name, min=1) for name in ("b", "h", "w"))
OPEN = {0: BATCH, 2: HEIGHT, 3: WIDTH}
OPEN_MASK = dict.fromkeys(range(3), Dim.DYNAMIC)  # named already, torch would warn


def exported(module, *inputs, sizes):
    """Export a layer with some sizes left open and return it as a function of tensors."""
    program = torch.onnx.export(module, inputs, dynamo=True, dynamic_shapes=sizes, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), options)
    names = [argument.name for argument in session.get_inputs()]

    def run(*tensors):
        arrays = (tensor.numpy() for tensor in tensors)
        return session.run(None, dict(zip(names, arrays, strict=True)))[0]

    return run


def maps(shape, kind="relu", dtype=torch.float32):
    B, H, W = shape
    return make_maps(np.random.default_rng(sum(shape)), B, CHANNELS, H, W, kind=kind, dtype=dtype)


def assert_same(run, module, *tensors):
    with torch.no_grad():
        expected = module(*tensors)
    found = run(*tensors)
    assert found.dtype == expected.numpy().dtype
    assert found.shape == tuple(expected.shape)
    assert_near(torch.from_numpy(found), expected)


@pytest.mark.parametrize("name", ANY_SIZE)
def test_one_file_serves_every_size(name):
    module = LAYERS[name].module().eval()
    run = exported(module, maps(SHAPES[0]), sizes=(OPEN,))
    for shape in SHAPES:
        for kind in ("relu", "signed", "dead", "zero"):
            assert_same(run, module, maps(shape, kind))


@pytest.mark.parametrize(
    ("name", "size"), [("rmac", (6, 9)), ("rmac", (1, 1)), ("rmac-2-whole", (7, 7))]
)
def test_one_file_of_rmac_serves_every_batch(name, size):
    module = LAYERS[name].module().eval()
    run = exported(module, maps((2, *size)), sizes=({0: BATCH},))
    for B in (1, 2, 5):
        for kind in ("relu", "signed", "zero"):
            assert_same(run, module, maps((B, *size), kind))


def test_netvlad_that_normalises_its_input():
    torch.manual_seed(0)
    module = NetVLAD(CHANNELS, 3).eval()
    run = exported(module, maps(SHAPES[0]), sizes=(OPEN,))
    for shape in SHAPES:
        assert_same(run, module, maps(shape, "dead"))


@pytest.mark.parametrize("name", ["mac", "spoc", "crow", "gem-per-channel", "netvlad"])
def test_masks_are_exported(name):
    module = LAYERS[name].module().eval()
    run = exported(module, *padded(SHAPES[0]), sizes=(OPEN, OPEN_MASK))
    for shape in SHAPES:
        assert_same(run, module, *padded(shape))


def padded(shape):
    """Return maps and the mask of a rectangle in each; what lies beyond is NaN."""
    x, mask = maps(shape), torch.zeros(shape, dtype=torch.bool)
    mask[:, :3, :4] = True
    return x.masked_fill(~mask[:, None], torch.nan), mask
