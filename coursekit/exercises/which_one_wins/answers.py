"""Right answers of the chapter *Which one wins?*, parts of wrong ones, and inputs to try them on.

References are written for one reader at a time, not for speed; none imports the package.
"""

# mypy: disable-error-code="no-any-return"
# (NumPy types sums over unknown dtypes as Any; casts would only clutter what students read)

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from coursekit.exercises.bank import Probe
from coursekit.exercises.vlad.answers import unit
from coursekit.types import FloatArray, IntArray

Order: TypeAlias = Callable[[FloatArray, int], IntArray]  # similarities of a query -> its ranking

# --- References -----------------------------------------------------------------------------------


def my_rank(query: FloatArray, database: FloatArray) -> IntArray:
    """Photos of the database, from the closest to the farthest by cosine."""
    lengths = np.linalg.norm(database, axis=1)  # that of the query changes no order
    cosines = database @ query / (lengths * np.linalg.norm(query))  # (N,)
    return np.argsort(-cosines)


def my_average_precision(ranking: IntArray) -> float:
    """Area under the precision-recall curve of one ranking: 1 right, 0 wrong, -1 junk."""
    kept = ranking[ranking >= 0]
    ranks = np.flatnonzero(kept == 1) + 1  # r_i, counted from 1
    total = 0.0
    for i, rank in enumerate(ranks, start=1):
        before = (i - 1) / (rank - 1) if rank > 1 else 1.0
        total += (before + i / rank) / 2
    return total / len(ranks)


def my_map(similarities: FloatArray, places: IntArray) -> float:
    """Mean average precision, each photo a query and out of its own ranking."""
    precisions = []
    for query, place in enumerate(places):
        order = np.argsort(-similarities[query])
        order = order[order != query]
        right = places[order] == place
        if not right.any():  # nothing to find
            continue
        after = np.cumsum(right) / np.arange(1, len(right) + 1)
        before = np.append(1, after[:-1])
        precisions.append(np.mean((before + after)[right] / 2))
    return np.mean(precisions)


def my_interval(values: FloatArray, groups: IntArray, draws: IntArray) -> FloatArray:
    """Low and high end of the 95 % interval, from groups drawn with replacement."""
    means = [np.concatenate([values[groups == g] for g in drawn]).mean() for drawn in draws]
    return np.quantile(means, [0.025, 0.975])


def my_whiten(
    vector: FloatArray, mean: FloatArray, eigenvectors: FloatArray, eigenvalues: FloatArray
) -> FloatArray:
    """PCA whitening of one vector, to length 1."""
    projected = eigenvectors.T @ (vector - mean)
    whitened = projected / np.sqrt(eigenvalues)
    return whitened / max(float(np.linalg.norm(whitened)), 1e-12)


def my_expand(query: FloatArray, database: FloatArray, n_first: int, alpha: float) -> FloatArray:
    """Query plus its first results, weighted by similarity to the power alpha, of length 1."""
    similarities = database @ query
    expanded = query
    for i in np.argsort(-similarities)[:n_first]:
        if similarities[i] > 0:
            expanded = expanded + similarities[i] ** alpha * database[i]
    return expanded / max(float(np.linalg.norm(expanded)), 1e-12)


def index_bytes(n_images: int, dimension: int, n_bytes: int) -> tuple[int, int]:
    """Bytes of an exact float32 index, and of a product-quantised one with its codebook."""
    exact = 4 * n_images * dimension
    words = n_bytes * 256 * (dimension // n_bytes)  # parts, words of each, numbers of each word
    return exact, n_images * n_bytes + 4 * words


# --- Inputs that the functions are tried on, smallest first ---------------------------------------


def rank_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Query and database without ties; short and long vectors."""
    yield np.array([1.0, 0]), np.array([[5.0, 5], [2, 1], [0, 3]])
    yield np.array([2.0, 1]), np.array([[-4.0, -1], [1, 3], [6, 2], [1, 0]])
    for N, D in [(7, 3), (12, 5)]:
        yield rng.normal(size=D), rng.normal(size=(N, D)) * rng.uniform(0.5, 5, size=(N, 1))


def ranking_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Rankings with a positive: by hand, junk in front, no junk, random."""
    yield (np.array([0, 1]),)
    yield (np.array([1, 0, 1]),)  # the example of `coursekit.retrieval.average_precision`
    yield (np.array([-1, 0, 0, 1, -1, 0, 1, 1, 0]),)
    yield (np.array([1, 0, -1, 1, 0, 1]),)  # that of the exercise by hand
    yield (np.array([0, 0, *rng.permutation([1] * 4 + [0] * 8 + [-1] * 3)]),)


def map_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Similarities in percent, then of unit vectors; the query is not always its own first.

    Some are not symmetric, as where the vectors of the database are compressed.
    """
    table = np.array([[100, 60, 70, 10], [60, 100, 20, 30], [70, 20, 100, 40], [10, 30, 40, 100]])
    yield table, np.array([0, 0, 1, 1])
    yield table, np.array([0, 1, 0, 2])  # two photos have nothing to find
    yield np.array([[90, 95, 20], [95, 90, 30], [20, 30, 90]]), np.array([0, 1, 0])
    yield np.array([[90, 60, 30], [20, 90, 10], [50, 10, 90]]), np.array([0, 1, 0])
    for places, error in (
        ([0, 0, 0, 0, 1, 1, 2, 3], 0.0),
        ([0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 0.3),
    ):
        vectors = rng.normal(size=(len(places), 4))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        stored = vectors + error * rng.normal(size=vectors.shape)
        yield vectors @ stored.T, np.array(places)


def interval_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Average precisions with their groups, of unequal sizes, and the groups that were drawn."""
    values, groups = np.array([1.0, 0, 0, 1]), np.array([0, 0, 0, 1])
    yield values, groups, np.array([[0, 1]])
    yield values, groups, np.array([[1, 1], [0, 1], [0, 0]])
    for sizes, n_draws in [((4, 1, 2), 20), ((1, 6, 3, 2), 50)]:
        groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        draws = rng.integers(len(sizes), size=(n_draws, len(sizes)))
        yield rng.uniform(size=len(groups)), groups, draws


def whiten_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Vectors with mean, orthonormal eigenvectors and eigenvalues; one vector is the mean."""
    turn, values = np.array([[0.0, -1], [1, 0]]), np.array([16.0, 4])
    yield np.array([7.0, 12]), np.array([1.0, 4]), turn, values
    yield np.array([1.0, 4]), np.array([1.0, 4]), turn, values
    for D in (3, 6):
        axes, _ = np.linalg.qr(rng.normal(size=(D, D)))
        yield rng.normal(size=D), rng.normal(size=D), axes, np.sort(rng.uniform(0.1, 9, D))[::-1]


def expand_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Query and database of unit vectors; beyond the fourth result, similarities are negative."""
    east, north, west = [1.0, 0], [0.0, 1], [-1.0, 0]
    yield np.array(east), np.array([west, north]), 2, 0
    yield np.array(east), np.array([west, east]), 1, 1
    for n_first, alpha in [(2, 0), (5, 0), (3, 3), (6, 3), (6, 2)]:
        vectors = rng.normal(size=(7, 4))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        query, database = vectors[0], vectors[1:]
        database *= np.sign(database @ query * [1, 1, 1, 1, -1, -1])[:, None]
        yield query, database, n_first, alpha


def size_probes(rng: np.random.Generator) -> Iterator[Probe]:
    """Numbers of images, dimensions, and bytes a code; the bytes divide the dimension."""
    yield 1, 4, 2
    yield 1000, 512, 16
    n_bytes = int(rng.integers(3, 30))
    yield int(rng.integers(10**4, 10**6)), n_bytes * int(rng.integers(3, 30)), n_bytes


# --- Parts of the wrong answers -------------------------------------------------------------------


def areas(ranks: IntArray) -> FloatArray:
    """Term of each positive in the sum of the trapezoid form."""
    i = np.arange(1, len(ranks) + 1)
    before = np.where(ranks > 1, (i - 1) / np.maximum(ranks - 1, 1), 1.0)
    return (before + i / ranks) / 2


def ranks_of(ranking: IntArray) -> IntArray:
    """Ranks of the positives, from 1, without junk."""
    return np.flatnonzero(ranking[ranking >= 0] == 1) + 1


def from_zero(ranking: IntArray) -> float:
    """Average precision with ranks counted from 0; NaN where that divides by zero."""
    ranks = ranks_of(ranking) - 1
    return areas(ranks).mean() if ranks[0] > 0 else np.nan


def before_is_zero(ranking: IntArray) -> float:
    """Average precision with 0 as the precision before the first rank."""
    ranks = ranks_of(ranking)
    return (areas(ranks).sum() - (ranks[0] == 1) / 2) / len(ranks)


def previous_positive(ranking: IntArray) -> float:
    """Average precision with the precision at the positive before, 1 at first."""
    ranks = ranks_of(ranking)
    after = np.arange(1, len(ranks) + 1) / ranks
    return float(np.mean((np.append(1, after[:-1]) + after) / 2))


def one_for_the_first_positive(ranking: IntArray) -> float:
    """Average precision with 1 before the first positive, whatever its rank."""
    ranks = ranks_of(ranking)
    return (areas(ranks).sum() + (ranks[0] > 1) / 2) / len(ranks)


def closest_first(scores: FloatArray, query: int) -> IntArray:
    """Rank by similarity, the query itself left out."""
    order = np.argsort(-scores)
    return order[order != query]


def query_last(scores: FloatArray, query: int) -> IntArray:
    """Rank by similarity, the query at the end of its own list."""
    return np.append(closest_first(scores, query), query)


def terms(
    similarities: FloatArray, places: IntArray, order: Order = closest_first
) -> list[FloatArray]:
    """Split the sum of each query's average precision into its terms; none: nothing to find."""
    found = [places[order(s, q)] == places[q] for q, s in enumerate(similarities)]
    return [areas(np.flatnonzero(right) + 1) for right in found]


def query_is_wrong(similarities: FloatArray, places: IntArray) -> float:
    """Mean average precision with the query as a wrong photo of its own ranking."""
    precisions = []
    for query, scores in enumerate(similarities):
        order = np.argsort(-scores)
        right = (places[order] == places[query]) & (order != query)
        if right.any():
            precisions.append(areas(np.flatnonzero(right) + 1).mean())
    return np.mean(precisions)


def map_with(similarities: FloatArray, places: IntArray, order: Order) -> float:
    """Mean average precision of other rankings."""
    return np.mean([t.mean() for t in terms(similarities, places, order) if len(t)])


def mean_of_places(similarities: FloatArray, places: IntArray) -> float:
    """Mean over places of the means over their queries."""
    each = terms(similarities, places)
    by_place = [
        [t.mean() for t, place in zip(each, places, strict=True) if place == p and len(t)]
        for p in np.unique(places)
    ]
    return np.mean([np.mean(means) for means in by_place if means])


def quantiles(means: list[float], low: float = 0.025) -> FloatArray:
    """Return the ends of the interval between two quantiles."""
    return np.quantile(means, [low, 1 - low])


def resampled(values: FloatArray, groups: IntArray, draws: IntArray) -> list[float]:
    """Mean over the queries of the drawn groups, for each draw."""
    return [np.concatenate([values[groups == g] for g in drawn]).mean() for drawn in draws]


def gaussian(means: list[float]) -> FloatArray:
    """Interval of 1.96 standard deviations."""
    return np.mean(means) + np.array([-1.96, 1.96]) * np.std(means)


def zero_or_unit(vector: FloatArray) -> FloatArray:
    """Divide by the length; zeros stay."""
    return unit(vector) if vector.any() else vector


def expanded(query: FloatArray, database: FloatArray, n_first: int, alpha: float) -> FloatArray:
    """Query plus its first results of positive similarity, of any length."""
    first, found = _closest(query, database, n_first)
    weights = np.where(found > 0, np.maximum(found, 0) ** alpha, 0)
    return query + weights @ database[first]


def raised(query: FloatArray, database: FloatArray, n_first: int, alpha: int) -> FloatArray:
    """Let negative similarities be raised to the power."""
    first, found = _closest(query, database, n_first)
    return query + found**alpha @ database[first]


def clipped(query: FloatArray, database: FloatArray, n_first: int, alpha: float) -> FloatArray:
    """Clip negative similarities to 0, whose power 0 is 1."""
    first, found = _closest(query, database, n_first)
    return query + np.maximum(found, 0) ** alpha @ database[first]


def first_skipped(
    query: FloatArray, database: FloatArray, n_first: int, alpha: float
) -> FloatArray:
    """Take the first result for the query itself, and add the ones after it."""
    first, _ = _closest(query, database, n_first + 1)
    return expanded(query, database[first[1:]], n_first, alpha)


def multiplied(query: FloatArray, database: FloatArray, n_first: int, alpha: float) -> FloatArray:
    """Weigh by alpha times the similarity."""
    first, found = _closest(query, database, n_first)
    return query + alpha * np.maximum(found, 0) @ database[first]


def least_similar(
    query: FloatArray, database: FloatArray, n_first: int, alpha: float
) -> FloatArray:
    """Add the last results, those of positive similarity."""
    last = np.argsort(database @ query)[:n_first]
    return expanded(query, database[last], len(last), alpha)


def _closest(query: FloatArray, database: FloatArray, n_first: int) -> tuple[IntArray, FloatArray]:
    """First results, and their similarities."""
    similarities = database @ query
    first = np.argsort(-similarities)[:n_first]
    return first, similarities[first]
