"""Multi-scale orderless pooling read aloud from the paper, for one image, with explicit loops.

It imports nothing of coursekit. What was learnt (means and axes of a PCA, words) is handed over.
"""

from __future__ import annotations

import math

import numpy as np


def slow_patches(h, w, size, stride):
    """The authors' script: every `stride` pixels, and the last place where a patch fits."""
    corners = []
    for top in range(h - size + 1):
        for left in range(w - size + 1):
            row = top % stride == 0 or top == h - size
            column = left % stride == 0 or left == w - size
            if row and column:
                corners.append((top, left))
    return corners


def slow_project(x, mean, axes):
    """The coordinates of one vector on the axes of a PCA."""
    return [sum(a * (v - m) for a, v, m in zip(axis, x, mean, strict=True)) for axis in axes]


def slow_vlad(points, words, power):
    """Residuals to the nearest word, signed power; not yet of length 1."""
    sums = [[0.0] * len(word) for word in words]
    for x in points:
        distances = [sum((a - b) ** 2 for a, b in zip(x, word, strict=True)) for word in words]
        k = distances.index(min(distances))
        for d, (a, b) in enumerate(zip(x, words[k], strict=True)):
            sums[k][d] += a - b
    return [math.copysign(abs(v) ** power, v) for row in sums for v in row]


def slow_unit(v):
    """Length 1, or zeros."""
    length = math.sqrt(sum(a * a for a in v))
    return [a / length if length else 0.0 for a in v]


def slow_mop(image, learnt, power=0.5):
    """Gong 2014: the whole, then per level PCA, VLAD and PCA, each to length 1, one by one.

    `learnt` holds, per level from the second, (mean, axes) or None, the words, and again (mean,
    axes) or None.
    """
    whole, *levels = image
    vector = slow_unit(whole[0])
    for patches, (before, words, after) in zip(levels, learnt, strict=True):
        if before is not None:
            patches = [slow_project(x, *before) for x in patches]
        # VLAD brings its vector to length 1, before the second PCA as the authors do.
        pooled = slow_unit(slow_vlad(patches, words, power))
        if after is not None:
            pooled = slow_project(pooled, *after)
        vector = vector + (slow_unit(pooled) if len(patches) else [0.0] * len(pooled))
    return np.array(vector)
