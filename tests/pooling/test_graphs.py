"""Compiled and exported graphs, for sizes left open, and how much memory an operation takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.pooling.layers import CHANNELS, LAYERS, make_maps

# One of each kind of code; variants differ in numbers only.
ANY_SIZE = ["mac", "spoc", "crow", "gem", "gem-per-channel", "netvlad"]


def rectangle(x: Tensor) -> Tensor:
    mask = torch.zeros(x.shape[0], *x.shape[2:], dtype=torch.bool)
    mask[:, :3, 1:4] = True
    return mask


class Together(nn.Module):
    """Several layers side by side: one graph to compile instead of many."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(LAYERS[name].module() for name in names)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return torch.cat([layer(x, mask) for layer in self.layers], 1)


def compiled(model, *, fullgraph=True, backend="eager", **options):
    torch.compiler.reset()
    return torch.compile(model, fullgraph=fullgraph, backend=backend, **options)


@pytest.fixture(scope="module")
def maps():
    rng = np.random.default_rng(0)
    return [
        make_maps(rng, *shape, dtype=torch.float32)
        for shape in [(2, CHANNELS, 6, 9), (3, CHANNELS, 8, 5)]
    ]


def test_one_compiled_graph_serves_every_size(maps):
    model = Together(ANY_SIZE)
    graph = compiled(model, dynamic=True)
    for x in maps:
        torch.testing.assert_close(graph(x, rectangle(x)), model(x, rectangle(x)))


def test_gradients_pass_through_a_compiled_graph(maps):
    model = Together(ANY_SIZE)
    x = maps[0].clone().requires_grad_()
    (expected,) = torch.autograd.grad(model(x).square().sum(), x)
    (slopes,) = torch.autograd.grad(compiled(model, backend="aot_eager")(x).square().sum(), x)
    torch.testing.assert_close(slopes, expected, rtol=1e-4, atol=1e-5)


def test_rmac_compiles_for_each_size(maps):
    model = LAYERS["rmac"].module()
    graph = compiled(model)
    for x in maps:
        torch.testing.assert_close(graph(x), model(x))


def test_compiled_rmac_takes_masks_outside_the_graph(maps):
    model = LAYERS["rmac"].module()
    graph = compiled(model, fullgraph=False)
    mask = rectangle(maps[0])
    torch.testing.assert_close(graph(maps[0], mask), model(maps[0], mask))


@pytest.mark.parametrize("name", ANY_SIZE)
def test_exported_layer_takes_any_batch_height_and_width(name, maps):
    model = LAYERS[name].module()
    sizes = {0: Dim("b", min=1), 2: Dim("h", min=1), 3: Dim("w", min=1)}
    of_mask = {0: sizes[0], 1: sizes[2], 2: sizes[3]}
    first, second = maps
    program = export(model, (first, rectangle(first)), dynamic_shapes=(sizes, of_mask)).module()
    for x in (second, torch.ones(1, CHANNELS, 1, 1)):
        mask = rectangle(x)
        torch.testing.assert_close(program(x, mask), model(x, mask))


@pytest.mark.parametrize("name", ANY_SIZE)
def test_exported_layer_without_mask_takes_any_batch_height_and_width(name, maps):
    model = LAYERS[name].module()
    sizes = {0: Dim("b", min=1), 2: Dim("h", min=1), 3: Dim("w", min=1)}
    program = export(model, (maps[0],), dynamic_shapes=(sizes,)).module()
    for x in (maps[1], torch.ones(1, CHANNELS, 1, 1)):
        torch.testing.assert_close(program(x), model(x))


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_pieces_give_what_the_whole_gives(name, monkeypatch):
    # Without pieces, the same operations that a compiled graph records.
    x = make_maps(np.random.default_rng(0), 3, CHANNELS, 240, 100, dtype=torch.float64)
    x.requires_grad_()

    def value_and_gradient() -> list[Tensor]:
        pooled = LAYERS[name].pool(x)
        return [pooled, *torch.autograd.grad(pooled.square().sum(), x)]

    in_pieces = value_and_gradient()
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    for part, whole in zip(in_pieces, value_and_gradient(), strict=True):
        torch.testing.assert_close(part, whole)


def test_exported_rmac_takes_any_batch(maps):
    model = LAYERS["rmac-2-whole"].module()
    program = export(model, (maps[0],), dynamic_shapes=({0: Dim("b", min=1)},)).module()
    x = maps[0].repeat(3, 1, 1, 1)
    torch.testing.assert_close(program(x), model(x))


class LargestTensor(TorchDispatchMode):
    """Remembers how many numbers the largest result of an operation held."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        results = func(*args, **(kwargs or {}))
        for result in tree_leaves(results):
            if isinstance(result, Tensor):
                self.elements = max(self.elements, result.numel())
        return results


@pytest.mark.parametrize("name", ["rmac", "netvlad"])
def test_no_operation_makes_more_numbers_than_its_input_has(name):
    x = torch.rand(2, CHANNELS, 24, 32, requires_grad=True)
    with LargestTensor() as largest:
        LAYERS[name].pool(x).sum().backward()
    assert largest.elements <= x.numel()
