"""What each method found, query by query: for paired comparisons, and to show the photos."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import IO, Final

import numpy as np

from coursekit.comparison._files import lines_of
from coursekit.data._storage import written_whole
from coursekit.types import FloatArray, IntArray

__all__ = ["N_FIRST", "RankedLists", "read_lists", "stored_lists", "write_lists"]

N_FIRST: Final = 4
"""How many photos of each list are kept."""

_COLUMNS: Final = ["dataset", "method", "query", "precisions", "first"]


@dataclass(frozen=True, eq=False)
class RankedLists:
    """One method on one set, its vectors as they are: the lists of all queries.

    Parameters
    ----------
    dataset, method : str
    precision : (M, Q) float64
        Average precision of each query with each of M codebooks, to four decimals; NaN for a query
        without positives. M = 1 for a method without chance.
    first : (Q, n) int64
        Where the first photos of each list stand in the database, the closest first, with the first
        codebook; the query itself is left out. n is at most `N_FIRST`.
    """

    dataset: str
    method: str
    precision: FloatArray
    first: IntArray


def write_lists(lists: Iterable[RankedLists], path: Path) -> None:
    """Write a line for each query, its M precisions in one field; a crash leaves the old file."""
    with written_whole(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for one in lists:
            for q, (precision, first) in enumerate(zip(one.precision.T, one.first, strict=True)):
                measured = " ".join(f"{value:.4f}" for value in precision)
                places = " ".join(map(str, first))
                writer.writerow([one.dataset, one.method, q, measured, places])


def read_lists(path: Path) -> dict[tuple[str, str], RankedLists]:
    """Read what `write_lists` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict from (dataset, method) to RankedLists

    Raises
    ------
    ValueError
        If the file has other columns.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return {(one.dataset, one.method): one for one in _parsed(file, str(path))}


def stored_lists() -> dict[tuple[str, str], RankedLists]:
    """Read the lists that ship with the table, by set and method."""
    name = "which_one_wins_lists.csv"
    with (files(__package__) / name).open(encoding="utf-8") as file:
        return {(one.dataset, one.method): one for one in _parsed(file, name)}


def _parsed(file: IO[str], name: str) -> Iterator[RankedLists]:
    lines = lines_of(file, name, _COLUMNS)
    for key, group in groupby(lines, lambda line: (line["dataset"], line["method"])):
        queries = list(group)
        precision = np.array([[float(p) for p in line["precisions"].split()] for line in queries])
        first = np.array([[int(i) for i in line["first"].split()] for line in queries])
        yield RankedLists(*key, precision.T, first)
