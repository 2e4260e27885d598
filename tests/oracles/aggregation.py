"""The definitions of the encoders read aloud, with loops and in float64: slow and independent."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def slow_nearest(x, centroids):
    """Return the index of the nearest centroid, of equals the first."""
    best, best_square = -1, math.inf
    for k, mu in enumerate(centroids):
        square = sum((float(a) - float(b)) ** 2 for a, b in zip(x, mu, strict=True))
        if square < best_square:
            best, best_square = k, square
    return best


def slow_lloyd(points, centroids, n_iterations):
    """Lloyd's iterations in fractions: nothing is rounded."""
    centroids = [[Fraction(value) for value in row] for row in centroids]
    for _ in range(n_iterations):
        cells: list[list[list[int]]] = [[] for _ in centroids]
        for x in points:
            squares = [sum((a - b) ** 2 for a, b in zip(x, mu, strict=True)) for mu in centroids]
            cells[squares.index(min(squares))].append(x)
        centroids = [
            [Fraction(sum(column), len(cell)) for column in zip(*cell, strict=True)]
            for cell in cells
        ]
    return [[float(value) for value in row] for row in centroids]


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


def slow_supervector(descriptors, centroids, s=1e-3, sigma=None, norm=True):
    """Per word the root of its share of the descriptors, then their residuals over that root."""
    T, K = len(descriptors), len(centroids)
    gammas = []  # one row per descriptor
    for x in descriptors:
        gamma = [0.0] * K
        if sigma is None:
            gamma[slow_nearest(x, centroids)] = 1.0
        else:
            squares = [slow_length(np.subtract(x, mu, dtype=float)) ** 2 for mu in centroids]
            votes = [math.exp((min(squares) - square) / (2 * sigma**2)) for square in squares]
            gamma = [vote / sum(votes) for vote in votes]
        gammas.append(gamma)
    vector = []
    for k, mu in enumerate(centroids):
        p = sum(gamma[k] for gamma in gammas) / T if T else 0.0
        vector.append(s * math.sqrt(p))
        for d in range(len(mu)):
            pairs = zip(gammas, descriptors, strict=True)
            total = sum(gamma[k] * (float(x[d]) - float(mu[d])) for gamma, x in pairs)
            vector.append(total / (T * math.sqrt(p)) if p > 0 else 0.0)
    length = slow_length(vector)
    return np.array([z / length for z in vector] if norm and length > 0 else vector)


def slow_log_joint(x, weights, means, variances):
    """Return log w_k u_k(x) of each component k."""
    logs = []
    for w, mu, var in zip(weights, means, variances, strict=True):
        log = math.log(w)
        for value, m, v in zip(x, mu, var, strict=True):
            log -= (math.log(2 * math.pi * v) + (float(value) - float(m)) ** 2 / v) / 2
        logs.append(log)
    return logs


def slow_log_likelihood(descriptors, weights, means, variances):
    """Average over the descriptors of log u(x)."""
    total = 0.0
    for x in descriptors:
        logs = slow_log_joint(x, weights, means, variances)
        total += max(logs) + math.log(sum(math.exp(log - max(logs)) for log in logs))
    return total / len(descriptors)


def slow_posteriors(x, weights, means, variances):
    logs = slow_log_joint(x, weights, means, variances)
    votes = [math.exp(log - max(logs)) for log in logs]
    return [vote / sum(votes) for vote in votes]


def slow_fisher_vector(
    descriptors,
    weights,
    means,
    variances,
    gradients=("means", "variances"),
    power=0.5,
    norm=True,
    min_posterior=0.0,
):
    """Slide S20: the three statistics, component by component, then power and length."""
    weights, means, variances = (np.asarray(a, float).tolist() for a in (weights, means, variances))
    T, K, D = len(descriptors), len(means), len(means[0])
    gammas = [slow_posteriors(x, weights, means, variances) for x in descriptors]
    gammas = [[g if g >= min_posterior else 0.0 for g in gamma] for gamma in gammas]
    phi_w = [-w / math.sqrt(w) if T else 0.0 for w in weights]
    phi_mu, phi_sigma = np.zeros((K, D)), np.zeros((K, D))
    for gamma, x in zip(gammas, descriptors, strict=True):
        for k in range(K):
            phi_w[k] += gamma[k] / T / math.sqrt(weights[k])
            for d in range(D):
                z = (float(x[d]) - means[k][d]) / math.sqrt(variances[k][d])
                phi_mu[k, d] += gamma[k] * z / (T * math.sqrt(weights[k]))
                phi_sigma[k, d] += gamma[k] * (z * z - 1) / (T * math.sqrt(2 * weights[k]))
    vector = phi_w if "weights" in gradients else []
    vector = [*vector, *(phi_mu.ravel().tolist() if "means" in gradients else [])]
    vector = [*vector, *(phi_sigma.ravel().tolist() if "variances" in gradients else [])]
    vector = [math.copysign(abs(z) ** power, z) for z in vector]
    length = slow_length(vector)
    return np.array([z / length for z in vector] if norm and length > 0 else vector)


def slow_pyramid_cells(positions, image_shape, levels):
    """Return, for each cell of each level, the indices of the positions inside it."""
    height, width = image_shape
    cells = []
    for level in range(levels):
        n = 2**level
        for row in range(n):
            for column in range(n):
                members = []
                for t, (x, y) in enumerate(positions):
                    i = min(max(math.floor(float(y) * n / height), 0), n - 1)
                    j = min(max(math.floor(float(x) * n / width), 0), n - 1)
                    if (i, j) == (row, column):
                        members.append(t)
                cells.append(members)
    return cells


def slow_idf(images, centroids, n_assign=1):
    """Logarithm of the number of images over that of the images with a vote for the word."""
    idf = []
    for k in range(len(centroids)):
        n_images = 0
        for descriptors in images:
            votes = slow_bag_of_words(descriptors, centroids, n_assign=n_assign, norm=None)
            n_images += votes[k] > 0
        idf.append(math.log(len(images) / (n_images if n_images > 0 else 1)))
    return idf


def slow_tf_idf(descriptors, centroids, idf, norm="l1", **options):
    """Histogram, times the weights of its words, then the norm."""
    counts = slow_bag_of_words(descriptors, centroids, norm=None, **options)
    histogram = [count * weight for count, weight in zip(counts, idf, strict=True)]
    size = {"l1": sum(histogram), "l2": slow_length(histogram), None: 1.0}[norm]
    return np.array([count / size if size > 0 else 0.0 for count in histogram])
