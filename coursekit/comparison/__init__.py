"""Which representation wins: every method of the course under one protocol."""

from coursekit.comparison.lists import RankedLists, read_lists, stored_lists, write_lists
from coursekit.comparison.methods import METHODS, Method
from coursekit.comparison.postprocessing import POSTPROCESSING
from coursekit.comparison.protocol import N_CODEBOOKS, evaluate
from coursekit.comparison.sources import SOURCES, Source
from coursekit.comparison.table import Row, read_rows, stored_rows, write_rows

__all__ = [
    "METHODS",
    "N_CODEBOOKS",
    "POSTPROCESSING",
    "SOURCES",
    "Method",
    "RankedLists",
    "Row",
    "Source",
    "evaluate",
    "read_lists",
    "read_rows",
    "stored_lists",
    "stored_rows",
    "write_lists",
    "write_rows",
]
