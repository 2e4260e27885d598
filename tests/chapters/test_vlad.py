"""What the chapter *VLAD* prints side by side: by hand, and from coursekit."""

from __future__ import annotations

import numpy as np

from coursekit.aggregation import assign, residual_sums, vlad
from coursekit.exercises import pencil_example


def test_sums_by_hand_are_those_of_coursekit():
    pencil = pencil_example()
    words = assign(pencil.descriptors, pencil.centroids)
    v = np.zeros_like(pencil.centroids)
    for x, k in zip(pencil.descriptors, words, strict=True):
        v[k] += x - pencil.centroids[k]
    assert v.tolist() == [[2, -1], [4, 2]]
    np.testing.assert_array_equal(residual_sums(pencil.descriptors, pencil.centroids), v)
    expected = [0.4, -0.2, 0.8, 0.4]  # divided by the length 5
    np.testing.assert_allclose(vlad(pencil.descriptors, pencil.centroids), expected, rtol=1e-12)
