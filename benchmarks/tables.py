"""Comparisons of VLAD and bag of words; contenders are checked to agree first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks import rivals
from benchmarks.timing import Result, compare
from coursekit.aggregation import VLAD, bag_of_words, vlad
from coursekit.types import FloatArray

PRODUCT = "matrix product alone"


@dataclass(frozen=True)
class Table:
    """One comparison: results by contender, for one number of threads."""

    title: str
    results: list[Result]
    unit_bytes: int  # memory is given as a multiple of this
    at_most: Mapping[str, float] = field(default_factory=dict)  # bars on the ratios
    at_least: Mapping[str, float] = field(default_factory=dict)  # bars on their inverses
    memory_at_most: Mapping[str, float] = field(default_factory=dict)  # bars on memory
    notes: Mapping[str, str] = field(default_factory=dict)
    inverse: bool = False  # show how many times faster than the reference


def vlad_table(seconds: float) -> Table:
    """VLAD of one image against the product of its descriptors with the codebook."""
    T, D, K = 2000, 64, 64
    descriptors, centroids = data(T, D, K)
    contenders = {
        "coursekit.vlad": vlad,
        "NumPy: distances, np.add.at": rivals.numpy_vlad,
        "NumPy: distances, one-hot product": rivals.one_hot_vlad,
        "faiss words, np.add.at": rivals.faiss_vlad,
    }
    _agree(contenders, descriptors, centroids, atol=1e-5)
    fisher = "scikit-image Fisher vector"
    calls: dict[str, Callable[[], Any]] = {
        name: partial(encode, descriptors, centroids) for name, encode in contenders.items()
    }
    calls[fisher] = partial(rivals.SkimageFisherVector(descriptors, K), descriptors)
    return Table(
        f"VLAD of one image: T = {T}, D = {D}, K = {K}, float32",
        named(compare(partial(np.matmul, descriptors, centroids.T), calls, seconds=seconds)),
        descriptors.nbytes,
        at_most={"coursekit.vlad": 2.5},
        notes={fisher: "another encoding, of 2·K·D + K dimensions: for the order of magnitude"},
    )


def bag_of_words_table(seconds: float) -> Table:
    """Bag of words of one image with a larger codebook."""
    T, D, K = 2000, 128, 1024
    descriptors, centroids = data(T, D, K)
    contenders = {
        "coursekit.bag_of_words": bag_of_words,
        "NumPy: distances, np.bincount": rivals.numpy_bag_of_words,
        "faiss words, np.bincount": rivals.faiss_bag_of_words,
    }
    _agree(contenders, descriptors, centroids, atol=2.5 / T)  # two descriptors between two words
    calls = {name: partial(encode, descriptors, centroids) for name, encode in contenders.items()}
    return Table(
        f"Bag of words of one image: T = {T}, D = {D}, K = {K}, float32",
        named(compare(partial(np.matmul, descriptors, centroids.T), calls, seconds=seconds)),
        descriptors.nbytes,
        at_most={"coursekit.bag_of_words": 1.5},
    )


def images_table(seconds: float, median_size: int, *, bar_for_jobs: int) -> Table:
    """200 images in one `transform`, against a loop over the plain function.

    Small sets gain from sharing the cost of calls; large ones, whose products fill the time, only
    from a second core. The bar is on the one that is meant to reach it.
    """
    D, K, n_images = 128, 64, 200
    generator = np.random.default_rng(1)
    sizes = (median_size * generator.lognormal(0, 0.6, n_images)).astype(int) + 1
    rows, centroids = data(int(sizes.sum()), D, K)
    images = np.split(rows, np.cumsum(sizes)[:-1])

    def loop() -> FloatArray:
        return np.array([vlad(image, centroids) for image in images])

    encoders = {n: VLAD(centroids=centroids, n_jobs=n).fit(images[:1]) for n in (1, 2)}
    calls = {
        f"one transform, n_jobs={n}": partial(e.transform, images) for n, e in encoders.items()
    }
    for call in calls.values():
        np.testing.assert_allclose(call(), loop(), atol=1e-5)
    return Table(
        f"{n_images} images, median {median_size} descriptors: D = {D}, K = {K}, float32",
        named(compare(loop, calls, seconds=seconds), "loop over coursekit.vlad"),
        rows.nbytes,
        at_least={f"one transform, n_jobs={bar_for_jobs}": 1.5},
        inverse=True,
    )


def data(n: int, D: int, K: int) -> tuple[FloatArray, FloatArray]:
    """Return n descriptors and K centroids of length 1, like SIFT: positive, in soft clusters."""
    generator = np.random.default_rng(0)
    centres = generator.gamma(0.5, size=(K, D))
    rows = centres[generator.integers(0, K, n)] * generator.gamma(2.0, 0.5, size=(n, D))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return rows.astype(np.float32), centres.astype(np.float32)


def _agree(
    contenders: Mapping[str, Callable[..., FloatArray]],
    descriptors: FloatArray,
    centroids: FloatArray,
    *,
    atol: float,
) -> None:
    first, *others = [encode(descriptors, centroids) for encode in contenders.values()]
    for other in others:
        np.testing.assert_allclose(other, first, atol=atol)


def named(results: list[Result], name: str = PRODUCT) -> list[Result]:
    """Give the reference its name."""
    reference, *others = results
    return [Result(name, reference.seconds, reference.ratio, reference.peak_bytes), *others]
