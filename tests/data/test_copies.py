"""The set Copies: fixed to the pixel, without a leak, kept in the cache."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from coursekit.data import COPY_KINDS, copies, places, wheel_photos
from coursekit.data.transformations import blur, crop, jpeg, scale

# The pixels of all copies of a kind. They change with the recipes, and may with another JPEG
# library than the libjpeg-turbo of Pillow's wheels: then figures measured on the set change too.
PIXELS = {
    "crop": "27a74cad83165925",
    "jpeg": "0cf99280fc7ef9b8",
    "rotation": "902bbd5ed801b9a8",
    "scale": "bfe358abf19c3c4c",
    "blur": "a8bc98e8a7c3aa5e",
    "scan": "9bb7843da99bc796",
    "light": "ecf8ac24ae92b995",
    "perspective": "e6cd56b5ed403f8b",
    "strong": "ed4f65607ccce81b",
}


@pytest.fixture(scope="module")
def benchmark():
    return copies()


@pytest.mark.parametrize("kind", COPY_KINDS)
def test_the_pixels_are_those_that_figures_were_measured_on(benchmark, kind):
    digest = hashlib.sha256()
    for query in benchmark.queries:
        if query.kind == kind:
            image = query.make()
            digest.update(repr(image.shape).encode())
            digest.update(image.tobytes())
    assert digest.hexdigest()[:16] == PIXELS[kind]


def test_every_original_is_copied_once_in_each_way(benchmark):
    assert len(benchmark.queries) == 270
    assert Counter(benchmark.kind.tolist()) == dict.fromkeys(COPY_KINDS, 30)
    assert set(Counter(benchmark.group.tolist()).values()) == {9}
    assert len({query.name for query in benchmark.queries}) == 270


def test_each_strength_is_met_equally_often(benchmark):
    for kind in COPY_KINDS:
        recipes = Counter(query.steps for query in benchmark.queries if query.kind == kind)
        assert sorted(recipes.values()) == [5] * 6, kind


def test_the_positive_is_the_original_alone(benchmark):
    assert benchmark.positives.shape == (270, 163)
    for q, query in enumerate(benchmark.queries):
        (found,) = np.flatnonzero(benchmark.positives[q])
        assert benchmark.database[found] is query.original
        assert benchmark.group[q] == query.original.name
        assert benchmark.kind[q] == query.kind
    assert benchmark.exclude is None
    assert benchmark.junk is None


def test_no_photo_that_is_learnt_on_is_evaluated(benchmark):
    assert benchmark.learning == places().learning
    learning = {one.name for one in benchmark.learning}
    assert not learning & {one.name for one in benchmark.database}
    assert not learning & {query.original.name for query in benchmark.queries}


def test_the_database_holds_all_other_photos_once(benchmark):
    names = [one.name for one in benchmark.database]
    expected = {one.name for one in places().database} | {"china", "flower"}
    assert len(names) == len(set(names)) == 163
    assert set(names) == expected


def test_originals_are_single_photos_so_that_no_view_of_the_same_place_competes(benchmark):
    originals = benchmark.database[:30]
    assert originals[:2] == wheel_photos()
    assert all(one.group is None for one in originals[2:])


def test_a_copy_is_its_steps_in_their_order(benchmark):
    strong = next(query for query in benchmark.queries if query.name.endswith("_strong"))
    image = strong.original.load()
    for step in strong.steps:
        image = step(image)
    np.testing.assert_array_equal(strong.make(), image)
    assert strong.title == (
        "Summer Palace, Beijing: crop(removed=0.5, centre=(0.3, 0.6)), then rotate(degrees=12), "
        "then jpeg(quality=8)"
    )
    assert strong.credit == (
        "danielbuechele (Flickr), CC BY 2.0, from scikit-learn, resized, then crop, rotate, jpeg"
    )


def test_a_copy_is_read_from_the_cache_and_a_damaged_one_made_anew(benchmark, data_folder):
    query = benchmark.queries[1]
    first = query.load()
    (stored,) = data_folder.rglob("*.npz")
    np.testing.assert_array_equal(first, query.make())
    other = np.zeros((2, 2, 3), dtype=np.uint8)
    np.savez(stored, pixels=other)
    np.testing.assert_array_equal(query.load(), other)  # so it does read the cache
    stored.write_bytes(stored.read_bytes()[:100])
    np.testing.assert_array_equal(query.load(), first)
    np.testing.assert_array_equal(query.load(), first)


def test_making_the_set_touches_no_file(data_folder):
    copies()
    assert not data_folder.exists()


def gradient_signs(image):
    """Return the difference hash: 64 bits, which photo is brighter to the right where."""
    grey = Image.fromarray(image).convert("L").resize((9, 8), Image.Resampling.BOX)
    return np.diff(np.asarray(grey, dtype=int), axis=1).ravel() > 0


def test_the_hash_below_would_see_a_near_duplicate(benchmark):
    for photo in benchmark.database[::8]:
        image = photo.load()
        ours = gradient_signs(image)
        for changed in (jpeg(image, 20), scale(image, 0.4), blur(image, 2.0), crop(image, 0.03)):
            assert (gradient_signs(changed) != ours).sum() <= 8, photo.name


def test_nothing_evaluated_nearly_duplicates_what_is_learnt_on(benchmark):
    learning = np.array([gradient_signs(one.load()) for one in benchmark.learning])
    for one in benchmark.database:
        differing = (learning != gradient_signs(one.load())).sum(axis=1)
        nearest = benchmark.learning[differing.argmin()].name
        assert differing.min() > 8, (one.name, nearest, differing.min())
