"""Multi-scale orderless pooling: the patch grid, the network's runs, what is learnt, errors."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from torch import nn
from torch.nn.functional import interpolate

from coursekit.aggregation import VLAD
from coursekit.pooling import MAC, MOP, mop_activations, mop_patches
from tests.oracles.mop import slow_mop, slow_patches

D = 6


@pytest.mark.parametrize(
    ("h", "w", "size", "count"),
    [(256, 256, 256, 1), (256, 256, 128, 25), (256, 256, 64, 49), (256, 384, 64, 77)],
)
def test_number_of_patches_is_that_of_the_paper(h, w, size, count):
    assert len(mop_patches(h, w, size=size)) == count


def test_grid_is_the_definition():
    for h, w, size, stride in [
        (9, 9, 4, 1),
        (9, 17, 4, 3),
        (5, 4, 4, 2),
        (1, 9, 1, 2),
        (8, 8, 2, 5),
    ]:
        assert mop_patches(h, w, size=size, stride=stride) == slow_patches(h, w, size, stride)


def test_every_pixel_lies_in_a_patch(rng):
    h, w = rng.integers(12, 60, 2)
    size = int(rng.integers(1, 12))
    seen = np.zeros((h, w), int)
    for top, left in mop_patches(int(h), int(w), size=size, stride=max(1, size - 1)):
        assert top + size <= h
        assert left + size <= w
        seen[top : top + size, left : left + size] += 1
    assert seen.all()


def mean_colour(images):
    return images.mean((2, 3))


def pixels(images):
    return images[:, :, :6, :6].flatten(1)


def crops(image, size, stride):
    corners = slow_patches(image.shape[1], image.shape[2], size, stride)
    return [image[None, :, top : top + size, left : left + size] for top, left in corners]


def test_activations_are_those_of_the_crops_level_by_level(rng):
    image = torch.from_numpy(rng.random((3, 16, 21)))
    options = {"short_side": 16, "patch_sizes": (8,), "stride": 4, "batch_size": 4}
    whole, patches = mop_activations(image, mean_colour, input_size=8, **options)
    np.testing.assert_allclose(whole, mean_colour(image[None]), atol=1e-12)
    np.testing.assert_allclose(patches, torch.cat([*map(mean_colour, crops(image, 8, 4))]))


def test_patches_are_brought_to_the_size_of_the_network(rng):
    image = torch.from_numpy(rng.random((3, 16, 21)))
    _, large, small = mop_activations(
        image, pixels, short_side=16, patch_sizes=(8, 5), stride=4, input_size=6
    )
    for found, size in ((large, 8), (small, 5)):
        expected = [
            interpolate(crop, (6, 6), mode="bilinear", antialias=True).ravel()
            for crop in crops(image, size, 4)
        ]
        np.testing.assert_allclose(found, torch.stack(expected), atol=1e-12)


class Sizes(nn.Module):
    """A network that answers with the size of what it is given, and remembers its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, x):
        self.batches.append(len(x))
        return x.new_tensor([x.shape[2:]]).expand(len(x), 2)


@pytest.mark.parametrize(
    ("shape", "options", "whole"),
    [
        ((300, 450), {}, [256, 384]),
        ((450, 300), {}, [384, 256]),
        ((100, 151), {}, [256, 387]),  # 386.56
        ((300, 450), {"keep_aspect": False}, [256, 256]),
    ],
)
def test_short_side_is_fixed_and_the_aspect_kept_if_asked(shape, options, whole):
    levels = mop_activations(torch.zeros(3, *shape), Sizes().eval(), **options)
    assert levels[0].tolist() == [whole]
    assert {*map(tuple, levels[1].tolist())} == {(256.0, 256.0)}
    assert [len(level) for level in levels] == [
        1,
        *(len(mop_patches(*whole, size=s)) for s in (128, 64)),
    ]


def test_patches_run_in_batches():
    network = Sizes().eval()
    mop_activations(torch.zeros(3, 256, 256), network, input_size=16, batch_size=20)
    assert network.batches == [1, 20, 5, 20, 20, 9]


def test_batch_size_does_not_matter():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, D, 4, 4), nn.ReLU(), MAC()).eval()
    image = torch.rand(3, 70, 40)
    options = {"short_side": 32, "patch_sizes": (16, 8), "stride": 8}
    one, many = (mop_activations(image, network, batch_size=n, **options) for n in (1, 64))
    for a, b in zip(one, many, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_fully_connected_network_takes_the_squeezed_image():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, D)).double().eval()
    levels = mop_activations(
        torch.rand(3, 40, 90), network, short_side=32, patch_sizes=(16,), keep_aspect=False
    )
    assert [level.shape for level in levels] == [(1, D), (4, D)]
    assert {level.dtype for level in levels} == {np.dtype(float)}


def test_half_precision_of_the_network_is_kept_or_becomes_float32():
    for dtype, expected in [(torch.float16, np.float16), (torch.bfloat16, np.float32)]:
        network = nn.Sequential(nn.Conv2d(3, D, 4, 4), MAC()).to(dtype).eval()
        levels = mop_activations(torch.rand(3, 32, 32), network, short_side=32, patch_sizes=(16,))
        assert {level.dtype for level in levels} == {np.dtype(expected)}


# --- the estimator ---------------------------------------------------------------------------


def make_images(rng, n=6, sizes=(1, 9, 14), dtype=float):
    """Return activations as a ReLU leaves them; images differ in their number of patches."""
    return [
        [
            np.maximum(rng.normal(size=(1 if size == 1 else size + i % 3, D)), 0).astype(dtype)
            for size in sizes
        ]
        for i in range(n)
    ]


@pytest.fixture
def images(rng):
    return make_images(rng)


def learnt(mop):
    """Hand over to the oracle what each level's steps have learnt."""
    found = []
    for encoder in mop.encoders_:
        steps = dict(encoder.named_steps)
        before, after = steps.get("perdescriptor"), steps.get("pca")
        found.append(
            (
                before and (before.transformer_.mean_, before.transformer_.components_),
                steps["vlad"].centroids_,
                after and (after.mean_, after.components_),
            )
        )
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_components": None},
        {"n_components": 3, "n_pooled": 4},
        {"n_components": None, "power": 1.0, "n_pooled": 2},
    ],
)
def test_agrees_with_the_definition(images, options):
    mop = MOP(3, **options).fit(images)
    vectors = mop.transform(images)
    for image, vector in zip(images, vectors, strict=True):
        expected = slow_mop(image, learnt(mop), power=options.get("power", 0.5))
        np.testing.assert_allclose(vector, expected, atol=1e-6)  # roots magnify rounding near 0


def test_intra_normalisation_weighs_all_words_alike(images):
    vectors = MOP(3, n_components=4, intra_norm=True).fit(images).transform(images)
    lengths = np.linalg.norm(vectors[:, D:].reshape(len(images), 2, 3, 4), axis=3)
    occupied = lengths > 0
    expected = occupied / np.sqrt(occupied.sum(2, keepdims=True))
    np.testing.assert_allclose(lengths, expected, atol=1e-6)


def test_each_level_has_length_one_and_its_place(images):
    for image in images:
        image[0] += 0.1  # no zero vector
    mop = MOP(2, n_components=5, n_pooled=3).fit(images)
    vectors = mop.transform(images)
    bounds = [0, D, D + 3, D + 3 + 3]
    assert vectors.shape == (len(images), bounds[-1])
    for a, b in pairwise(bounds):
        np.testing.assert_allclose(np.linalg.norm(vectors[:, a:b], axis=1), 1, atol=1e-12)
    whole = np.concatenate([image[0] for image in images])
    np.testing.assert_allclose(vectors[:, :D], whole / np.linalg.norm(whole, axis=1)[:, None])


def test_order_of_patches_does_not_matter(images, rng):
    mop = MOP(3).fit(images)
    shuffled = [[rng.permutation(level) for level in image] for image in images]
    np.testing.assert_allclose(mop.transform(shuffled), mop.transform(images), atol=1e-6)


def test_images_do_not_meet(images):
    mop = MOP(3, n_pooled=4).fit(images)
    alone = np.concatenate([mop.transform([image]) for image in images])
    np.testing.assert_allclose(mop.transform(images), alone, atol=1e-9)


def test_levels_have_dimensions_and_codebooks_of_their_own(rng):
    images = [[rng.normal(size=(n, d)) for n, d in ((1, 7), (9, 4), (12, 5))] for _ in range(4)]
    mop = MOP(2).fit(images)
    assert [encoder["vlad"].centroids_.shape for encoder in mop.encoders_] == [(2, 4), (2, 5)]
    assert mop.transform(images).shape == (4, 7 + 2 * 4 + 2 * 5)


def test_pca_keeps_what_the_data_allow(rng):
    images = [[rng.normal(size=(n, 20)) for n in (1, 2, 3)] for _ in range(3)]
    mop = MOP(2, n_components=500, n_pooled=4096).fit(images)
    reduced = [encoder["perdescriptor"].transformer_.n_components_ for encoder in mop.encoders_]
    assert reduced == [6, 9]  # patches of a level
    assert [encoder["pca"].n_components_ for encoder in mop.encoders_] == [3, 3]  # images


def test_second_pca_is_no_wider_than_the_vlad(images):
    assert MOP(1, n_components=2, n_pooled=9).fit(images).transform(images).shape[1] == D + 2 + 2


def test_level_without_patches_gives_zeros(images):
    mop = MOP(2, n_components=3, n_pooled=4).fit(images)
    images[1][2] = np.zeros((0, D))
    vectors = mop.transform(images)
    assert not vectors[1, D + 4 :].any()
    assert vectors[0, D + 4 :].any()
    assert vectors[1, : D + 4].any()


def test_equal_patches_leave_no_residual():
    images = [[np.ones((n, D)) for n in (1, 5)] for _ in range(3)]
    vectors = MOP(1, n_pooled=2).fit(images).transform(images)
    np.testing.assert_allclose(vectors, [[D**-0.5] * D + [0.0] * 2] * 3)


def test_zero_activation_gives_zeros(images):
    images[0][0] = np.zeros((1, D))
    assert not MOP(2).fit(images).transform(images)[0, :D].any()


def test_one_level_is_the_activation_alone(images):
    whole = [[image[0]] for image in images]
    vectors = MOP().fit(whole).transform(whole)
    np.testing.assert_allclose(
        vectors, Normalizer().transform(np.concatenate([image[0] for image in images]))
    )


def test_no_image_gives_no_vector(images):
    assert MOP(3, n_components=2).fit(images).transform([]).shape == (0, D + 2 * 6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    images = make_images(np.random.default_rng(0), dtype=dtype)
    vectors = MOP(2, n_components=3).fit(images).transform(images)
    assert vectors.dtype == dtype
    assert np.isfinite(vectors).all()


def test_squares_of_float16_do_not_overflow():
    whole = [[np.full((1, D), 300, np.float16)]]  # 6 · 300² is beyond 65504
    np.testing.assert_allclose(MOP().fit(whole).transform(whole), [[D**-0.5] * D], rtol=1e-3)


def test_options_reach_the_steps_of_every_level(images):
    options = {"power": 0.7, "intra_norm": True, "n_init": 2, "max_iter": 7, "max_descriptors": 30}
    mop = MOP(3, n_components=4, n_pooled=2, random_state=9, n_jobs=2, **options).fit(images)
    for encoder in mop.encoders_:
        reached = encoder["vlad"].get_params()
        assert reached == VLAD(3, random_state=9, n_jobs=2, **options).get_params()
        assert encoder["perdescriptor"].transformer.get_params()["random_state"] == 9
        assert encoder["pca"].get_params()["random_state"] == 9


def test_integers_are_taken_as_float32():
    rng = np.random.default_rng(0)
    images = [[rng.integers(0, 9, (n, D)) for n in (1, 9)] for _ in range(4)]
    assert MOP(2).fit(images).transform(images).dtype == np.float32


def test_same_seed_gives_the_same_bytes(images):
    first, second = (
        MOP(3, n_components=4, n_pooled=2, random_state=5).fit(images).transform(images)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_several_workers_give_the_same(images):
    expected = MOP(3).fit(images).transform(images)
    np.testing.assert_allclose(MOP(3, n_jobs=2).fit(images).transform(images), expected, atol=1e-9)


def test_input_is_left_untouched(images):
    before = pickle.dumps(images)
    MOP(3, n_pooled=2).fit(images).transform(images)
    assert pickle.dumps(images) == before


def test_estimator_survives_clone_and_pickle(images):
    mop = MOP(3, n_components=4, power=1.0)
    assert clone(mop).get_params() == mop.get_params()
    expected = mop.fit(images).transform(images)
    again = pickle.loads(pickle.dumps(mop))
    np.testing.assert_array_equal(again.transform(images), expected)
    assert not hasattr(clone(mop), "encoders_")


def test_feature_names_number_the_components(images):
    names = MOP(2, n_components=3).fit(images).get_feature_names_out()
    assert len(names) == D + 2 * 6
    assert names[:2].tolist() == ["mop0", "mop1"]


def test_works_in_pipelines_and_grid_searches(rng):
    images = make_images(rng, n=8)
    pipeline = make_pipeline(
        MOP(2, n_components=3), PCA(4, whiten=True), Normalizer(), KNeighborsClassifier(1)
    )
    search = GridSearchCV(pipeline, {"mop__n_words": [1, 2]}, cv=2, error_score="raise")
    search.fit(images, [0, 0, 1, 1, 0, 0, 1, 1])
    assert search.best_params_["mop__n_words"] in (1, 2)


def test_transform_before_fit_is_refused(images):
    with pytest.raises(NotFittedError):
        MOP().transform(images)


A = np.ones((1, D))
P = np.random.default_rng(0).normal(size=(9, D))
IMAGE = torch.zeros(3, 32, 32)


def no_tensor(images) -> Any:
    return None


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "h": (lambda: mop_patches(0, 5, size=1), ValueError, "h: expected an integer ≥ 1, got 0"),
    "w": (lambda: mop_patches(5, 2.0, size=1), TypeError, "w: expected an integer, got 2.0"),
    "size": (lambda: mop_patches(5, 9, size=6), ValueError,
        r"size: expected an integer in \[1, 5\], got 6"),
    "stride": (lambda: mop_patches(5, 5, size=2, stride=0), ValueError,
        "stride: expected an integer ≥ 1, got 0"),
    "image of bytes": (lambda: mop_activations(IMAGE.byte(), mean_colour), TypeError,
        "image: expected a floating tensor, got torch.uint8"),
    "batch for image": (lambda: mop_activations(IMAGE[None], mean_colour), ValueError,
        r"image: expected shape \(C, H, W\), got \(1, 3, 32, 32\)"),
    "no pixel": (lambda: mop_activations(IMAGE[:, :0], mean_colour), ValueError,
        r"image: expected shape \(C, H, W\), got \(3, 0, 32\)"),
    "large patch": (lambda: mop_activations(IMAGE, mean_colour, patch_sizes=(128, 300)), ValueError,
        r"patch_sizes\[1\]: expected an integer in \[1, 256\], got 300"),
    "short side": (lambda: mop_activations(IMAGE, mean_colour, short_side=0), ValueError,
        "short_side: expected an integer ≥ 1, got 0"),
    "input size": (lambda: mop_activations(IMAGE, mean_colour, input_size="x"), TypeError,
        "input_size: expected an integer, got 'x'"),
    "batch size": (lambda: mop_activations(IMAGE, mean_colour, batch_size=0), ValueError,
        "batch_size: expected an integer ≥ 1, got 0"),
    "aspect": (lambda: mop_activations(IMAGE, mean_colour, keep_aspect="no"), TypeError,
        "keep_aspect: expected True or False, got 'no'"),
    "training": (lambda: mop_activations(IMAGE, nn.Dropout()), ValueError,
        r"network: expected evaluation mode, got training mode; call .eval\(\)"),
    "maps": (lambda: mop_activations(IMAGE, lambda x: x), ValueError,
        r"network: expected shape \(1, D\), got \(1, 3, 256, 256\)"),
    "too many vectors": (lambda: mop_activations(IMAGE, lambda x: x.new_zeros(5, 3)), ValueError,
        r"network: expected shape \(1, D\), got \(5, 3\)"),
    "no tensor": (lambda: mop_activations(IMAGE, no_tensor), TypeError,
        "network: expected a floating tensor, got NoneType"),
    "no list": (lambda: MOP(2).fit(P), TypeError,
        "images: expected a list of lists of arrays, got ndarray"),
    "no image": (lambda: MOP(2).fit([]), ValueError, "images: expected at least one, got none"),
    "array for image": (lambda: MOP(2).fit([P]), TypeError,
        r"images\[0\]: expected a list of arrays, got ndarray"),
    "no level": (lambda: MOP(2).fit([[]]), ValueError,
        r"images\[0\]: expected at least one level, got none"),
    "level missing": (lambda: MOP(2).fit([[A, P], [A]]), ValueError,
        r"images\[1\]: expected 2 levels to match images\[0\], got 1"),
    "two wholes": (lambda: MOP(2).fit([[P, P]]), ValueError,
        r"images\[0\]\[0\]: expected shape \(1, D\), got \(9, 6\)"),
    "vector for level": (lambda: MOP(2).fit([[A, P[0]]]), ValueError,
        r"images\[0\]\[1\]: expected shape \(n, D\), got \(6,\)"),
    "another D": (lambda: MOP(2).fit([[A, P], [A, P[:, 1:]]]), ValueError,
        r"images\[1\]\[1\]: expected shape \(n, 6\) to match images\[0\], got \(9, 5\)"),
    "another D than fit": (lambda: MOP(2).fit([[A, P]]).transform([[A, P[:, 1:]]]), ValueError,
        r"images\[0\]\[1\]: expected shape \(n, 6\) to match fit, got \(9, 5\)"),
    "other levels than fit": (lambda: MOP(2).fit([[A, P]]).transform([[A]]), ValueError,
        r"images\[0\]: expected 2 levels to match fit, got 1"),
    "NaN": (lambda: MOP(2).fit([[A, P * np.nan]]), ValueError,
        r"images\[0\]\[1\]: expected finite values, got nan at \[0, 0\]"),
    "strings": (lambda: MOP(2).fit([[A, [["a"]]]]), TypeError,
        r"images\[0\]\[1\]: expected integers or floats, got dtype <U1"),
    "few patches": (lambda: MOP(10).fit([[A, P]]), ValueError,
        "images: expected at least 10 patches at level 2, got 9"),
    "one patch": (lambda: MOP(1).fit([[A, P, P[:1]]]), ValueError,
        "images: expected at least 2 patches at level 3, got 1"),
    "one image": (lambda: MOP(2, n_pooled=3).fit([[A, P]]), ValueError,
        "images: expected at least 2 for n_pooled, got 1"),
    "words": (lambda: MOP(0).fit([[A, P]]), ValueError,
        "n_words: expected an integer ≥ 1, got 0"),
    "components": (lambda: MOP(2, n_components=0).fit([[A, P]]), ValueError,
        "n_components: expected an integer ≥ 1, got 0"),
    "pooled": (lambda: MOP(2, n_pooled=1.5).fit([[A, P]]), TypeError,
        "n_pooled: expected an integer, got 1.5"),
    "power": (lambda: MOP(2, power=2).fit([[A, P]]), ValueError,
        r"power: expected a number in \(0, 1\], got 2"),
    "draw": (lambda: MOP(2, max_descriptors=0).fit([[A, P]]), ValueError,
        "max_descriptors: expected an integer ≥ 1, got 0"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        call()
