"""Cells with one home elsewhere: the set-up cell, and what the exercise bank says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.notebooks.notebook import Cell, Notebook

SETUP_HOME = Path(__file__).resolve().parents[3] / ".ci" / "setup_cell.txt"
PARTS = ("statement", "stub")


@cache
def setup_cell() -> str:
    """Return the source of the set-up cell, as a notebook stores it."""
    return SETUP_HOME.read_text(encoding="utf-8").rstrip("\n")


def bank_source(cell: Cell) -> str | None:
    """Return what the bank says a cell holds; None for a cell that is not from the bank.

    Raises
    ------
    ValueError
        If the cell names an exercise or a part that does not exist.
    """
    identifier, part = cell.course.get("exercise"), cell.course.get("part")
    if identifier is None and part is None:
        return None
    from coursekit.exercises import exercise_cells

    if part not in PARTS:
        raise ValueError(f"part: expected one of {', '.join(PARTS)}, got {part!r}")
    return str(exercise_cells(str(identifier))[PARTS.index(part)]).rstrip("\n")


def starts_with_the_setup_cell(notebook: Notebook) -> Iterator[str]:
    if not notebook.code or notebook.code[0].source != setup_cell():
        got = str(notebook.code[0]) if notebook.code else "no code"
        yield f"expected the set-up cell of {SETUP_HOME.name} as first code cell, got {got}"


def exercises_equal_the_bank(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        try:
            expected = bank_source(cell)
        except ValueError as error:
            yield f"{cell}: {error}"
            continue
        if expected is not None and cell.source != expected:
            yield f"{cell}: expected the bank's text (make notebooks writes it), got another"
