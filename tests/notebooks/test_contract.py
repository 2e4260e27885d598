"""The chapter contract: each part that is missing, misplaced or hollow is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import contract
from tests.notebooks.contract import PARTS
from tests.notebooks.notebook import Notebook
from tests.notebooks.rules import RULES, chapter, rules_for, shared_cells
from tests.notebooks.samples import code, figure, notebook

TITLE = "# VLAD\n\n*Vecteur de descripteurs locaux agrégés.*"
HEADINGS = [part.heading for part in PARTS]
EXERCISES = [f"vlad.{name}" for name in ("one", "two", "three", "four", "five")]
STUBS = [
    code(f'check("{name}", ...)', coursekit={"exercise": name, "part": "stub"})
    for name in EXERCISES
]

# For each part, something that satisfies it.
SOUND: dict[str, list[Any]] = {
    "What you will learn": ["- compute a residual\n- draw a cell\n- compare two vectors"],
    "Before you start": ["[Codebook](codebook.ipynb), 90 minutes, slides S10–S14."],
    "Intuition": ["many plain words " * 20],
    "The formula": ["$$v \\tag{1}$$\n\n- $v$: sum\n- $x$: descriptor\n- $\\mu$: centre"],
    "By hand": [code("from coursekit.aggregation import vlad\nprint(2)")],
    "On real photos": [code("from coursekit.features import sift", figure())],
    "What goes wrong": [code("print('wrong')")],
    "Exercises": STUBS,
    "Quiz": [code('quiz("vlad")')],
    "What to remember": ["- one\n- two\n- three"],
    "References": ["- Jégou et al. 2010, eq. 2\n- Jégou et al. 2012, equation (1)"],
}

# For each part, things that do not, and what is said about them.
HOLLOW: list[tuple[str, list[Any], str]] = [
    ("What you will learn", ["- compute\n- draw"], "expected at least 3 items, got 2"),
    (
        "What you will learn",
        ["- compute\n- understand VLAD\n- draw"],
        "expected a verb that can be tested, got 'understand'",
    ),
    ("Before you start", ["[Codebook](x.ipynb), slides S10."], "expected minutes, got none"),
    (
        "Before you start",
        ["[Codebook](x.ipynb), 90 minutes."],
        "expected slides like S10, got none",
    ),
    ("Before you start", ["90 minutes, slides S10."], "expected a link, got none"),
    ("Intuition", ["Sums."], "expected at least 50 words, got 1"),
    (
        "The formula",
        ["$$v$$\n\n- $v$: a\n- $x$: b\n- $y$: c"],
        "expected a displayed formula with \\tag{…}, got none",
    ),
    (
        "The formula",
        ["$$v \\tag{1}$$\n\n- $v$: a sum"],
        "expected at least 3 symbols named in a list or table, got 1",
    ),
    (
        "By hand",
        [code("print(2)")],
        "expected the same numbers printed from coursekit, got none",
    ),
    ("On real photos", [code("x = 1", figure())], "expected an import from coursekit, got none"),
    ("On real photos", [code("import coursekit")], "expected a figure, got none"),
    ("What goes wrong", ["Everything."], "expected at least 1 code cells, got 0"),
    ("Exercises", STUBS[:4], "expected at least 5 exercises, got 4"),
    (
        "Exercises",
        [*STUBS[:4], code("x", coursekit={"exercise": EXERCISES[4], "part": "stub"})],
        "expected check('vlad.five', …), got none",
    ),
    ("Quiz", [code("x")], "expected a call quiz(…), got none"),
    ("What to remember", ["Everything."], "expected at least 3 items, got 0"),
    ("References", ["- Jégou et al. 2010, eq. 2"], "expected at least 2 items, got 1"),
    (
        "References",
        ["- Jégou, eq. 2\n- Jégou et al. 2012"],
        "expected the year of each reference, got 'Jégou, eq. 2'",
    ),
    (
        "References",
        ["- Jégou et al. 2010\n- Jégou et al. 2012"],
        "expected the equation numbers (eq. 2) of a paper, got none",
    ),
]


def make(*headings: str, **replaced: list[Any]) -> Notebook:
    """Return a chapter of sound parts under these headings, some of them replaced."""
    cells: list[Any] = [TITLE]
    for heading in headings:
        cells += [f"## {heading}", *(SOUND | replaced).get(heading, [])]
    return notebook(*cells, path="aggregation/sample.ipynb")


def test_sound_chapter_keeps_the_contract() -> None:
    sample = make(*HEADINGS)
    rules = (chapter.title_with_the_french_term, chapter.parts_in_order)
    assert [p for rule in rules for p in rule(sample)] == []
    assert list(chapter.parts_hold_what_they_promise(sample)) == []


@pytest.mark.parametrize(("heading", "cells", "said"), HOLLOW)
def test_hollow_part_is_named(heading: str, cells: list[Any], said: str) -> None:
    (problem,) = chapter.parts_hold_what_they_promise(make(*HEADINGS, **{heading: cells}))
    holds = {part.heading: part.holds for part in PARTS}[heading]
    assert problem == f"{heading} ({holds}): {said}"


@pytest.mark.parametrize("heading", HEADINGS)
def test_missing_part_is_named(heading: str) -> None:
    kept = [other for other in HEADINGS if other != heading]
    assert list(chapter.parts_in_order(make(*kept))) == [
        f"expected the section '## {heading}', got none"
    ]


def test_swapped_parts_are_named() -> None:
    swapped = ["The formula", "Intuition"]
    headings = [*HEADINGS[:2], *swapped, *HEADINGS[4:]]
    (problem,) = chapter.parts_in_order(make(*headings))
    assert problem.startswith("expected the sections in the order What you will learn, ")


def test_other_sections_may_stand_between() -> None:
    headings = [*HEADINGS[:6], "The picture of slide S14", *HEADINGS[6:]]
    assert list(chapter.parts_in_order(make(*headings))) == []


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ("VLAD", "expected '# Title' on top, got 'VLAD'"),
        (
            "# VLAD\n\nA sum of residuals.\n\n*Later.*",
            "expected the French term, « … » or in italics, at the title, got '# VLAD'",
        ),
    ],
)
def test_title_without_french_is_named(top: str, said: str) -> None:
    assert list(chapter.title_with_the_french_term(notebook(top))) == [said]


@pytest.mark.parametrize("top", ["# VLAD\n\n« Vecteur agrégé »", "# VLAD, *vecteur agrégé*", TITLE])
def test_title_with_french_is_accepted(top: str) -> None:
    assert list(chapter.title_with_the_french_term(notebook(top))) == []


def test_long_cells_and_short_prose_are_named() -> None:
    long = code("\n".join(f"x{i} = {i}" for i in range(13)))
    problems = list(
        chapter.length(notebook("A few words.", *(code("x = 1") for _ in range(11)), long))
    )
    assert problems == [
        "expected 1500 to 2800 words of prose, got 3",
        "expected 1 to 12 lines in cell 13 ('x0 = 0'), got 13",
    ]


def test_too_much_code_is_named() -> None:
    eight = "\n".join(["import numpy as np", "# why", "", *["x = 1"] * 8])
    problems = list(chapter.length(notebook("word " * 1500, *(code(eight) for _ in range(19)))))
    assert problems == ["expected 0 to 150 lines of code in the page, got 152"]


def test_cell_that_is_no_python_does_not_stop_the_other_rules() -> None:
    assert list(chapter.parts_hold_what_they_promise(make(*HEADINGS, Quiz=[code("!ls")]))) == [
        "Quiz (at least five items, from one call of coursekit.exercises): "
        "expected a call quiz(…), got none"
    ]


def test_setup_exercises_and_quiz_do_not_count_as_code_of_the_page() -> None:
    told = code("y = 1")
    parts = [code(shared_cells.setup_cell()), told, "## Exercises", *STUBS, "## Quiz", code("q")]
    assert [cell.source for cell in chapter.own_code(notebook(*parts))] == ["y = 1"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("chapters/aggregation/vlad.ipynb", "long"),
        ("chapters/pooling/gem.ipynb", "long"),
        ("chapters/aggregation/at_the_board.ipynb", "short"),
        ("chapters/practice/large_scale.ipynb", "short"),
        ("exercises/vlad.ipynb", "none"),
    ],
)
def test_form_follows_from_the_place(path: str, form: str) -> None:
    assert contract.form_of(Path(path)) == form


def test_short_form_keeps_the_parts_that_fit() -> None:
    kept = [part.heading for part in contract.parts_of(Path("chapters/practice/large_scale.ipynb"))]
    assert kept == ["What you will learn", "Before you start", "Exercises", "What to remember"]
    assert rules_for(Path("exercises/vlad.ipynb")) == RULES
