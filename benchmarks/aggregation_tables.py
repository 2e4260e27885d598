"""Comparisons of Fisher vectors, super-vectors and the search of large codebooks."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import faiss
import numpy as np

from benchmarks import rivals
from benchmarks.tables import Table, data, named
from benchmarks.timing import compare
from coursekit.aggregation import BagOfWords, assign, fisher_vector, supervector
from coursekit.types import FloatArray, IntArray

T, D = 2000, 64
# From a profile of one call, one thread.
WHERE_THE_TIME_GOES = {
    64: "products 43 %, exponentials and their sums 16 %, [x, x²] 6 %; the rest, 1/σ², scaling and"
    " power of the result, does not grow with T",
    256: "products 46 %, exponentials and their sums 18 %, constants 4 %, [x, x²] 3 %; the rest"
    " does not grow with T",
}


def fisher_table(seconds: float, K: int) -> Table:
    """Improved Fisher vector of one image, centred as by a PCA, against its two products alone."""
    descriptors, mixture = _centred_data(T, K)
    contenders: dict[str, Callable[..., FloatArray]] = {
        "coursekit.fisher_vector": fisher_vector,
        "NumPy: squares expanded": rivals.numpy_fisher_vector,
        "scikit-image": rivals.skimage_fisher_vector,
    }
    _agree_on_fisher_vectors(descriptors, mixture)
    z = np.hstack([descriptors, descriptors**2])
    table, shares = z[:K].copy(), np.full((K, T), 1 / K, np.float32)

    def products() -> None:
        z @ table.T
        shares @ z

    calls = {name: partial(encode, descriptors, *mixture) for name, encode in contenders.items()}
    return Table(
        f"Fisher vector of one image: T = {T}, D = {D}, K = {K}, float32",
        named(compare(products, calls, seconds=seconds), "two matrix products alone"),
        descriptors.nbytes,
        at_most={"coursekit.fisher_vector": 2},
        notes={
            "coursekit.fisher_vector": WHERE_THE_TIME_GOES[K],
            "scikit-image": "with the weights, and its variances negated",
        },
    )


def supervector_table(seconds: float) -> Table:
    """Super-vector of one image, hard and soft."""
    K, sigma = 64, 0.2
    descriptors, centroids = data(T, D, K)
    calls: dict[str, Callable[[], Any]] = {}
    for name, width in (("hard", None), ("soft", sigma)):
        ours = partial(supervector, descriptors, centroids, sigma=width)
        theirs = partial(rivals.numpy_supervector, descriptors, centroids, sigma=width)
        np.testing.assert_allclose(ours(), theirs(), atol=1e-4)
        calls |= {f"coursekit.supervector, {name}": ours, f"NumPy: γ in full, {name}": theirs}
    return Table(
        f"Super-vector of one image: T = {T}, D = {D}, K = {K}, float32",
        named(compare(partial(np.matmul, descriptors, centroids.T), calls, seconds=seconds)),
        descriptors.nbytes,
        notes={"coursekit.supervector, soft": "in float64: small masses lose no digits"},
    )


def words_table(seconds: float, K: int, n_probe: int = 16) -> Table:
    """Nearest words in a large codebook: exhaustive, and approximate with a recall."""
    descriptors, words = _large_codebook(K)
    encoder = BagOfWords(centroids=words, n_probe=n_probe).fit([descriptors])
    search = encoder._words(words.dtype)  # the cells are made once, as in an estimator

    def in_cells() -> IntArray:
        found = [search.nearest(block.rows) for block in search.blocks([descriptors])]
        return np.concatenate(found)

    flat, lists = _faiss_indexes(words, n_probe)
    contenders: dict[str, Callable[[], IntArray]] = {
        f"coursekit, n_probe = {n_probe}": in_cells,
        "faiss, exhaustive": lambda: flat.search(descriptors, 1)[1][:, 0],
        f"faiss, inverted lists, nprobe = {n_probe}": lambda: lists.search(descriptors, 1)[1][:, 0],
    }
    exact = partial(assign, descriptors, words)
    nearest = exact()
    recalls = {name: float((find() == nearest).mean()) for name, find in contenders.items()}
    if recalls["faiss, exhaustive"] < 0.999 or min(recalls.values()) < 0.9:
        raise AssertionError(f"contenders do not agree: {recalls}")
    return Table(
        f"Nearest words: T = {T}, D = {descriptors.shape[1]}, K = {K}, float32",
        named(compare(exact, contenders, seconds=seconds), "coursekit.assign, exhaustive"),
        descriptors.nbytes,
        notes={name: f"recall {recall:.3f}" for name, recall in recalls.items()},
    )


def _centred_data(n: int, K: int) -> tuple[FloatArray, tuple[FloatArray, FloatArray, FloatArray]]:
    """Return n descriptors around 0, and a mixture of K Gaussians around some of them."""
    rows, _ = data(n, D, K)
    rows -= rows.mean(axis=0)
    chosen = np.random.default_rng(0).choice(n, K, replace=False)
    variances = np.tile(rows.var(axis=0) / 2, (K, 1)).astype(float)
    return rows, (np.full(K, 1 / K), rows[chosen].astype(float), variances)


def _agree_on_fisher_vectors(
    descriptors: FloatArray, mixture: tuple[FloatArray, FloatArray, FloatArray]
) -> None:
    ours = fisher_vector(descriptors, *mixture)
    np.testing.assert_allclose(ours, rivals.numpy_fisher_vector(descriptors, *mixture), atol=1e-3)
    three = fisher_vector(descriptors, *mixture, gradients=("weights", "means", "variances"))
    theirs = rivals.skimage_fisher_vector(descriptors, *mixture)
    theirs[-mixture[1].size :] *= -1
    np.testing.assert_allclose(three, theirs, atol=1e-3)


def _large_codebook(K: int) -> tuple[FloatArray, FloatArray]:
    """Return T descriptors and K words of 128 dimensions, around K/50 common middles."""
    generator = np.random.default_rng(0)
    middles = generator.gamma(0.5, size=(K // 50, 128))
    chosen = generator.integers(0, len(middles), T + K)
    rows = (middles[chosen] * generator.gamma(4, 0.25, (T + K, 128))).astype(np.float32)
    return rows[:T], rows[T:]


def _faiss_indexes(words: FloatArray, n_probe: int) -> tuple[Any, Any]:
    """Return an exhaustive index and one of ⌊√K⌋ inverted lists."""
    flat = faiss.IndexFlatL2(words.shape[1])
    flat.add(words)
    lists = faiss.IndexIVFFlat(
        faiss.IndexFlatL2(words.shape[1]), words.shape[1], math.isqrt(len(words))
    )
    lists.cp.min_points_per_centroid = 1  # or it warns of few words a list
    lists.train(words)
    lists.add(words)
    lists.nprobe = n_probe
    return flat, lists
