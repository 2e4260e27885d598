"""CSV files of this package, which are read only if their columns are right."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import IO

__all__ = ["lines_of"]


def lines_of(file: IO[str], name: str, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Read lines by column, or raise a `ValueError` that names the file if it has other columns."""
    lines = csv.DictReader(file)
    got = list(lines.fieldnames or ())
    if got != list(columns):
        expected = ", ".join(columns)
        raise ValueError(f"{name}: expected columns {expected}, got {', '.join(got)}")
    yield from lines
