"""The protocol: one for all methods, on any set, with what a row costs and how sure it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize

from coursekit.comparison.lists import N_FIRST, RankedLists
from coursekit.comparison.methods import Method
from coursekit.comparison.postprocessing import (
    expand,
    learned_whitening,
    make_views,
    pca_whitening,
    reduction,
)
from coursekit.comparison.sources import SOURCES, Source
from coursekit.comparison.table import Row
from coursekit.data import Benchmark
from coursekit.retrieval import bootstrap_interval, mean_average_precision, rank
from coursekit.types import FloatArray, Image, IntArray

__all__ = ["evaluate"]

T = TypeVar("T")
Report = Callable[[str], None]
Keep = Callable[[RankedLists], None]
_AT_ONCE: Final = (
    128  # images whose features are held: 300 MB, of 1000 descriptors of 576 numbers each
)


def evaluate(
    methods: Sequence[Method],
    benchmarks: Mapping[str, Benchmark[Any]],
    *,
    report: Report = lambda _: None,
    keep: Keep = lambda _: None,
) -> Iterator[Row]:
    """Evaluate methods on sets: as they are, shortened, whitened, and with expanded queries.

    Codebooks, mixtures, PCA and whitening are learnt on the photos to learn on alone, once for all
    sets that have the same. The matching pairs of learned whitening are such a photo and two
    random views of it. An image that several sets hold is described once.

    Parameters
    ----------
    methods : sequence of Method
        Those of one source share its features.
    benchmarks : mapping from str to Benchmark
        Sets by their names.
    report : callable, optional
        Is told what is being done.
    keep : callable, optional
        Is given the `RankedLists` of each method and set, its vectors as they are.

    Yields
    ------
    Row
        For each method, one for each of `POSTPROCESSING` and each set.
    """
    for sets in _by_learning(benchmarks):
        report("views, and images that are made when they are first read")
        photos = _Photos.of(sets)
        for source in dict.fromkeys(method.source for method in methods):
            chosen = [method for method in methods if method.source == source]
            for method, vectors in _described(source, chosen, photos, report):
                yield from _rows(method, vectors, photos, sets, keep)


def _by_learning(benchmarks: Mapping[str, Benchmark[Any]]) -> list[dict[str, Benchmark[Any]]]:
    """Put sets with the same photos to learn on together."""
    together: dict[tuple[Any, ...], dict[str, Benchmark[Any]]] = {}
    for name, benchmark in benchmarks.items():
        together.setdefault(benchmark.learning, {})[name] = benchmark
    return list(together.values())


@dataclass
class _Photos:
    """What is learnt on, the views of it, and all that is searched or asked for in some set."""

    learning: tuple[Any, ...]
    views: list[Image]
    evaluated: list[Any]

    @classmethod
    def of(cls, sets: Mapping[str, Benchmark[Any]]) -> _Photos:
        learning = next(iter(sets.values())).learning
        parts = (part for one in sets.values() for part in (one.database, one.queries))
        evaluated = list(dict.fromkeys(image for part in parts for image in part))
        for image in evaluated:
            image.load()  # a copy is made when it is first read: not in what is timed
        return cls(learning, make_views(learning), evaluated)


@dataclass
class _Vectors:
    """What one method gives of them, each vector of norm 1, and what an image takes."""

    learning: FloatArray
    views: FloatArray
    evaluated: FloatArray
    milliseconds: float
    note: str


def _described(
    source: str, methods: Sequence[Method], photos: _Photos, report: Report
) -> Iterator[tuple[Method, _Vectors]]:
    """Fit a source, and the encoders of its methods; then describe everything by each of them."""
    report(f"{source} of the photos to learn on")
    extractor = SOURCES[source]().fit(photos.learning)
    learning = extractor.transform(photos.learning)
    encoders = _fitted(methods, learning, photos, report)
    views, _ = _encoded(extractor, encoders, photos.views, f"{source} of views", report)
    found, seconds = _encoded(extractor, encoders, photos.evaluated, source, report)
    for i, (method, encoder) in enumerate(zip(methods, encoders, strict=True)):
        known = normalize(encoder.transform(learning))
        note = getattr(encoder, "note", getattr(extractor, "note", ""))
        yield method, _Vectors(known, views[i], found[i], 1000 * seconds[i], note)


def _encoded(
    extractor: Source, encoders: Sequence[Any], images: Sequence[Any], what: str, report: Report
) -> tuple[list[FloatArray], list[float]]:
    """Encode images, a few at a time, whose features are then let go.

    Returns the vectors (N, dim) of each encoder, and the seconds that an image took with it.
    """
    parts: list[list[FloatArray]] = [[] for _ in encoders]
    seconds = [0.0] * len(encoders)
    for first in range(0, len(images), _AT_ONCE):
        report(f"{what}: {first} of {len(images)}")
        few = images[first : first + _AT_ONCE]
        features, shared = _timed(partial(extractor.transform, few))
        for i, encoder in enumerate(encoders):
            vectors, own = _timed(partial(encoder.transform, features))
            parts[i].append(vectors)
            seconds[i] += (shared + own) / len(images)
    return [normalize(np.concatenate(part)) for part in parts], seconds


def _fitted(
    methods: Sequence[Method], learning: list[Any], photos: _Photos, report: Report
) -> list[Any]:
    """Fit the encoder of each method; a codebook that several share is learnt by the first."""
    codebooks: dict[str, FloatArray] = {}
    encoders = []
    for method in methods:
        report(method.name)
        encoder = method.make()
        if method.codebook in codebooks:
            option = next(one for one in encoder.get_params() if one.split("__")[-1] == "centroids")
            encoder.set_params(**{option: codebooks[method.codebook]})
        encoders.append(encoder.fit(learning, photos.learning))
        if method.codebook:
            last = encoder[-1] if isinstance(encoder, Pipeline) else encoder
            codebooks[method.codebook] = getattr(last, "encoder_", last).centroids_
    return encoders


def _rows(
    method: Method,
    vectors: _Vectors,
    photos: _Photos,
    sets: Mapping[str, Benchmark[Any]],
    keep: Keep,
) -> Iterator[Row]:
    V = vectors.evaluated
    projected = {
        "none": V,
        "PCA": normalize(reduction(vectors.learning).transform(V)),
        "PCA whitening": pca_whitening(vectors.learning).transform(V),
        "learned whitening": learned_whitening(vectors.learning, vectors.views).transform(V),
    }
    at = {image: i for i, image in enumerate(photos.evaluated)}
    for dataset, benchmark in sets.items():
        database = [at[image] for image in benchmark.database]
        asked = [at[image] for image in benchmark.queries]
        forms = {name: (X[asked], X[database]) for name, X in projected.items()}
        queries, searched = forms["none"]
        expanded = expand(queries, searched, exclude=benchmark.exclude)
        forms["query expansion"] = expanded, searched
        for name, (queries, searched) in forms.items():
            scores = queries @ searched.T  # cosines, since all have norm 1
            found = mean_average_precision(
                scores, benchmark.positives, junk=benchmark.junk, exclude=benchmark.exclude
            )
            if name == "none":
                first = _first(scores, benchmark)
                keep(RankedLists(dataset, method.name, found.per_query, first))
            low, high = bootstrap_interval(found.per_query, benchmark.group)
            kinds = dict.fromkeys(benchmark.kind.tolist())
            yield Row(
                dataset,
                method.name,
                name,
                round(found.mean, 4),
                round(low, 4),
                round(high, 4),
                searched.shape[1],
                4 * searched.shape[1],
                float(f"{vectors.milliseconds:.2g}"),
                "; ".join(f"{kind} {found.of(benchmark.kind == kind):.3f}" for kind in kinds),
                vectors.note,
            )


def _first(scores: FloatArray, benchmark: Benchmark[Any]) -> IntArray:
    """Return where the first photos of each query's list stand, the query itself left out."""
    itself = [None] * len(scores) if benchmark.exclude is None else benchmark.exclude.tolist()
    return np.array([rank(row, exclude=i)[:N_FIRST] for row, i in zip(scores, itself, strict=True)])


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started
