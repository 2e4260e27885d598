"""The photographs of scikit-learn: credited as its notice says, read in our size."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from coursekit.data import wheel_photos


def test_they_load_as_rgb_of_our_size():
    for one in wheel_photos():
        image = one.load()
        assert image.shape == (320, 480, 3)
        assert image.dtype == np.uint8
        image[:] = 0  # a copy of one's own
        assert one.load().std() > 5


def test_they_are_the_photos_that_they_say():
    china, flower = (one.load() for one in wheel_photos())
    red, _, blue = china[:60].reshape(-1, 3).mean(axis=0)
    assert blue > red + 5  # the sky
    red, _, blue = flower[100:220, 180:300].reshape(-1, 3).mean(axis=0)
    assert red > 2 * blue  # the blossom


def test_credits_are_those_of_scikit_learns_notice():
    notice = (files("sklearn.datasets") / "images" / "README.txt").read_text()
    for one in wheel_photos():
        assert one.source_page.removesuffix("/") in notice
        assert one.author.removesuffix(" (Flickr)") in one.source_page
        assert "licenses/by/2.0/" in notice
        assert one.licence == "CC BY 2.0"
