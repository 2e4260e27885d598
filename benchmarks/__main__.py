"""``python -m benchmarks``: print the comparisons, one thread and two, and store them.

``python -m benchmarks pooling`` prints one group and stores nothing. Takes three minutes. Ratios
only: the same machine that runs a contender runs its reference.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import faiss
import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.aggregation_tables import (
    fisher_table,
    supervector_table,
    words_table,
)
from benchmarks.learning_tables import codebook_table, iterations_table, mixture_table
from benchmarks.pooling_tables import netvlad_table, pooling_table
from benchmarks.tables import (
    Table,
    bag_of_words_table,
    images_table,
    vlad_table,
)

RESULTS = Path(__file__).with_name("results.md")
THREADS = (1, 2)
AGGREGATION: tuple[Callable[[], Table], ...] = (
    partial(vlad_table, 4.0),
    partial(bag_of_words_table, 2.0),
    partial(images_table, 2.0, 60, bar_for_jobs=1),
    partial(images_table, 2.5, 670, bar_for_jobs=2),
    partial(images_table, 3.0, 1460, bar_for_jobs=2),
    partial(fisher_table, 3.0, 64),
    partial(fisher_table, 3.0, 256),
    partial(supervector_table, 2.0),
    partial(words_table, 2.0, 10_000),
    partial(words_table, 2.0, 100_000),
)
SMALL = {"N": 20_000, "D": 64, "K": 64}
LARGE = {"N": 200_000, "D": 128, "K": 256}
LEARNING: tuple[Callable[[], Table], ...] = (
    *(
        partial(iterations_table, 4.0, **size, peer=peer, bar=bar)
        for size in (SMALL, LARGE)
        for peer, bar in (("faiss", 1.0), ("scikit-learn", 0.9))
    ),
    partial(codebook_table, 4.0, **SMALL),
    partial(mixture_table, 4.0),
)
POOLING: tuple[Callable[[], Table], ...] = (
    partial(pooling_table, 4.0),
    partial(pooling_table, 4.0, backward=True),
    partial(netvlad_table, 1.5),
    partial(netvlad_table, 1.5, backward=True),
)
GROUPS = {"aggregation": AGGREGATION, "learning": LEARNING, "pooling": POOLING}


def main(names: list[str]) -> None:
    """Run every table of the groups named, or of all, for every number of threads."""
    if unknown := set(names) - set(GROUPS):
        sys.exit(f"groups: expected some of {', '.join(GROUPS)}, got {', '.join(sorted(unknown))}")
    lines = ["# Speed and memory against others", "", *_preamble(), ""]
    missed: list[str] = []
    print("\n".join(lines), flush=True)
    for make in [table for name in names or GROUPS for table in GROUPS[name]]:
        tables = [_with_threads(make, n) for n in THREADS]
        missed += [
            text for n, table in zip(THREADS, tables, strict=True) for text in _missed(table, n)
        ]
        new = ["", f"## {tables[0].title}", "", *_rows(tables)]
        print("\n".join(new), flush=True)
        lines += new
    verdict = ["", "## Bars missed", "", *(missed or ["None."])]
    print("\n".join(verdict))
    if names:
        return  # the stored file holds all groups
    RESULTS.write_text("\n".join([*lines, *verdict]) + "\n", encoding="utf-8")


def _with_threads(make: Callable[[], Table], n: int) -> Table:
    faiss.omp_set_num_threads(n)
    torch.set_num_threads(n)
    with threadpool_limits(n):
        return make()


def _preamble() -> Iterator[str]:
    yield (
        "Made by `python -m benchmarks`. Times are ratios to the first row of each table: medians"
        " over rounds in which all take turns. Memory is the peak that NumPy allocates during a"
        " call, its result included, as a multiple of the descriptors' size (for pooling, what"
        " torch allocates, as a multiple of the maps' size); what faiss or a matrix product"
        " allocates itself is not seen. The contenders of a table were checked to agree before."
        " Bars hold for one thread; with two, each library brings its own pool, and pools that take"
        " turns on two cores disturb one another."
    )
    yield ""
    machine = platform.machine().replace("_", "-")
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    system = platform.system()
    yield f"Machine: {os.cpu_count()} cores {machine}, {system}; load before: {busy:.1f}."
    blas = {
        f"{lib['internal_api']} {lib['version']}"
        for lib in threadpool_info()
        if "blas" in lib["user_api"]
    }
    packages = ("numpy", "scipy", "scikit-learn", "faiss-cpu", "scikit-image", "torch")
    yield f"Python {platform.python_version()}, " + ", ".join(
        [f"{package} {version(package)}" for package in packages] + sorted(blas)
    )


def _rows(tables: list[Table]) -> Iterator[str]:
    what = "times faster" if tables[0].inverse else "time"
    head = [f"{what}, {n} thread{'s' * (n > 1)}" for n in THREADS]
    yield f"| | {' | '.join(head)} | memory | bar | |"
    yield "|---|" + "--:|" * (len(head) + 2) + "---|"
    first = tables[0]
    for i, result in enumerate(first.results):
        name = result.name
        ratios = [_shown(table, table.results[i].ratio) for table in tables]
        memory = result.peak_bytes / first.unit_bytes
        bar = f"≤ {first.at_most[name]}" if name in first.at_most else ""
        bar = f"≥ {first.at_least[name]}" if name in first.at_least else bar
        note = first.notes.get(name, "")
        yield f"| {name} | {' | '.join(ratios)} | {memory:.2f} | {bar} | {note} |"


def _shown(table: Table, ratio: float) -> str:
    return f"{1 / ratio if table.inverse else ratio:.2f}"


def _missed(table: Table, n_threads: int) -> Iterator[str]:
    """Bars hold for one thread."""
    if n_threads > 1:
        return
    for result in table.results:
        memory = result.peak_bytes / table.unit_bytes
        if memory > (most := table.memory_at_most.get(result.name, np.inf)):
            yield f"- {table.title}: memory of {result.name} {memory:.2f} > {most}"
        shown = float(_shown(table, result.ratio))
        if shown > table.at_most.get(result.name, np.inf):
            yield f"- {table.title}: {result.name} {shown} > {table.at_most[result.name]}"
        if shown < table.at_least.get(result.name, -np.inf):
            yield f"- {table.title}: {result.name} {shown} < {table.at_least[result.name]}"


if __name__ == "__main__":
    main(sys.argv[1:])
