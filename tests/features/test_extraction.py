"""Many images at once give what one at a time gives."""

from __future__ import annotations

from functools import partial
from threading import Barrier

import numpy as np
import pytest

from coursekit.data import photos
from coursekit.features import extract, sift
from coursekit.types import Image, Loadable, LocalFeatures

FEW = partial(sift, n_features=30)


def test_any_number_of_jobs_gives_the_same_in_order():
    bags = photos(group="eiffel")
    alone = [FEW(one.load()) for one in bags]
    for n_jobs in (None, 1, 3):
        together = extract(bags, FEW, n_jobs=n_jobs)
        for got, expected in zip(together, alone, strict=True):
            assert got.descriptors.tobytes() == expected.descriptors.tobytes()
            assert got.image_shape == expected.image_shape


def test_as_many_images_are_worked_on_at_a_time_as_jobs():
    meeting = Barrier(2, timeout=20)  # nobody passes until two are there

    def meet(image: Image) -> LocalFeatures:
        meeting.wait()
        return FEW(image)

    blank = np.zeros((8, 8, 3), np.uint8)
    assert len(extract([blank] * 4, meet, n_jobs=2)) == 4


def test_images_and_photos_may_be_mixed_in_any_iterable():
    tower = photos(group="eiffel")[0]
    either: list[Image | Loadable] = [tower, tower.load()]
    from_photo, from_image = extract(iter(either), FEW)
    np.testing.assert_array_equal(from_photo.descriptors, from_image.descriptors)


def test_no_image_gives_an_empty_list():
    assert extract([], sift) == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_names_the_image_and_keeps_its_cause(n_jobs):
    good = np.zeros((8, 8, 3), np.uint8)
    message = r"^images\[1\]: image: expected shape \(H, W, 3\), got \(8, 8\)$"
    with pytest.raises(ValueError, match=message) as caught:
        extract([good, good[:, :, 0]], sift, n_jobs=n_jobs)
    assert caught.value.__cause__ is not None  # with several jobs, joblib puts its own there


def test_other_errors_of_an_extractor_pass_through():
    def broken(image: Image) -> LocalFeatures:
        raise RuntimeError("out of film")

    with pytest.raises(RuntimeError, match=r"^out of film$"):
        extract([np.zeros((8, 8, 3), np.uint8)], broken)
