"""From photos to vectors: each source once for all draws, a few images at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize

from coursekit.comparison.methods import Method
from coursekit.comparison.postprocessing import make_views
from coursekit.comparison.sources import SOURCES, Source
from coursekit.data import Benchmark
from coursekit.types import FloatArray, Image

__all__ = ["Photos", "Vectors", "describe"]

T = TypeVar("T")
Key = tuple[str, int]  # a method and a draw
Report = Callable[[str], None]
_AT_ONCE: Final = 64  # images whose features are held: 260 MB, of 1000 patches of 1024 numbers each


@dataclass
class Photos:
    """What is learnt on, the views of it in each draw, and all that is searched or asked for."""

    learning: tuple[Any, ...]
    views: list[list[Image]]
    evaluated: list[Any]

    @classmethod
    def of(cls, sets: Mapping[str, Benchmark[Any]], n_draws: int) -> Photos:
        """Collect the photos of sets that learn on the same ones, each photo once."""
        learning = next(iter(sets.values())).learning
        parts = (part for one in sets.values() for part in (one.database, one.queries))
        evaluated = list(dict.fromkeys(image for part in parts for image in part))
        for image in evaluated:
            image.load()  # a copy is made when it is first read: not in what is timed
        return cls(learning, [make_views(learning, draw) for draw in range(n_draws)], evaluated)


@dataclass
class Vectors:
    """What one method gives of them in one draw, each vector of norm 1, and what an image takes."""

    learning: FloatArray
    views: FloatArray
    evaluated: FloatArray
    milliseconds: float
    note: str


def describe(
    source: str, methods: Sequence[Method], photos: Photos, report: Report
) -> Iterator[tuple[Method, list[Vectors]]]:
    """Describe everything by the methods of a source.

    Features that do not depend on chance are computed once for all draws, which then go through
    them together.

    Yields
    ------
    method, list of its Vectors
        One for each draw. Without chance only the views differ.
    """
    draws = range(len(photos.views))
    together = [[draw] for draw in draws] if SOURCES[source]().chance else [[*draws]]
    found: dict[str, list[Vectors]] = {method.name: [] for method in methods}
    for some in together:
        for method, vectors in _in_draws(source, methods, photos, some, report):
            found[method.name].append(vectors)
    for method in methods:
        yield method, found.pop(method.name)


def _in_draws(
    source: str, methods: Sequence[Method], photos: Photos, draws: Sequence[int], report: Report
) -> Iterator[tuple[Method, Vectors]]:
    """Describe everything in draws that share their features."""

    def key(method: Method, draw: int) -> Key:
        return method.name, draw if method.chance else draws[0]

    report(f"{source} of the photos to learn on, draws {draws[0]} to {draws[-1]}")
    extractor = SOURCES[source](random_state=draws[0])
    features = extractor.transform(photos.learning)
    encoders: dict[Key, Any] = {}
    for draw in draws:
        chosen = [method for method in methods if method.chance or draw == draws[0]]
        fitted = _fitted(chosen, features, photos.learning, draw, report)
        encoders |= {(method.name, draw): one for method, one in zip(chosen, fitted, strict=True)}
    learning = {one: normalize(encoder.transform(features)) for one, encoder in encoders.items()}
    del features
    evaluated, seconds = _encoded(extractor, encoders, photos.evaluated, source, report)
    for draw in draws:
        own = {key(method, draw): encoders[key(method, draw)] for method in methods}
        what = f"{source} of views, draw {draw}"
        views, _ = _encoded(extractor, own, photos.views[draw], what, report)
        for method in methods:
            at = key(method, draw)
            note = getattr(encoders[at], "note", "")
            took = 1000 * seconds[at]
            yield method, Vectors(learning[at], views[at], evaluated[at], took, note)


def _encoded(
    extractor: Source,
    encoders: Mapping[Key, Any],
    images: Sequence[Any],
    what: str,
    report: Report,
) -> tuple[dict[Key, FloatArray], dict[Key, float]]:
    """Encode images, a few at a time, whose features are then let go.

    Returns the vectors (N, dim) of each encoder, and the seconds that an image takes with it alone.
    """
    parts: dict[Key, list[FloatArray]] = {one: [] for one in encoders}
    seconds = dict.fromkeys(encoders, 0.0)
    for first in range(0, len(images), _AT_ONCE):
        report(f"{what}: {first} of {len(images)}")
        few = images[first : first + _AT_ONCE]
        features, shared = _timed(partial(extractor.transform, few))
        for one, encoder in encoders.items():
            vectors, own = _timed(partial(encoder.transform, features))
            parts[one].append(vectors)
            seconds[one] += (shared + own) / len(images)
    return {one: normalize(np.concatenate(part)) for one, part in parts.items()}, seconds


def _fitted(
    methods: Sequence[Method],
    features: list[Any],
    images: Sequence[Any],
    draw: int,
    report: Report,
) -> list[Any]:
    """Fit the encoder of each method; a codebook that several share is learnt by the first."""
    codebooks: dict[str, FloatArray] = {}
    encoders = []
    for method in methods:
        report(f"{method.name}, draw {draw}")
        encoder = method.make(random_state=draw)
        if method.codebook in codebooks:
            option = next(one for one in encoder.get_params() if one.split("__")[-1] == "centroids")
            encoder.set_params(**{option: codebooks[method.codebook]})
        encoders.append(encoder.fit(features, images))
        if method.codebook:
            last = encoder[-1] if isinstance(encoder, Pipeline) else encoder
            codebooks[method.codebook] = getattr(last, "encoder_", last).centroids_
    return encoders


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started
