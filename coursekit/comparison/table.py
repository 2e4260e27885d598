"""The table: each method on a set of images, with what it costs and how sure the figure is."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from sklearn.preprocessing import normalize

from coursekit.comparison.methods import Method
from coursekit.comparison.sources import SOURCES, Source
from coursekit.data import Benchmark
from coursekit.retrieval import PCAWhitening, bootstrap_interval, mean_average_precision
from coursekit.types import FloatArray

__all__ = ["Row", "evaluate", "read_rows", "stored_rows", "write_rows"]

T = TypeVar("T")
WHITENED_DIMENSIONS = 64


@dataclass(frozen=True)
class Row:
    """One method on one set.

    Parameters
    ----------
    dataset, method : str
    whitened : bool
        Whether vectors were whitened by PCA, to at most 64 dimensions.
    mean : float
        Mean average precision over all queries.
    low, high : float
        Its 95 % interval, by bootstrap over groups.
    dimension : int
    bytes : int
        Of one image, in float32.
    milliseconds : float
        For one image: its features, then its vector; on the machine that made the table.
    per_kind : str
        Mean average precision of each kind of query, ``"aerial 0.912; other 0.971"``.
    note : str
        What the source has to say of its training, such as the exponent that it learnt.
    """

    dataset: str
    method: str
    whitened: bool
    mean: float
    low: float
    high: float
    dimension: int
    bytes: int
    milliseconds: float
    per_kind: str
    note: str = ""


def evaluate(
    methods: Sequence[Method],
    benchmark: Benchmark[Any],
    *,
    dataset: str,
    fitted: MutableMapping[str, tuple[Source, list[Any]]] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Row]:
    """Evaluate methods on a set, first as they are, then whitened.

    Codebooks, mixtures, PCA and whitening are learnt on ``benchmark.learning`` alone.

    Parameters
    ----------
    methods : sequence of Method
        Those of one source share its features, which are computed once.
    benchmark : Benchmark
    dataset : str
        Name of the set, for the rows.
    fitted : dict, optional
        By name, sources that have learnt on the same ``benchmark.learning``, and their features of
        it; those that are missing are added, so that a second set need not train them again.
    report : callable, optional
        Is told what is being done.

    Yields
    ------
    Row
        Two for each method.
    """
    known = {} if fitted is None else fitted
    for source in dict.fromkeys(one.source for one in methods):
        if source not in known:
            report(f"{dataset}: {source} of the images to learn on")
            extractor = SOURCES[source]().fit(benchmark.learning)
            known[source] = extractor, extractor.transform(benchmark.learning)
        extractor, learning = known[source]
        report(f"{dataset}: {source} of the database and the queries")
        images = _images(benchmark)
        features, seconds = _timed(lambda: extractor.transform(images))  # noqa: B023
        for method in methods:
            if method.source == source:
                report(f"{dataset}: {method.name}")
                each = seconds / len(images)
                note = getattr(extractor, "note", "")
                for row in _rows(method, benchmark, dataset, learning, features, each):
                    yield replace(row, note=note)


def _images(benchmark: Benchmark[Any]) -> list[Any]:
    """Return the database, then those queries that are not in it."""
    inside = benchmark.exclude is not None
    return [*benchmark.database, *(() if inside else benchmark.queries)]


def _rows(
    method: Method,
    benchmark: Benchmark[Any],
    dataset: str,
    learning: list[Any],
    features: list[Any],
    seconds_before: float,
) -> Iterator[Row]:
    encoder = method.make().fit(learning)
    V, seconds = _timed(lambda: encoder.transform(features))
    milliseconds = 1000 * (seconds_before + seconds / len(features))
    yield _row(method, benchmark, dataset, V, False, milliseconds)
    known = normalize(encoder.transform(learning))
    n_components = min(WHITENED_DIMENSIONS, len(known) - 1, V.shape[1])
    whitening = PCAWhitening(n_components).fit(known)
    yield _row(method, benchmark, dataset, whitening.transform(normalize(V)), True, milliseconds)


def _row(
    method: Method,
    benchmark: Benchmark[Any],
    dataset: str,
    V: FloatArray,
    whitened: bool,
    milliseconds: float,
) -> Row:
    V = normalize(V)
    N = len(benchmark.database)
    queries = V[N:] if benchmark.exclude is None else V[benchmark.exclude]
    scores = queries @ V[:N].T  # cosines, since all have norm 1
    found = mean_average_precision(
        scores, benchmark.positives, junk=benchmark.junk, exclude=benchmark.exclude
    )
    low, high = bootstrap_interval(found.per_query, benchmark.group)
    kinds = (f"{kind} {found.of(benchmark.kind == kind):.3f}" for kind in _kinds(benchmark))
    return Row(
        dataset,
        method.name,
        whitened,
        round(found.mean, 4),
        round(low, 4),
        round(high, 4),
        V.shape[1],
        4 * V.shape[1],
        float(f"{milliseconds:.2g}"),
        "; ".join(kinds),
    )


def _kinds(benchmark: Benchmark[Any]) -> list[str]:
    return list(dict.fromkeys(benchmark.kind.tolist()))


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows as CSV: beside the file first, so that a crash leaves the old one whole."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    new.replace(path)


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_parsed(line) for line in csv.DictReader(file)]


def stored_rows() -> list[Row]:
    """Read the table that ships, made by ``coursekit evaluate --all``."""
    with (files(__package__) / "which_one_wins.csv").open(encoding="utf-8") as file:
        return [_parsed(line) for line in csv.DictReader(file)]


def _parsed(line: dict[str, str]) -> Row:
    kinds: dict[str, Callable[[str], Any]] = {
        "str": str,
        "bool": "True".__eq__,
        "int": int,
        "float": float,
    }
    return Row(**{one.name: kinds[str(one.type)](line[one.name]) for one in fields(Row)})
