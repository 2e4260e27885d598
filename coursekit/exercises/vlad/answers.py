"""Right and wrong answers to the exercises of *VLAD*, and the inputs they are tried on.

References are written as the lecture writes them, for one reader at a time, not for speed. Wrong
answers are written as their authors write them, without care for empty words; where one divides
zero by zero, its NaN stands for "anything".
"""

# mypy: disable-error-code="no-any-return"
# (NumPy types sums over unknown dtypes as Any; casts would only clutter what students read)

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from coursekit.exercises.bank import Probe
from coursekit.exercises.pencil import pencil_example
from coursekit.types import FloatArray, IntArray

# --- References -----------------------------------------------------------------------------------


def my_assign(descriptors: FloatArray, centroids: FloatArray) -> IntArray:
    """Index of the nearest centroid, for each descriptor."""
    distances = ((descriptors[:, None] - centroids) ** 2).sum(axis=2)  # (T, K)
    return distances.argmin(axis=1)  # the root would not change which is smallest


def my_residual_sums(descriptors: FloatArray, centroids: FloatArray, words: IntArray) -> FloatArray:
    """Sum of the residuals of each word."""
    sums = np.zeros(centroids.shape)
    for descriptor, k in zip(descriptors, words, strict=True):
        sums[k] += descriptor - centroids[k]
    return sums


def my_vlad(descriptors: FloatArray, centroids: FloatArray) -> FloatArray:
    """VLAD of one image: residual sums, word after word, of length 1."""
    distances = ((descriptors[:, None] - centroids) ** 2).sum(axis=2)  # (T, K)
    words = distances.argmin(axis=1)
    K = len(centroids)
    sums = np.array([(descriptors[words == k] - centroids[k]).sum(axis=0) for k in range(K)])
    vector = sums.ravel()  # (K*D,)
    return vector / max(np.linalg.norm(vector), 1e-12)


def power_normalise(vector: FloatArray) -> FloatArray:
    """Signed square root of each entry, then length 1."""
    rooted = np.sign(vector) * np.sqrt(np.abs(vector))
    return rooted / max(np.linalg.norm(rooted), 1e-12)


def intra_normalise(sums: FloatArray) -> FloatArray:
    """Each word's residual sum of length 1, then the whole vector."""
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)  # (K, 1)
    vector = (sums / np.maximum(lengths, 1e-12)).ravel()
    return vector / max(np.linalg.norm(vector), 1e-12)


# --- Inputs that the functions are tried on, smallest first ---------------------------------------


def bag_probes(rng: np.random.Generator) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Descriptors and centroids: by hand, an empty word, no descriptor at all, random."""
    pencil = pencil_example()
    yield pencil.descriptors[:1], pencil.centroids
    yield pencil.descriptors, pencil.centroids
    yield pencil.descriptors, np.array([[3.0, 7], [0, 1], [6, 2]])  # the second is nobody's word
    yield np.array([[1.0, 1]]), np.array([[4.0, 4], [6, 1]])  # Manhattan would take the second
    yield np.zeros((0, 2)), pencil.centroids
    for T, K, D in [(20, 4, 3), (60, 3, 7)]:
        yield rng.normal(size=(T, D)), rng.normal(size=(K, D))


def assigned_bag_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Bags with the index of the word of each descriptor."""
    for descriptors, centroids in bag_probes(rng):
        yield descriptors, centroids, my_assign(descriptors, centroids)


def vector_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Vectors to be normalised: by hand, with zeros, all zeros, random."""
    yield (np.array([2.0, -1, 4, 2]),)  # the pencil example
    yield (np.array([9.0, 0, -16]),)
    yield (np.zeros(4),)  # an image without descriptors
    yield (rng.normal(size=12),)


def sum_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Residual sums to be normalised: by hand, an empty word, all zeros, random."""
    yield (np.array([[2.0, -1], [4, 2]]),)  # the pencil example
    yield (np.array([[3.0, -4, 0], [0, 0, 0], [1, 2, 2]]),)  # an empty word between two others
    yield (np.zeros((2, 3)),)  # an image without descriptors
    yield (rng.normal(size=(3, 4)),)


# --- Parts of the wrong answers -------------------------------------------------------------------


def unit(vector: FloatArray) -> FloatArray:
    """Divide by the length, which may be zero."""
    return vector / np.linalg.norm(vector)


def _cells(x: FloatArray, c: FloatArray, words: IntArray | None = None) -> list[FloatArray]:
    """Split the descriptors by word."""
    words = my_assign(x, c) if words is None else words
    return [x[words == k] for k in range(len(c))]


def sums_of(x: FloatArray, c: FloatArray) -> FloatArray:
    """Residual sums, the words found first."""
    return my_residual_sums(x, c, my_assign(x, c))


def means(x: FloatArray, c: FloatArray, words: IntArray | None = None) -> FloatArray:
    """Residuals averaged over each cell."""
    return np.array([cell.mean(axis=0) for cell in _cells(x, c, words)]) - c


def totals(x: FloatArray, c: FloatArray, words: IntArray | None = None) -> FloatArray:
    """Descriptors summed over each cell, no centre subtracted."""
    return np.array([cell.sum(axis=0) for cell in _cells(x, c, words)])


def last_only(x: FloatArray, c: FloatArray, words: IntArray) -> FloatArray:
    """Keep one residual per word: each writes over the one before."""
    sums = np.zeros(c.shape)
    for descriptor, k in zip(x, words, strict=True):
        sums[k] = descriptor - c[k]
    return sums


def minus_empty(x: FloatArray, c: FloatArray, words: IntArray) -> FloatArray:
    """Residual sums, but an empty word gets 0 − centre."""
    occurs = np.isin(np.arange(len(c)), words)
    return np.where(occurs[:, None], my_residual_sums(x, c, words), -c)


def farthest(x: FloatArray, c: FloatArray) -> IntArray:
    """Index of the farthest centroid."""
    return np.linalg.norm(x[:, None] - c, axis=2).argmax(axis=1)


def rooted(vector: FloatArray) -> FloatArray:
    """Signed square roots."""
    return np.sign(vector) * np.sqrt(np.abs(vector))
