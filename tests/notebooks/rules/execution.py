"""The stored outputs are those of one run, from the first cell to the last, compared in full."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import TypeGuard

from nbval.plugin import find_comment_markers, find_metadata_tags

from tests.notebooks.dependence import depends_on_features
from tests.notebooks.notebook import Cell, Notebook
from tests.notebooks.tolerance import SHORTEST_REASON, problems


def executed_in_order(notebook: Notebook) -> Iterator[str]:
    """nbval passes a cell without execution count without looking at it."""
    for expected, cell in enumerate(notebook.code, start=1):
        got = cell.node.execution_count
        if got != expected:
            yield f"{cell}: expected execution count {expected}, got {got}"


def printed_outputs_are_stored(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        if _prints(cell) and not cell.outputs:
            yield f"{cell}: expected the stored output of print, got none"


def exceptions_have_a_reason(notebook: Notebook) -> Iterator[str]:
    """A tag that keeps nbval from running or comparing a cell says why, in `coursekit.reason`."""
    for cell in notebook.code:
        reason = str(cell.course.get("reason", ""))
        if _weakens(cell) and len(reason) < SHORTEST_REASON:
            yield f"{cell}: expected a reason in metadata coursekit.reason, got {reason!r}"


def tolerances_have_a_reason(notebook: Notebook) -> Iterator[str]:
    """A cell may state a tolerance of its own, and only one whose outputs can differ does."""
    depend = depends_on_features([cell.source for cell in notebook.code])
    for cell, depends in zip(notebook.code, depend, strict=True):
        if "tolerance" not in cell.course:
            continue
        for problem in problems(cell.course["tolerance"]):
            yield f"{cell}: coursekit.tolerance: {problem}"
        if not depends:
            yield f"{cell}: expected a tolerance only where features enter, got one"
        elif "figure" in cell.course["tolerance"] and not cell.has_picture:
            yield f"{cell}: coursekit.tolerance: expected a figure, got no picture"


def plain_python(notebook: Notebook) -> Iterator[str]:
    """Magics hide outputs (`%%capture`), run programs, or do not exist outside of IPython."""
    for cell in notebook.code:
        if not cell.source.strip():
            yield f"{cell}: expected code, got an empty cell"
            continue
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"{cell}: expected plain Python, got {error.msg} in line {error.lineno}"


def nothing_is_asserted(notebook: Notebook) -> Iterator[str]:
    """A reader's run never stops on a number: a page prints both sides, and tests compare them."""
    for cell in notebook.code:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Assert | ast.Raise) or _names_testing(node):
                line = cell.source.splitlines()[node.lineno - 1].strip()
                yield f"{cell}: expected both sides printed, got {line!r}"


def _names_testing(node: ast.AST) -> TypeGuard[ast.stmt | ast.expr]:
    """Tell whether this is `np.testing`, or an import of it."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None) or ""
        return any("testing" in f"{module}.{alias.name}".split(".") for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr == "testing"


def _weakens(cell: Cell) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        marks = [*find_metadata_tags(cell.node.metadata), *find_comment_markers(cell.source)]
    return any(mark != ("check", True) for mark in marks)


def _prints(cell: Cell) -> bool:
    """Tell whether a cell surely prints: a call of `print` that is not in a function or branch."""
    return any(
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == "print"
        for statement in cell.tree.body
    )
