"""Five descriptors and two words, small enough for a pencil: the running example of part A.

The text, the figures, the code and the exercises of every chapter on aggregation use these
numbers; they stand here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coursekit.types import FloatArray


@dataclass(frozen=True, eq=False)
class Pencil:
    """The pencil-sized example.

    Parameters
    ----------
    descriptors : (5, 2) float64
        Integers without ties; they belong to the words 1, 2, 1, 2, 2, counted from 1.
    centroids : (2, 2) float64
        The two words. Neither is the mean of its descriptors.
    mirrored : (5, 2) float64
        A second bag: each descriptor reflected through the centre of its word. It stays in its
        cell, so the histogram is the same; every residual changes sign, so VLAD is opposite.
    practice : (5, 2) float64
        A third bag, left to the reader: no text computes it. Integers without ties, of the words
        2, 1, 2, 2, 1.
    """

    descriptors: FloatArray
    centroids: FloatArray
    mirrored: FloatArray
    practice: FloatArray


def pencil_example() -> Pencil:
    r"""Return the pencil-sized example, as fresh arrays.

    The histogram is (2, 3). The residual sums are :math:`v_1 = (2, -1)` and :math:`v_2 = (4, 2)`;
    every step after them stays simple: :math:`\lVert V \rVert_2 = 5`, the signed square roots have
    norm 3, and :math:`\lVert v_2 \rVert = 2 \lVert v_1 \rVert = 2\sqrt 5`.

    The bag `practice` has the same histogram, the residual sums :math:`(-2, 2)` and
    :math:`(1, 4)`, and again the norm 5. Two of its descriptors have their largest dot product with
    the wrong word, and no other misassignment gives the same sums.

    Returns
    -------
    Pencil

    References
    ----------
    Slides S10 to S13 (the algorithm) and S24 (at the board).

    Examples
    --------
    >>> pencil = pencil_example()
    >>> pencil.descriptors.tolist()
    [[6.0, 8.0], [4.0, 3.0], [2.0, 5.0], [9.0, 1.0], [9.0, 4.0]]
    >>> pencil.centroids.tolist()
    [[3.0, 7.0], [6.0, 2.0]]
    """
    return Pencil(
        descriptors=np.array([[6.0, 8], [4, 3], [2, 5], [9, 1], [9, 4]]),
        centroids=np.array([[3.0, 7], [6, 2]]),
        mirrored=np.array([[0.0, 6], [8, 1], [4, 9], [3, 3], [3, 0]]),
        practice=np.array([[2.0, 2], [0, 8], [8, 6], [9, 2], [4, 8]]),
    )
