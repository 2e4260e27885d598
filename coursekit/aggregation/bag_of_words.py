"""Bag of words: the histogram of visual words (*sac de mots visuels*).

Slides S07–S09; Sivic & Zisserman, ICCV 2003; Csurka et al., ECCV workshop 2004.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray
from coursekit.validation import check_choice

from .codebook import prepare, refuse_non_finite

Norm = Literal["l1", "l2"] | None


def bag_of_words(
    descriptors: ArrayLike, centroids: ArrayLike, *, norm: Norm = "l1"
) -> FloatArray:
    check_choice(norm, "norm", ("l1", "l2", None))
    points, words = prepare(descriptors, centroids)
    with refuse_non_finite([("descriptors", points)]):
        nearest = words.nearest(points.astype(words.dtype, copy=False))
    counts = np.bincount(nearest, minlength=words.K).astype(points.dtype)
    if norm is not None:
        counts /= max(np.linalg.norm(counts, ord=1 if norm == "l1" else 2), 1)
    return counts
