"""The photographs: all there, all credited, found by name, read the same each time."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest

from coursekit.data import Photo, groups, photo, photos

FOLDER = files("coursekit.data.photos")


def test_counts_are_those_of_the_collection():
    subsets = Counter(one.subset for one in photos())
    assert subsets == {"group": 70, "pair": 6, "distractor": 170}
    assert len(groups()) == 20


def test_files_and_table_name_the_same_photos():
    stored = {file.name for file in (FOLDER / "images").iterdir()}
    assert stored == {f"{one.name}.jpg" for one in photos()}


@pytest.mark.parametrize("field", ["name", "title", "blob"])
def test_no_two_photos_share_a(field):
    assert len({getattr(one, field) for one in photos()}) == 246


def test_every_photo_is_fully_credited():
    for one in photos():
        for field in ("title", "author", "licence", "licence_file", "repository", "path"):
            value = getattr(one, field)
            assert value == value.strip() != "", (one.name, field)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", one.repository), one.name
        assert re.fullmatch(r"[0-9a-f]{40} [0-9a-f]{40}", f"{one.commit} {one.blob}"), one.name
        assert one.licence in one.credit, one.name
        assert one.repository in one.credit, one.name


def test_who_is_named_elsewhere_can_be_found_there():
    for one in photos():
        assert one.source_page is None or one.source_page.startswith("https://"), one.name
        assert one.author != "named on the source page" or one.source_page is not None, one.name


def test_licences_are_free_and_as_many_as_the_collection_says():
    assert Counter(one.licence for one in photos()) == {
        "CC0 1.0": 87,
        "CC BY-SA 3.0": 43,
        "CC BY-SA 4.0": 38,
        "CC BY 4.0": 17,
        "Public domain": 14,
        "CC BY 3.0": 10,
        "CC BY-SA 2.0": 9,
        "CC BY 2.0": 7,
        "BSD-2-Clause": 6,
        "MIT": 6,
        "Public Domain Mark 1.0": 4,
        "CC BY-SA 2.5": 2,
        "CC BY 2.5": 2,
        "CC BY-SA 3.0 pl": 1,
    }


@pytest.mark.parametrize(
    ("licence", "notice", "copyright_line"),
    [
        ("MIT", "LICENSE-bananas.txt", "Copyright (c) 2019 Piero Toffanin"),
        ("BSD-2-Clause", "LICENSE-lakeside.txt", "Copyright (c) 2017, Piero Toffanin"),
    ],
)
def test_notices_travel_with_the_photos_that_need_them(licence, notice, copyright_line):
    text = (FOLDER / notice).read_text(encoding="utf-8")
    assert copyright_line in text
    for one in photos():
        if one.licence == licence:
            assert f"images/{one.group}_*.jpg" in text


@pytest.mark.parametrize(
    ("name", "credit"),
    [
        (
            "eiffel_3",
            "Mustang Joe, CC0 1.0, from sbates-idrc/c2lc-coding-environment "
            "(path docs/images/eiffel-tower.jpg, commit 77a2d1012b), resized",
        ),
        (
            "eiffel_1",
            "author named on https://commons.wikimedia.org/wiki/"
            "File:Tour_Eiffel_Wikimedia_Commons.jpg, Public domain, from apple/ml-gbc "
            "(path data/images/wiki/Eiffel_tower_1.jpg, commit b66c03c89a), resized",
        ),
        (
            "d_max_food_0",
            "author not stated (Pexels), CC0 1.0, from IBM/MAX-Image-Resolution-Enhancer "
            "(path samples/test_examples/original/food.png, commit 8485fabcf1), resized",
        ),
    ],
)
def test_credit_line_reads(name, credit):
    assert photo(name).credit == credit


def test_every_photo_loads_as_small_rgb():
    for one in photos():
        image = one.load()
        assert image.dtype == np.uint8, one.name
        assert image.shape[2:] == (3,), one.name
        assert 200 <= max(image.shape) <= 480, one.name
        assert image.std() > 5, f"{one.name} is blank"


def test_loading_gives_a_fresh_writable_copy_each_time():
    first = photo("skull_2").load()
    before = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(photo("skull_2").load(), before)


def test_colours_are_rgb_and_upright():
    # A blue sky above, not a red one; the tower's foot is wider than its top.
    image = photo("eiffel_1").load().astype(int)
    red, _, blue = image[: len(image) // 4].reshape(-1, 3).mean(axis=0)
    assert blue > red + 30


def test_groups_come_first_and_in_one_piece():
    order = [one.group for one in photos()]
    assert order[76:] == [None] * 170
    runs = [group for i, group in enumerate(order[:76]) if i == 0 or group != order[i - 1]]
    assert tuple(runs) == groups()


def test_views_of_a_group_share_their_title():
    for group in groups():
        titles = {one.title.rsplit(", view ", 1)[0] for one in photos(group=group)}
        assert len(titles) == 1


def test_filters_combine():
    assert {one.group for one in photos(subset="pair")} == {"farm_nir8", "lakeside2", "umayyad"}
    assert len(photos(group="bananas", subset="group")) == 6
    assert photos(group="bananas", subset="pair") == ()


def test_photos_are_values():
    assert photo("eiffel_0") == photo("eiffel_0")
    assert len(set(photos())) == 246
    with pytest.raises(AttributeError):
        photo("eiffel_0").author = "me"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: photo("eifel_0"),
            r"name: expected the name of a photo \(did you mean 'eiffel_0', 'eiffel_3', "
            r"'eiffel_2'\?\), got 'eifel_0'",
        ),
        (lambda: photo("qqq"), r"name: expected the name of a photo, got 'qqq'"),
        (
            lambda: photos(group="Skull"),
            r"group: expected the name of a group \(did you mean 'skull'\?\), got 'Skull'",
        ),
        (
            lambda: photos(subset="pairs"),
            r"subset: expected one of 'group', 'pair', 'distractor', got 'pairs'",
        ),
    ],
)
def test_unknown_names_offer_close_ones(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_the_class_is_public():
    assert isinstance(photo("eiffel_0"), Photo)
