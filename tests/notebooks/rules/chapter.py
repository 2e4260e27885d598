"""The chapter contract, checked. `tests.notebooks.contract` holds its headings and limits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.notebooks import contract
from tests.notebooks.notebook import Cell, Notebook, Section, without_code_blocks, words
from tests.notebooks.rules.shared_cells import setup_cell

TITLE = re.compile(r"\A#[ ]+(?P<title>.+)$", re.MULTILINE)
FRENCH = re.compile(r"«[^»]+»|(?<!\*)\*[^*]+\*(?!\*)|(?<!\w)_[^_]+_(?!\w)")
ITEM = re.compile(r"^(?:[-*+]|\d+[.)])[ ]+(?P<text>.+(?:\n[ ]{2,}.+)*)", re.MULTILINE)
ROW = re.compile(r"^\|(?P<text>.+)\|[ ]*$", re.MULTILINE)
SLIDES = re.compile(r"\bS\d\d\b")
MINUTES = re.compile(r"\b\d+\s+minutes\b")
LINK = re.compile(r"\[[^\]]+\]\([^)]+\)|<a\b[^>]*href=")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
EQUATION = re.compile(r"\b(?:eqs?|equations?)\b\.?\s*\(?\d", re.IGNORECASE)


def title_with_the_french_term(notebook: Notebook) -> Iterator[str]:
    first = notebook.cells[0].source if notebook.cells else ""
    title = TITLE.match(first)
    if title is None or notebook.cells[0].is_code:
        yield f"expected '# Title' on top, got {first[:40]!r}"
        return
    opening = title["title"] + first[title.end() :].lstrip().partition("\n\n")[0]
    if not FRENCH.search(opening):
        yield f"expected the French term, « … » or in italics, at the title, got {title[0]!r}"


def parts_in_order(notebook: Notebook) -> Iterator[str]:
    expected = [part.heading for part in contract.parts_of(notebook.path)]
    got = [title for title in notebook.sections if title in expected]
    for heading in expected:
        if heading not in got:
            yield f"expected the section '## {heading}', got none"
    wanted = [heading for heading in expected if heading in got]
    if got != wanted:
        yield f"expected the sections in the order {', '.join(wanted)}, got {', '.join(got)}"


def parts_hold_what_they_promise(notebook: Notebook) -> Iterator[str]:
    """Run the check of each part that is there; `parts_in_order` names the missing ones."""
    for part in contract.parts_of(notebook.path):
        section = notebook.sections.get(part.heading)
        if section is None:
            continue
        for problem in CHECKS[part.heading](section):
            yield f"{part.heading} ({part.holds}): {problem}"


def length(notebook: Notebook) -> Iterator[str]:
    """Count the chapter's own prose and code: not exercises, quiz and set-up."""
    prose = sum(len(words(cell.source)) for cell in notebook.markdown if not cell.course)
    own = own_code(notebook)
    lines = {str(cell): _lines(cell) for cell in own}
    yield from _within("words of prose", prose, *contract.WORDS)
    yield from _within("code cells", len(own), *contract.CODE_CELLS)
    yield from _within("lines of code in the page", sum(lines.values()), 0, contract.CODE_LINES)
    for cell, count in lines.items():
        yield from _within(f"lines in {cell}", count, 1, contract.CELL_LINES)


def own_code(notebook: Notebook) -> list[Cell]:
    """Return the cells that tell the story: without set-up, exercises and quiz."""
    told_elsewhere = [
        cell
        for heading in ("Exercises", "Quiz")
        for cell in notebook.sections.get(heading, Section(heading)).code
    ]
    return [
        cell
        for cell in notebook.code
        if cell not in told_elsewhere and not cell.course.get("exercise")
        and cell.source != setup_cell()
    ]  # fmt: skip


def _learn(section: Section) -> Iterator[str]:
    items = _items(section)
    yield from _enough("items", len(items), contract.FEWEST_ITEMS)
    for item in items:
        verb = item.lstrip("*_").partition(" ")[0].strip("*_,").lower()
        if verb not in contract.VERBS:
            yield f"expected a verb that can be tested, got {verb!r}"


def _before(section: Section) -> Iterator[str]:
    for name, pattern in (("slides like S10", SLIDES), ("minutes", MINUTES), ("a link", LINK)):
        if not pattern.search(section.text):
            yield f"expected {name}, got none"


def _intuition(section: Section) -> Iterator[str]:
    yield from _enough("words", len(words(section.text)), 50)


def _formula(section: Section) -> Iterator[str]:
    if r"\tag{" not in section.text:
        yield r"expected a displayed formula with \tag{…}, got none"
    named = [item for item in _items(section) + _rows(section) if "$" in item]
    yield from _enough("symbols named in a list or table", len(named), contract.FEWEST_ITEMS)


def _by_hand(section: Section) -> Iterator[str]:
    if not any("coursekit" in cell.source and "print(" in cell.source for cell in section.code):
        yield "expected the same numbers printed from coursekit, got none"


def _photos(section: Section) -> Iterator[str]:
    if not any("coursekit" in cell.source for cell in section.code):
        yield "expected an import from coursekit, got none"
    if not any(cell.has_picture for cell in section.code):
        yield "expected a figure, got none"


def _wrong(section: Section) -> Iterator[str]:
    yield from _enough("code cells", len(section.code), 1)


def _exercises(section: Section) -> Iterator[str]:
    stubs = {str(cell.course["exercise"]) for cell in section.code if "exercise" in cell.course}
    yield from _enough("exercises", len(stubs), contract.FEWEST_EXERCISES)
    checked = set().union(*(_first_arguments(cell, "check") for cell in section.code))
    for identifier in sorted(stubs - checked):
        yield f"expected check({identifier!r}, …), got none"


def _quiz(section: Section) -> Iterator[str]:
    chapters = set().union(*(_first_arguments(cell, "quiz") for cell in section.code))
    if not chapters:
        yield "expected a call quiz(…), got none"
        return
    from coursekit.exercises import quiz_items

    yield from _enough(
        "items", sum(len(quiz_items(chapter)) for chapter in chapters), contract.FEWEST_QUIZ_ITEMS
    )


def _remember(section: Section) -> Iterator[str]:
    yield from _enough("items", len(_items(section)), contract.FEWEST_ITEMS)


def _references(section: Section) -> Iterator[str]:
    items = _items(section)
    yield from _enough("items", len(items), 2)
    for item in items:
        if not YEAR.search(item):
            yield f"expected the year of each reference, got {item[:60]!r}"
    if not any(EQUATION.search(item) for item in items):
        yield "expected the equation numbers (eq. 2) of a paper, got none"


CHECKS = {
    "What you will learn": _learn,
    "Before you start": _before,
    "Intuition": _intuition,
    "The formula": _formula,
    "By hand": _by_hand,
    "On real photos": _photos,
    "What goes wrong": _wrong,
    "Exercises": _exercises,
    "Quiz": _quiz,
    "What to remember": _remember,
    "References": _references,
}


def _items(section: Section) -> list[str]:
    return [item["text"] for item in ITEM.finditer(without_code_blocks(section.text))]


def _rows(section: Section) -> list[str]:
    return [row["text"] for row in ROW.finditer(section.text)]


def _lines(cell: Cell) -> int:
    """Count lines of code: not blank ones, comments and imports."""
    imported = {
        line
        for node in cell.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in imported
        for number, line in enumerate(cell.source.splitlines(), start=1)
    )


def _first_arguments(cell: Cell, function: str) -> set[str]:
    """Return the first arguments, strings, of the calls of a function in a cell."""
    calls = (node for node in ast.walk(cell.tree) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if ast.unparse(call.func) == function
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _enough(what: str, count: int, fewest: int) -> Iterator[str]:
    if count < fewest:
        yield f"expected at least {fewest} {what}, got {count}"


def _within(what: str, count: int, least: int, most: int) -> Iterator[str]:
    if not least <= count <= most:
        yield f"expected {least} to {most} {what}, got {count}"
