"""The exact kernel of two patches that a one-layer convolutional kernel network approximates.

The definition with loops over pairs of places; imports nothing of coursekit.
"""

from __future__ import annotations

import math

import numpy as np


def slow_ckn_kernel(one, other, size, subsampling, alpha, *, raw):
    """Sum over cells and pairs of places: pooling weights times the kernel of the sub-patches."""
    first, second = slow_sub_patches(one, size, raw=raw), slow_sub_patches(other, size, raw=raw)
    n = len(one) - size + 1
    total = 0.0
    for row in range(max(1, n // subsampling)):
        for column in range(max(1, n // subsampling)):
            for (i, j), x in first.items():
                for (k, l_), y in second.items():
                    weight = (
                        slow_weight(i, row, n, subsampling)
                        * slow_weight(j, column, n, subsampling)
                        * slow_weight(k, row, n, subsampling)
                        * slow_weight(l_, column, n, subsampling)
                    )
                    total += weight * slow_kernel(x, y, alpha)
    return total


def slow_kernel(x, y, alpha):
    lengths = math.sqrt(sum(a * a for a in x)) * math.sqrt(sum(b * b for b in y))
    if lengths == 0:
        return 0.0
    cosine = sum(a * b for a, b in zip(x, y, strict=True)) / lengths
    return lengths * math.exp(alpha * (cosine - 1))


def slow_weight(place, cell, n, subsampling):
    """Gaussian weight of a place in a cell of the grid that is centred on the map."""
    n_cells = max(1, n // subsampling)
    centre = (n - 1) / 2 + subsampling * (cell - (n_cells - 1) / 2)

    def gaussian(i):
        return math.exp(-(((i - centre) / subsampling) ** 2))

    return gaussian(place) / sum(gaussian(i) for i in range(n))


def slow_sub_patches(patch, size, *, raw):
    """List the sub-patches, as flat vectors, by the place (row, column) of their first pixel."""
    n = len(patch) - size + 1
    found = {}
    for row in range(n):
        for column in range(n):
            vector: list[float] = []
            for u in range(row, row + size):
                for v in range(column, column + size):
                    vector += [patch[u][v]] if raw else slow_gradient(patch, u, v)
            if raw:
                mean = sum(vector) / len(vector)
                vector = [value - mean for value in vector]
            found[row, column] = vector
    return found


def slow_gradient(patch, row, column):
    """Return central differences along x and y; one-sided ones at the border."""
    last = len(patch) - 1
    left, right = max(column - 1, 0), min(column + 1, last)
    above, below = max(row - 1, 0), min(row + 1, last)
    dx = (patch[row][right] - patch[row][left]) / (right - left)
    dy = (patch[below][column] - patch[above][column]) / (below - above)
    return [dx, dy]


def slow_patch(grey, x, y, scale, angle, side):
    """Resample one patch with linear interpolation; the image goes on with its outermost pixels."""
    grey = np.asarray(grey, dtype=float)
    patch = np.zeros((side, side))
    for i in range(side):
        for j in range(side):
            u, v = (j + 0.5) / side - 0.5, (i + 0.5) / side - 0.5
            column = x + scale * (u * math.cos(angle) - v * math.sin(angle))
            row = y + scale * (u * math.sin(angle) + v * math.cos(angle))
            column = min(max(column, 0), grey.shape[1] - 1)
            row = min(max(row, 0), grey.shape[0] - 1)
            above, left = min(int(row), grey.shape[0] - 2), min(int(column), grey.shape[1] - 2)
            down, right = row - above, column - left
            patch[i, j] = (
                grey[above, left] * (1 - down) * (1 - right)
                + grey[above, left + 1] * (1 - down) * right
                + grey[above + 1, left] * down * (1 - right)
                + grey[above + 1, left + 1] * down * right
            )
    return patch
