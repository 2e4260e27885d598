"""The definitions of the encoders read aloud, with loops and in float64: slow and independent."""

from __future__ import annotations

import math

import numpy as np


def slow_nearest(x, centroids):
    """Return the index of the nearest centroid, of equals the first."""
    best, best_square = -1, math.inf
    for k, mu in enumerate(centroids):
        square = sum((float(a) - float(b)) ** 2 for a, b in zip(x, mu, strict=True))
        if square < best_square:
            best, best_square = k, square
    return best


def slow_assign(descriptors, centroids):
    return [slow_nearest(x, centroids) for x in descriptors]


def slow_residual_sums(descriptors, centroids):
    """Equation (2, 3) of slide S13: per word, the sum of the differences to it."""
    sums = np.zeros(np.shape(centroids))
    for x in descriptors:
        k = slow_nearest(x, centroids)
        for d in range(len(x)):
            sums[k, d] += float(x[d]) - float(centroids[k][d])
    return sums


def slow_length(values):
    return math.sqrt(sum(float(value) ** 2 for value in values))


def slow_vlad(descriptors, centroids, power=1.0, intra_norm=False, norm=True):
    """Residual sums, signed power, length per word, length in all, word after word."""
    vector = []
    for v in slow_residual_sums(descriptors, centroids):
        word = [math.copysign(abs(z) ** power, z) for z in v]
        length = slow_length(word)
        if intra_norm and length > 0:
            word = [z / length for z in word]
        vector.extend(word)
    length = slow_length(vector)
    return np.array([z / length for z in vector] if norm and length > 0 else vector)


def slow_bag_of_words(descriptors, centroids, assignment="hard", n_assign=1, sigma=None, norm="l1"):
    """Votes of each descriptor for its nearest words: 1 each, or 1 shared out by distance."""
    K = len(centroids)
    histogram = [0.0] * K
    for x in descriptors:
        squares = [slow_length(np.subtract(x, mu, dtype=float)) ** 2 for mu in centroids]
        nearest = sorted(range(K), key=lambda k: (squares[k], k))[: n_assign or K]
        votes = [1.0] * len(nearest)
        if assignment == "soft":
            votes = [math.exp(-squares[k] / (2 * sigma**2)) for k in nearest]
            votes = [vote / sum(votes) for vote in votes]
        for k, vote in zip(nearest, votes, strict=True):
            histogram[k] += vote
    size = {"l1": sum(histogram), "l2": slow_length(histogram), None: 1.0}[norm]
    return np.array([count / size if size > 0 else 0.0 for count in histogram])
