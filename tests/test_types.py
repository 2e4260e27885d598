"""The container of local features refuses arrays that do not describe the same patches."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.types import LocalFeatures


def features(n=3, **changes):
    arrays = {
        "descriptors": np.ones((n, 4), np.float32),
        "positions": np.zeros((n, 2)),
        "scales": np.ones(n),
        "image_shape": (6, 8),
    }
    return LocalFeatures(**(arrays | changes))


def test_length_is_the_number_of_patches():
    assert [len(features(n)) for n in (0, 3)] == [0, 3]


def test_new_descriptors_keep_their_places():
    before = features()
    after = before.with_descriptors(np.zeros((3, 2)))
    assert after.descriptors.shape == (3, 2)
    assert after.positions is before.positions


def test_angles_are_optional_and_kept():
    assert features().angles is None
    angles = np.zeros(3)
    assert features(angles=angles).with_descriptors(np.zeros((3, 2))).angles is angles


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"descriptors": np.ones(3)}, r"^descriptors: expected shape \(T, D\), got \(3,\)$"),
        ({"positions": np.ones((2, 2))}, r"^positions: expected shape \(3, 2\), got \(2, 2\)$"),
        ({"scales": np.ones((3, 1))}, r"^scales: expected shape \(3,\), got \(3, 1\)$"),
        ({"angles": np.ones((3, 1))}, r"^angles: expected shape \(3,\), got \(3, 1\)$"),
        ({"image_shape": (0, 8)}, r"^image_shape: expected \(H, W\) ≥ \(1, 1\), got \(0, 8\)$"),
        ({"image_shape": (6, 8, 3)}, r"^image_shape: expected \(H, W\) ≥ .*got \(6, 8, 3\)$"),
    ],
)
def test_arrays_that_disagree_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        features(**changes)


def test_new_descriptors_must_fit():
    with pytest.raises(ValueError, match=r"^positions: expected shape \(2, 2\), got \(3, 2\)$"):
        features().with_descriptors(np.zeros((2, 4)))
