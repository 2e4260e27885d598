"""The protocol: one for all methods, on any set, with what a row costs and how sure it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from coursekit.comparison.described import Photos, Vectors, describe
from coursekit.comparison.lists import N_FIRST, RankedLists
from coursekit.comparison.methods import Method
from coursekit.comparison.postprocessing import (
    POSTPROCESSING,
    expand,
    learned_whitening,
    pca_whitening,
    reduction,
)
from coursekit.comparison.table import Row
from coursekit.data import Benchmark
from coursekit.retrieval import (
    MeanAveragePrecision,
    bootstrap_interval,
    mean_average_precision,
    rank,
)
from coursekit.types import FloatArray, IntArray
from coursekit.validation import check_integer

__all__ = ["N_CODEBOOKS", "evaluate"]

N_CODEBOOKS: Final = 5
"""How many draws `evaluate` makes, unless told otherwise."""

Report = Callable[[str], None]
Keep = Callable[[RankedLists], None]
_DIGITS: Final = 9  # of scores: vectors that are equal tie, in whatever order a BLAS adds


def evaluate(
    methods: Sequence[Method],
    benchmarks: Mapping[str, Benchmark[Any]],
    *,
    codebooks: int = N_CODEBOOKS,
    report: Report = lambda _: None,
    keep: Keep = lambda _: None,
) -> Iterator[Row]:
    """Evaluate methods on sets: as they are, shortened, whitened, and with expanded queries.

    Codebooks, mixtures, PCA and whitening are learnt on the photos to learn on alone, once for all
    sets that have the same. The matching pairs of learned whitening are such a photo and two
    random views of it. An image that several sets hold is described once.

    What rests on chance is done several times, in *draws*: draw i has the seed i for all that is
    random in a row, such as the start of k-means, the weights of a network that is not trained, or
    the views of learned whitening. What does not is done once.

    Parameters
    ----------
    methods : sequence of Method
        Those of one source share its features.
    benchmarks : mapping from str to Benchmark
        Sets by their names.
    codebooks : int, default 5
        How many draws. With 1, a row does not tell what is owed to chance.
    report : callable, optional
        Is told what is being done.
    keep : callable, optional
        Is given the `RankedLists` of each method and set, its vectors as they are.

    Yields
    ------
    Row
        For each method, one for each of `POSTPROCESSING` and each set. Those of one source come
        together, when all its draws are done.

    Raises
    ------
    TypeError, ValueError
        If `codebooks` is not an integer ≥ 1.
    """
    check_integer(codebooks, "codebooks")
    return _evaluated(methods, benchmarks, codebooks, report, keep)


def _evaluated(
    methods: Sequence[Method],
    benchmarks: Mapping[str, Benchmark[Any]],
    codebooks: int,
    report: Report,
    keep: Keep,
) -> Iterator[Row]:
    for sets in _by_learning(benchmarks):
        report("views, and images that are made when they are first read")
        photos = Photos.of(sets, codebooks)
        for source in dict.fromkeys(method.source for method in methods):
            chosen = [method for method in methods if method.source == source]
            for method, draws in describe(source, chosen, photos, report):
                report(f"rows of {method.name}")
                yield from _rows(method, draws, photos, sets, keep)


def _by_learning(benchmarks: Mapping[str, Benchmark[Any]]) -> list[dict[str, Benchmark[Any]]]:
    """Put sets with the same photos to learn on together."""
    together: dict[tuple[Any, ...], dict[str, Benchmark[Any]]] = {}
    for name, benchmark in benchmarks.items():
        together.setdefault(benchmark.learning, {})[name] = benchmark
    return list(together.values())


def _rows(
    method: Method,
    draws: Sequence[Vectors],
    photos: Photos,
    sets: Mapping[str, Benchmark[Any]],
    keep: Keep,
) -> Iterator[Row]:
    """Measure a method in each draw, and put together what the draws say."""
    at = {image: i for i, image in enumerate(photos.evaluated)}
    precision: dict[tuple[str, str], list[NDArray[np.float64]]] = defaultdict(list)
    first: dict[str, IntArray] = {}
    size: dict[str, int] = {}
    for draw, vectors in enumerate(draws):
        # Without chance the vectors are the same in each draw, but not the views of them.
        again = method.chance or draw == 0
        steps = POSTPROCESSING if again else ("learned whitening",)
        for after, X in _projected(vectors, steps).items():
            size.setdefault(after, X.shape[1])
            for dataset, benchmark in sets.items():
                searched = X[[at[image] for image in benchmark.database]]
                queries = X[[at[image] for image in benchmark.queries]]
                if after == "query expansion":
                    queries = expand(queries, searched, exclude=benchmark.exclude)
                scores = (queries @ searched.T).round(_DIGITS)  # cosines, since all have norm 1
                precision[dataset, after].append(_precision(scores, benchmark))
                if (draw, after) == (0, "none"):
                    first[dataset] = _first(scores, benchmark)
    for dataset, benchmark in sets.items():
        keep(
            RankedLists(dataset, method.name, np.stack(precision[dataset, "none"]), first[dataset])
        )
        for after in POSTPROCESSING:
            per_query = np.stack(precision[dataset, after])  # (M, Q)
            yield _row(dataset, method, after, per_query, benchmark, size[after], draws[0])


def _projected(vectors: Vectors, steps: Sequence[str]) -> dict[str, FloatArray]:
    """Return the evaluated vectors after each step, in float64: no rounding of a BLAS decides."""
    known, seen, V = (
        one.astype(np.float64) for one in (vectors.learning, vectors.views, vectors.evaluated)
    )
    learnt: dict[str, Callable[[], FloatArray]] = {
        "none": lambda: V,
        "PCA": lambda: normalize(reduction(known).transform(V)),
        "PCA whitening": lambda: pca_whitening(known).transform(V),
        "learned whitening": lambda: learned_whitening(known, seen).transform(V),
        "query expansion": lambda: V,
    }
    return {step: learnt[step]() for step in steps}


def _precision(scores: FloatArray, benchmark: Benchmark[Any]) -> NDArray[np.float64]:
    found = mean_average_precision(
        scores, benchmark.positives, junk=benchmark.junk, exclude=benchmark.exclude
    )
    return found.per_query


def _first(scores: FloatArray, benchmark: Benchmark[Any]) -> IntArray:
    """Return where the first photos of each query's list stand, the query itself left out."""
    itself = [None] * len(scores) if benchmark.exclude is None else benchmark.exclude.tolist()
    return np.array([rank(row, exclude=i)[:N_FIRST] for row, i in zip(scores, itself, strict=True)])


def _row(
    dataset: str,
    method: Method,
    after: str,
    precision: NDArray[np.float64],
    benchmark: Benchmark[Any],
    dimension: int,
    drawn: Vectors,
) -> Row:
    """Put a row together from average precisions (M, Q); what it costs is that of one draw."""
    means = np.array([MeanAveragePrecision(one).mean for one in precision])  # (M,)
    low, high = bootstrap_interval(precision, benchmark.group)
    kinds = {
        kind: MeanAveragePrecision(precision[:, benchmark.kind == kind].ravel())
        for kind in dict.fromkeys(benchmark.kind.tolist())
    }
    return Row(
        dataset,
        method.name,
        after,
        len(means),
        round(float(means.mean()), 4),
        round(float(means.std(ddof=1)), 4) if len(means) > 1 else 0.0,
        round(low, 4),
        round(high, 4),
        dimension,
        4 * dimension,
        float(f"{drawn.milliseconds:.2g}"),
        "; ".join(f"{kind} {found.mean:.3f}" for kind, found in kinds.items()),
        drawn.note,
    )
