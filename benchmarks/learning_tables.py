"""Comparisons of what is learnt: codebooks by k-means, mixtures by EM, each to the same result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from benchmarks import rivals
from benchmarks.tables import Table, data, named
from benchmarks.timing import compare
from coursekit.aggregation import gaussian_mixture, kmeans
from coursekit.types import FloatArray

SAME_DISTORTION: Final = 0.005  # within which two codebooks count as equally good
SAME_LIKELIHOOD: Final = 0.01  # per descriptor: how far a mixture may stay below


def iterations_table(seconds: float, N: int, D: int, K: int, *, peer: str, bar: float) -> Table:
    """Compare Lloyd's iterations with a peer's, from the same centroids, on all descriptors."""
    n_iterations = 10
    points, _ = data(N, D, K)
    start = points[np.random.default_rng(1).choice(N, K, replace=False)]
    theirs = {"faiss": rivals.faiss_kmeans, "scikit-learn": rivals.sklearn_kmeans}[peer]
    reference = partial(theirs, points, start, n_iterations)
    ours = partial(kmeans, points, K, init=start, max_iter=n_iterations)
    loss, peers_loss = (distortion(points, learn()) for learn in (ours, reference))
    np.testing.assert_allclose(loss, peers_loss, rtol=SAME_DISTORTION)
    return Table(
        f"k-means, {n_iterations} iterations against {peer}: N = {N}, D = {D}, K = {K}, float32",
        named(compare(reference, {"coursekit.kmeans": ours}, seconds=seconds), peer),
        points.nbytes,
        at_most={"coursekit.kmeans": bar},
        memory_at_most={"coursekit.kmeans": 1.0},
        notes={"coursekit.kmeans": f"distortion {loss / peers_loss:.4f} of {peer}'s"},
    )


def codebook_table(seconds: float, N: int, D: int, K: int, n_seeds: int = 3) -> Table:
    """Compare the whole of k-means, start and end as it chooses, with scikit-learn's default."""
    points, _ = data(N, D, K)
    learners: tuple[Callable[[int], FloatArray], ...] = (
        lambda seed: kmeans(points, K, random_state=seed),
        lambda seed: rivals.sklearn_codebook(points, K, seed),
    )
    ours, theirs = (
        np.mean([distortion(points, learn(seed)) for seed in range(n_seeds)]) for learn in learners
    )
    np.testing.assert_allclose(ours, theirs, rtol=SAME_DISTORTION)

    def over_seeds(learn: Callable[[int], FloatArray]) -> None:
        for seed in range(n_seeds):
            learn(seed)

    reference, call = (partial(over_seeds, learn) for learn in (learners[1], learners[0]))
    return Table(
        f"A codebook from start to end, {n_seeds} seeds: N = {N}, D = {D}, K = {K}, float32",
        named(compare(reference, {"coursekit.kmeans": call}, seconds=seconds), "scikit-learn"),
        points.nbytes,
        at_most={"coursekit.kmeans": 0.5},
        notes={"coursekit.kmeans": f"distortion {ours / theirs:.4f} of scikit-learn's"},
    )


def mixture_table(seconds: float) -> Table:
    """Compare a mixture from start to end with scikit-learn's, on centred descriptors."""
    N, D, K = 20_000, 64, 64
    points, _ = data(N, D, K)
    points -= points.mean(axis=0)
    precise = points.astype(np.float64)
    reference = partial(rivals.sklearn_whole_mixture, precise, K)
    ours = partial(gaussian_mixture, points, K, variance_floor=1e-9)  # the peer has none
    scores = [rivals.log_likelihood(precise, *learn()) for learn in (ours, reference)]
    if scores[0] < scores[1] - SAME_LIKELIHOOD:
        raise AssertionError(f"log-likelihoods: expected one as good as the peer's, got {scores}")
    return Table(
        f"Mixture of Gaussians from start to end: N = {N}, D = {D}, K = {K}",
        named(
            compare(reference, {"coursekit.gaussian_mixture": ours}, seconds=seconds),
            "scikit-learn",
        ),
        points.nbytes,
        at_most={"coursekit.gaussian_mixture": 0.6},
        notes={
            "coursekit.gaussian_mixture": f"log-likelihood per descriptor {scores[0]:.3f}",
            "scikit-learn": f"log-likelihood per descriptor {scores[1]:.3f}",
        },
    )


def distortion(points: FloatArray, centroids: FloatArray) -> float:
    """Return the sum of squared distances to the nearest centroid, a few points at a time."""
    total = 0.0
    for rows in np.array_split(points, len(points) // 4096 + 1):
        words = rivals.numpy_words(rows, centroids)
        total += float(np.square(rows - centroids[words]).sum(dtype=np.float64))
    return total
