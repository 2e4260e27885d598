"""What every pooling layer keeps: the papers' values, shapes, dtypes, masks, gradients, errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from tests.oracles.pooling import keep
from tests.pooling.layers import CHANNELS, LAYERS, assert_near, make_maps

all_layers = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
SHAPES = [(1, 1), (1, 9), (7, 7), (24, 32)]
HALF = [torch.float16, torch.bfloat16]
DTYPES = [*HALF, torch.float32, torch.float64]


def gradient(pool, x, mask=None):
    """Return the gradient of the sum of all pooled vectors."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(pool(x, mask=mask).sum(), x)[0]


def oracle(layer, x):
    """Apply the slow definition to each image of a batch."""
    return np.stack([layer.oracle(image) for image in x.detach().double().numpy()])


@all_layers
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["relu", "signed", "negative", "dead", "constant"])
def test_agrees_with_the_definition(layer, shape, kind):
    x = make_maps(np.random.default_rng(5), 2, CHANNELS, *shape, kind=kind)
    assert_near(layer.pool(x), oracle(layer, x), torch.float32)  # parameters are float32


@all_layers
def test_agrees_with_the_definition_on_random_sizes(layer, rng):
    for h, w in rng.integers(1, 14, (3, 2)):
        x = make_maps(rng, 1, CHANNELS, h, w)
        assert_near(layer.pool(x), oracle(layer, x), torch.float32)


@all_layers
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_is_kept_and_half_precision_is_computed_in_float32(layer, dtype, rng):
    x = make_maps(rng, 2, CHANNELS, 7, 9, dtype=dtype)
    pooled = layer.pool(x)
    assert pooled.dtype == dtype
    assert_near(pooled, oracle(layer, x), max(dtype, torch.float32, key=lambda d: d.itemsize == 2))


@all_layers
def test_shape_is_one_vector_per_image(layer, rng):
    assert layer.pool(make_maps(rng, 3, CHANNELS, 4, 6)).shape == (3, layer.width)


@all_layers
def test_empty_batch_gives_no_vector(layer):
    x, mask = torch.zeros(0, CHANNELS, 3, 4), torch.ones(0, 3, 4, dtype=torch.bool)
    assert layer.pool(x).shape == (0, layer.width)
    assert layer.pool(x, mask=mask).shape == (0, layer.width)


@all_layers
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_zero_map_gives_what_it_should_and_a_finite_gradient(layer, shape, dtype):
    x = torch.zeros(1, CHANNELS, *shape, dtype=dtype)
    pooled = layer.pool(x)
    assert_near(
        pooled, oracle(layer, x) if layer.at_zero is None else [[layer.at_zero] * layer.width]
    )
    assert gradient(layer.pool, x).isfinite().all()


@all_layers
@pytest.mark.parametrize("kind", ["relu", "dead", "negative", "constant"])
def test_gradient_is_finite_in_half_precision(layer, kind, rng):
    for dtype in HALF:
        x = make_maps(rng, 2, CHANNELS, 5, 9, kind=kind, dtype=dtype)
        assert gradient(layer.pool, x).isfinite().all()


@all_layers
def test_gradient_is_that_of_finite_differences(layer, rng):
    # Distinct values, far from ties, from the clamp of GeM and from CroW's zeros.
    values = rng.permutation(np.linspace(0.5, 4.0, 2 * CHANNELS * 4 * 6))
    x = torch.from_numpy(values).reshape(2, CHANNELS, 4, 6).requires_grad_()
    assert torch.autograd.gradcheck(layer.pool, x, fast_mode=True)


@all_layers
def test_rectangular_mask_gives_the_vector_of_the_unpadded_map(layer, rng):
    sizes = [(7, 7), (3, 9), (1, 1), (8, 10)]
    padded = torch.full((4, CHANNELS, 8, 10), torch.nan, dtype=torch.float64)
    mask = torch.zeros(4, 8, 10, dtype=torch.bool)
    alone = []
    for i, (h, w) in enumerate(sizes):
        x = make_maps(rng, 1, CHANNELS, h, w)
        top, left = rng.integers(0, 9 - h), rng.integers(0, 11 - w)
        padded[i, :, top : top + h, left : left + w] = x[0]
        mask[i, top : top + h, left : left + w] = True
        alone.append(layer.pool(x))
    assert_near(layer.pool(padded, mask=mask), torch.cat(alone))


@all_layers
def test_any_mask_leaves_the_kept_columns_or_is_refused(layer, rng):
    x = make_maps(rng, 2, CHANNELS, 4, 6)
    mask = torch.from_numpy(rng.random((2, 4, 6)) < 0.6)
    mask[0] = True
    if not layer.any_mask:
        message = (
            r"^mask: expected an axis-aligned rectangle in each image, "
            r"got another shape in image 1$"
        )
        with pytest.raises(ValueError, match=message):
            layer.pool(x, mask=mask)
        return
    expected = [
        layer.oracle(keep(image, m)) for image, m in zip(x.numpy(), mask.numpy(), strict=True)
    ]
    assert_near(layer.pool(x, mask=mask), np.stack(expected), torch.float32)


@all_layers
def test_empty_mask_gives_zeros_and_finite_gradients(layer, rng):
    x = make_maps(rng, 2, CHANNELS, 4, 6)
    x[0] = torch.nan
    mask = torch.tensor([False, True])[:, None, None].expand(2, 4, 6)
    assert (layer.pool(x, mask=mask)[0] == 0).all()
    slopes = gradient(layer.pool, x, mask)
    assert (slopes[0] == 0).all()
    assert slopes[1].isfinite().all()


@all_layers
def test_batch_of_empty_masks_gives_zeros(layer):
    x, mask = torch.ones(2, CHANNELS, 3, 4), torch.zeros(2, 3, 4, dtype=torch.bool)
    assert torch.equal(layer.pool(x, mask=mask), torch.zeros(2, layer.width))
    assert torch.equal(gradient(layer.pool, x, mask), torch.zeros_like(x))


@all_layers
def test_padding_gets_no_gradient(layer, rng):
    x = make_maps(rng, 1, CHANNELS, 5, 6)
    x[..., 3:, :] = torch.nan
    mask = torch.ones(1, 5, 6, dtype=torch.bool)
    mask[:, 3:] = False
    slopes = gradient(layer.pool, x, mask)
    assert (slopes[..., 3:, :] == 0).all()
    assert slopes.isfinite().all()


@all_layers
def test_images_of_a_batch_do_not_meet(layer, rng):
    x = make_maps(rng, 3, CHANNELS, 6, 5)
    one_by_one = torch.cat([layer.pool(image) for image in x.split(1)])
    torch.testing.assert_close(layer.pool(x), one_by_one, rtol=1e-12, atol=1e-12)


@all_layers
def test_memory_layout_does_not_matter(layer, rng):
    x = make_maps(rng, 2, CHANNELS, 6, 5)
    expected = layer.pool(x)
    transposed = x.mT.contiguous().mT
    every_other = torch.stack([x, x + 1], -1)[..., 0]
    for same in (x.to(memory_format=torch.channels_last), transposed, every_other):
        assert not same.is_contiguous()
        torch.testing.assert_close(layer.pool(same), expected, rtol=1e-12, atol=1e-12)


@all_layers
def test_maps_larger_than_a_piece_of_work_are_pooled_alike(layer):
    rng = np.random.default_rng(0)
    x = make_maps(rng, 3, CHANNELS, 240, 100, kind="signed", dtype=torch.float32)
    mask = torch.zeros(3, 240, 100, dtype=torch.bool)
    mask[0, :7, :9] = mask[1, 170:, 3:90] = mask[2] = True
    parts = [x[:1, :, :7, :9], x[1:2, :, 170:, 3:90], x[2:]]
    expected = torch.cat([layer.pool(part.double()) for part in parts])
    assert_near(layer.pool(x, mask=mask), expected)


@all_layers
def test_input_is_left_untouched(layer, rng):
    x = make_maps(rng, 2, CHANNELS, 4, 6)
    mask = torch.ones(2, 4, 6, dtype=torch.bool)
    before = x.clone()
    layer.pool(x, mask=mask)
    assert torch.equal(x, before)
    assert mask.all()


@all_layers
def test_nan_reaches_the_result(layer, rng):
    x = make_maps(rng, 1, CHANNELS, 5, 5)
    x[0, 0, 2, 2] = torch.nan
    assert layer.pool(x).isnan().any()


@all_layers
def test_module_equals_function(layer, rng):
    x = make_maps(rng, 2, CHANNELS, 4, 6, dtype=torch.float32)
    mask = torch.zeros(2, 4, 6, dtype=torch.bool)
    mask[:, :3, 1:5] = True
    # To rounding: torch multiplies parameters in another order than tensors without a gradient.
    torch.testing.assert_close(layer.module()(x), layer.pool(x))
    torch.testing.assert_close(layer.module()(x, mask), layer.pool(x, mask=mask))


@all_layers
def test_module_survives_pickle_copy_and_state_dict(layer, rng):
    x = make_maps(rng, 1, CHANNELS, 4, 6, dtype=torch.float32)
    module, other = layer.module(), layer.module()
    expected = module(x)
    other.load_state_dict(module.state_dict(), strict=True)
    for same in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module), other):
        assert torch.equal(same(x), expected)
        assert repr(same) == repr(module)


# The whitening is the caller's, and autocast may change it.
@pytest.mark.parametrize("name", sorted(LAYERS.keys() - {"rmac-whitened"}))
def test_autocast_changes_nothing(name, rng):
    x = make_maps(rng, 2, CHANNELS, 7, 7, dtype=torch.float32)
    expected = LAYERS[name].pool(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pooled = LAYERS[name].pool(x)
    assert pooled.dtype == torch.float32
    assert torch.equal(pooled, expected)


@pytest.mark.parametrize(
    ("x", "mask", "error", "message"),
    [
        (np.zeros((1, 5, 2, 2)), None, TypeError, "x: expected a floating tensor, got ndarray"),
        (
            torch.zeros(1, 5, 2, 2, dtype=torch.int64),
            None,
            TypeError,
            "x: expected a floating tensor, got torch.int64",
        ),
        (
            torch.zeros(5, 2, 2),
            None,
            ValueError,
            r"x: expected shape \(B, C, H, W\) with C, H, W ≥ 1, got \(5, 2, 2\)",
        ),
        (
            torch.zeros(1, 5, 0, 2),
            None,
            ValueError,
            r"x: expected shape \(B, C, H, W\) with C, H, W ≥ 1, got \(1, 5, 0, 2\)",
        ),
        (
            torch.zeros(1, 0, 2, 2),
            None,
            ValueError,
            r"x: expected shape \(B, C, H, W\) with C, H, W ≥ 1, got \(1, 0, 2, 2\)",
        ),
        (
            torch.zeros(1, 5, 2, 3),
            torch.ones(1, 2, 3),
            TypeError,
            "mask: expected a bool tensor, got torch.float32",
        ),
        (
            torch.zeros(1, 5, 2, 3),
            torch.ones(1, 2, 3, dtype=torch.uint8),
            TypeError,
            "mask: expected a bool tensor, got torch.uint8",
        ),
        (
            torch.zeros(1, 5, 2, 3),
            [[[True]]],
            TypeError,
            "mask: expected a bool tensor, got list",
        ),
        (
            torch.zeros(1, 5, 2, 3),
            torch.ones(1, 3, 2, dtype=torch.bool),
            ValueError,
            r"mask: expected shape \(1, 2, 3\) to match x, got \(1, 3, 2\)",
        ),
    ],
)
@all_layers
def test_bad_input_is_named(layer, x, mask, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        layer.pool(x, mask=mask)
