"""Which representation wins: every method of the course under one protocol."""

from coursekit.comparison.lists import RankedLists, read_lists, stored_lists, write_lists
from coursekit.comparison.methods import METHODS, Method
from coursekit.comparison.sources import SOURCES, Source
from coursekit.comparison.table import Row, evaluate, read_rows, stored_rows, write_rows

__all__ = [
    "METHODS",
    "SOURCES",
    "Method",
    "Row",
    "Source",
    "evaluate",
    "read_rows",
    "stored_rows",
    "write_rows",
]
