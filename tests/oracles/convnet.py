"""The layers of a convolutional network read aloud, with loops.

Imports nothing of coursekit.
"""

from __future__ import annotations

import math

import numpy as np


def slow_fully_connected(x, weight, bias):
    flat = [float(value) for value in np.asarray(x).flat]
    return [
        sum(w * value for w, value in zip(row, flat, strict=True)) + b
        for row, b in zip(weight, bias, strict=True)
    ]


def slow_conv2d(x, weight, bias, stride, padding):
    """Convolve (C, H, W) maps; `stride` and `padding` are (vertical, horizontal)."""
    C, H, W = x.shape
    F, _, height, width = weight.shape
    n_rows, n_columns = slow_sizes((H, W), (height, width), stride, padding)
    y = np.zeros((F, n_rows, n_columns))
    for f in range(F):
        for i in range(n_rows):
            for j in range(n_columns):
                y[f, i, j] = bias[f]
                for c in range(C):
                    for u in range(height):
                        for v in range(width):
                            row = i * stride[0] + u - padding[0]
                            column = j * stride[1] + v - padding[1]
                            if 0 <= row < H and 0 <= column < W:
                                y[f, i, j] += weight[f, c, u, v] * x[c, row, column]
    return y


def slow_pool2d(x, size, stride, padding, *, average):
    """Pool (C, H, W) maps; all sizes are (vertical, horizontal)."""
    C, H, W = x.shape
    n_rows, n_columns = slow_sizes((H, W), size, stride, padding)
    y = np.zeros((C, n_rows, n_columns))
    for c in range(C):
        for i in range(n_rows):
            for j in range(n_columns):
                seen = []
                for u in range(size[0]):
                    for v in range(size[1]):
                        row = i * stride[0] + u - padding[0]
                        column = j * stride[1] + v - padding[1]
                        if 0 <= row < H and 0 <= column < W:
                            seen.append(x[c, row, column])
                y[c, i, j] = sum(seen) / (size[0] * size[1]) if average else max(seen)
    return y


def slow_sizes(map_size, size, stride, padding):
    """Push the window along each side and count how often it still fits."""
    counts = []
    for n, k, s, p in zip(map_size, size, stride, padding, strict=True):
        count, start = 0, -p
        while start + k <= n + p:
            count, start = count + 1, start + s
        counts.append(count)
    return counts


def slow_receptive_field(layers, n):
    """Follow single pixels through a chain of (size, stride, padding) on one side of n pixels.

    Returns, for each output, the first and last pixel it depends on: positions on the padding
    count as pixels outside the image, so the chain is walked backwards with exact integers.
    """
    lengths = [n]
    for k, s, p in layers:
        lengths.append(math.floor((lengths[-1] + 2 * p - k) / s) + 1)
    fields = []
    for output in range(lengths[-1]):
        low = high = output
        for k, s, p in reversed(layers):
            low, high = low * s - p, high * s - p + k - 1
        fields.append((low, high))
    return fields
