"""What holds for all maps: symmetries, scale, bounds, and how the layers are related."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from coursekit.aggregation import vlad
from coursekit.pooling import NetVLAD, crow, gem, mac, netvlad, regions, rmac, spoc
from tests.pooling.layers import (
    BIAS,
    CENTROIDS,
    CHANNELS,
    EXPONENTS,
    LAYERS,
    WEIGHT,
    assert_near,
    make_maps,
)

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
PER_CHANNEL = {"mac", "spoc", "spoc-plain", "crow", "crow-1-3", "gem", "gem-2.5", "gem-tensor"}
ORDERLESS = {*PER_CHANNEL, "gem-per-channel", "netvlad"} - {"spoc"}  # no pixel has a place
WITH_THE_SCALE = {"mac", "spoc", "spoc-plain", "crow", "crow-1-3"}
WITHOUT_SCALE = {"rmac", "rmac-2-whole", "rmac-whitened"}

all_layers = pytest.mark.parametrize("name", LAYERS)
few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 9)
batches = st.integers(0, 3)
scales = st.integers(-10, 10).map(lambda n: 2.0**n)  # exact, so that a sum of 0 stays 0


@st.composite
def maps(draw, channels=CHANNELS, lowest=-3, batch=batches):
    """Draw maps of small whole numbers, and so of many ties and zeros, in float64."""
    B, H, W = draw(batch), draw(sides), draw(sides)
    rng = np.random.default_rng(draw(seeds))
    return torch.from_numpy(rng.integers(lowest, 4, (B, channels, H, W)).astype(float))


def layers(names):
    return pytest.mark.parametrize("name", sorted(names))


@all_layers
@few
@given(maps(), st.sampled_from(DTYPES))
def test_one_finite_vector_per_image_in_the_dtype_of_the_maps(name, x, dtype):
    layer = LAYERS[name]
    vectors = layer.pool(x.to(dtype))
    assert vectors.shape == (len(x), layer.width)
    assert vectors.dtype == dtype
    assert vectors.isfinite().all()


@all_layers
@few
@given(maps(), seeds)
def test_images_may_come_in_any_order(name, x, seed):
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
    assert_near(LAYERS[name].pool(x[order]), LAYERS[name].pool(x)[order])


@all_layers
@few
@given(maps(batch=st.just(1)), st.tuples(*[st.integers(0, 3)] * 4))
def test_padding_under_a_mask_changes_nothing(name, x, margins):
    padded = torch.nn.functional.pad(x, margins, value=torch.nan)
    mask = ~padded[:, 0].isnan()
    assert mask.sum() == x.shape[2] * x.shape[3]
    assert_near(LAYERS[name].pool(padded, mask=mask), LAYERS[name].pool(x))


@layers(PER_CHANNEL | {"rmac", "rmac-2-whole"})
@few
@given(maps(), seeds)
def test_channels_may_come_in_any_order(name, x, seed):
    order = torch.from_numpy(np.random.default_rng(seed).permutation(CHANNELS))
    assert_near(LAYERS[name].pool(x[:, order]), LAYERS[name].pool(x)[:, order])


@few
@given(maps(), seeds)
def test_exponents_go_with_their_channels(x, seed):
    order = torch.from_numpy(np.random.default_rng(seed).permutation(CHANNELS))
    assert_near(gem(x[:, order], EXPONENTS[order].double()), gem(x, EXPONENTS.double())[:, order])


@few
@given(maps(), seeds)
def test_words_and_their_dimensions_may_come_in_any_order(x, seed):
    rng = np.random.default_rng(seed)
    words, order = (torch.from_numpy(rng.permutation(n)) for n in (len(BIAS), CHANNELS))
    c, w, b = (value.double() for value in (CENTROIDS, WEIGHT, BIAS))
    found = netvlad(x[:, order], c[words][:, order], w[words][:, order], b[words])
    expected = netvlad(x, c, w, b).unflatten(1, c.shape)[:, words][:, :, order]
    assert_near(found, expected.flatten(1))


@layers(ORDERLESS)
@few
@given(maps(), seeds)
def test_pixels_may_change_places(name, x, seed):
    order = np.random.default_rng(seed).permutation(x.shape[2] * x.shape[3])
    moved = x.flatten(2)[:, :, torch.from_numpy(order)].unflatten(2, x.shape[2:])
    assert_near(LAYERS[name].pool(moved), LAYERS[name].pool(x))


@all_layers
@few
@given(maps())
def test_rows_and_columns_are_alike(name, x):
    assert_near(LAYERS[name].pool(x.mT), LAYERS[name].pool(x))


@few
@given(maps(), st.sampled_from([(2,), (3,), (2, 3)]))
def test_spoc_of_the_mirrored_map_is_the_same(x, axes):
    assert_near(spoc(x.flip(axes)), spoc(x))


@layers(WITH_THE_SCALE)
@few
@given(maps(), scales)
def test_result_scales_with_the_maps(name, x, scale):
    assert_near(LAYERS[name].pool(scale * x), scale * LAYERS[name].pool(x))


@layers(WITHOUT_SCALE)
@few
@given(maps(), scales)
def test_scale_of_the_maps_does_not_matter_to_regions(name, x, scale):
    assert_near(LAYERS[name].pool(scale * x), LAYERS[name].pool(x))


@few
@given(maps(), scales, st.floats(0.2, 20))
def test_gem_scales_with_the_maps_and_its_floor(x, scale, p):
    assert_near(gem(scale * x, p, eps=scale * 0.5), scale * gem(x, p, eps=0.5))


@few
@given(maps(lowest=1), st.floats(1, 50), st.booleans())
def test_gem_lies_between_average_and_maximum(x, p, as_tensor):
    exponent = torch.tensor(p, dtype=torch.float64) if as_tensor else p
    pooled, average = gem(x, exponent), x.mean((2, 3))
    assert_near(gem(x, 1), average)
    assert (pooled >= average - 1e-12).all()
    assert (pooled <= mac(x) + 1e-12).all()
    # At most (HW)^(1/p) below the maximum, which tends to 1.
    assert (pooled * (x.shape[2] * x.shape[3]) ** (1 / p) >= mac(x) - 1e-9).all()


@few
@given(maps(), st.floats(-2, 2), st.floats(-2, 2), st.booleans(), seeds)
def test_spoc_is_linear(x, a, b, center_prior, seed):
    y = torch.from_numpy(np.random.default_rng(seed).normal(size=x.shape))
    parts = [spoc(maps, center_prior=center_prior) for maps in (x, y, a * x + b * y)]
    atol = 1e-12 * float(1 + x.abs().sum() + y.abs().sum())
    torch.testing.assert_close(parts[2], a * parts[0] + b * parts[1], rtol=0, atol=atol)


@few
@given(maps(lowest=0))
def test_crow_counts_a_channel_less_the_more_often_it_responds(x):
    # The same responses everywhere: only the channel weights differ, and they are logarithms.
    x = x[:, :2]
    everywhere = crow(torch.cat([x, torch.ones_like(x)], 1))[:, 2:]
    assert (everywhere >= 0).all()
    Q = (x != 0).double().mean((2, 3))
    assume((Q > 0).all())
    S = x.sum(1) + 2
    s = (S / S.square().sum((1, 2), keepdim=True).sqrt()).sqrt()
    w = torch.log((Q.sum(1, keepdim=True) + 2) / Q)
    expected = w * (s[:, None] * x).sum((2, 3))
    assert_near(crow(torch.cat([x, torch.ones_like(x)], 1))[:, :2], expected)


@few
@given(maps(), st.integers(1, 5), st.sampled_from([0.0, 0.4, 0.75]), st.booleans())
def test_rmac_is_the_sum_of_the_directions_of_its_regions_maxima(x, levels, overlap, whole_map):
    H, W = x.shape[2:]
    crops = [
        x[:, :, r.top : r.top + r.size, r.left : r.left + r.size]
        for r in regions(H, W, levels=levels, overlap=overlap)
    ]
    expected = sum(normalize(mac(crop)) for crop in crops + [x] * whole_map)
    assert_near(rmac(x, levels=levels, overlap=overlap, whole_map=whole_map), expected)


@few
@given(maps(), st.integers(0, 8))
def test_maximum_of_two_parts_is_that_of_their_maxima(x, cut):
    assume(0 < cut < x.shape[3])
    assert torch.equal(mac(x), torch.maximum(mac(x[..., :cut]), mac(x[..., cut:])))


@few
@given(maps())
def test_gradient_of_mac_sums_to_one_over_the_largest(x):
    x.requires_grad_()
    (slopes,) = torch.autograd.grad(mac(x).sum(), x)
    largest = x == x.detach().amax((2, 3), keepdim=True)
    torch.testing.assert_close(slopes, largest.double() / largest.sum((2, 3), keepdim=True))


@all_layers
@few
@given(maps(lowest=1, batch=st.integers(1, 2)), seeds)
def test_shares_at_ties_sum_to_the_slope_of_raising_all_maps(name, x, seed):
    # Ties stay ties when a number is added to all maps, so this slope is that of a smooth function.
    pool, step = LAYERS[name].pool, 1e-5
    weights = torch.from_numpy(np.random.default_rng(seed).normal(size=LAYERS[name].width))
    raised = x.clone().requires_grad_()
    (slopes,) = torch.autograd.grad((pool(raised) * weights).sum(), raised)
    higher, lower = (((pool(x + d) * weights).sum()) for d in (step, -step))
    slope = float(higher - lower) / (2 * step)
    assert float(slopes.sum()) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@few
@given(seeds, st.integers(1, 4), st.integers(1, 6), sides, sides)
def test_netvlad_of_sharp_assignments_is_the_vlad_of_the_columns(seed, K, C, H, W):
    rng = np.random.default_rng(seed)
    words = 10 * np.eye(K, C + K) + rng.normal(size=(K, C + K)) / 10  # far from one another
    columns = words[rng.integers(0, K, H * W)] + rng.normal(size=(H * W, C + K))
    x = torch.from_numpy(columns.T.reshape(1, C + K, H, W).copy())
    layer = NetVLAD.from_centroids(words, alpha=1e3, normalize_input=False).double()
    expected = vlad(columns, words.astype(np.float32).astype(float), intra_norm=True)
    torch.testing.assert_close(layer(x)[0], torch.from_numpy(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES[:2])
def test_crow_counts_responses_of_half_precision_exactly(dtype):
    # 700 against 7: log(707/700) is 0.01, of which two digits would be left in bfloat16.
    x = torch.zeros(1, 2, 25, 28, dtype=dtype)
    x[0, 0], x[0, 1, 0, :7] = 1, 1
    assert_near(crow(x), crow(x.double()))


@layers({"rmac", "rmac-2-whole"})
@pytest.mark.parametrize("dtype", DTYPES[:2])
def test_regions_of_half_precision_are_normalised_and_added_in_float32(name, dtype):
    x = torch.rand(3, CHANNELS, 7, 9, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert torch.equal(LAYERS[name].pool(x), LAYERS[name].pool(x.float()).to(dtype))


@pytest.mark.parametrize("scale", [1e-25, 1e25])
@pytest.mark.parametrize("kind", ["signed", "negative", "dead"])
def test_columns_are_normalised_whatever_their_scale(kind, scale, rng):
    layer = NetVLAD(CHANNELS, 3)
    x = make_maps(rng, 2, CHANNELS, 4, 6, kind=kind, dtype=torch.float32)
    torch.testing.assert_close(layer(scale * x), layer(x), rtol=1e-4, atol=1e-5)
