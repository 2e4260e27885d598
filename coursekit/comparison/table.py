"""The table: its rows, and the files that hold them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from coursekit.comparison._files import lines_of
from coursekit.data._storage import written_whole

__all__ = ["Row", "read_rows", "stored_rows", "write_rows"]


@dataclass(frozen=True)
class Row:
    """One method on one set, its vectors as they are or after one more step.

    Parameters
    ----------
    dataset, method : str
    postprocessing : str
        One of `POSTPROCESSING`: what was done to the encoder's vectors before they were compared.
    codebooks : int
        M, in how many draws the row was computed; 1 where nothing in it rests on chance.
    mean : float
        Mean average precision over all queries and codebooks.
    spread : float
        Standard deviation of the M mean average precisions, with M − 1 in the denominator; 0 for
        M = 1.
    low, high : float
        95 % interval of the mean average precision with one codebook, by bootstrap over groups and
        codebooks: `coursekit.retrieval.bootstrap_interval`.
    dimension : int
        In the first draw.
    bytes : int
        Of one image, in float32.
    milliseconds : float
        For one image: its features, then its vector, in one draw; on the machine that made the
        table. Whitening adds next to nothing, and query expansion a second search.
    per_kind : str
        Mean average precision of each kind of query over the codebooks,
        ``"aerial 0.912; other 0.971"``.
    note : str
        What came of a training, such as the exponent that it learnt; in the first draw.
    """

    dataset: str
    method: str
    postprocessing: str
    codebooks: int
    mean: float
    spread: float
    low: float
    high: float
    dimension: int
    bytes: int
    milliseconds: float
    per_kind: str
    note: str = ""


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows as CSV; a crash leaves the old file whole."""
    with written_whole(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Row

    Raises
    ------
    ValueError
        If the file has other columns, as those of earlier versions have.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return list(_parsed(file, str(path)))


def stored_rows() -> list[Row]:
    """Read the table that ships, made by ``coursekit evaluate --all``."""
    name = "which_one_wins.csv"
    with (files(__package__) / name).open(encoding="utf-8") as file:
        return list(_parsed(file, name))


def _parsed(file: IO[str], name: str) -> Iterator[Row]:
    columns = [one.name for one in fields(Row)]
    kinds: dict[str, Callable[[str], Any]] = {"str": str, "int": int, "float": float}
    for line in lines_of(file, name, columns):
        yield Row(**{one.name: kinds[str(one.type)](line[one.name]) for one in fields(Row)})
