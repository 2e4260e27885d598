"""The chapter itself, broken on a copy in each way that a rule is there to notice."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.notebooks.notebook import Notebook
from tests.notebooks.rules import rules_for
from tests.notebooks.samples import ROOT

CHAPTER = ROOT / "chapters" / "aggregation" / "vlad.ipynb"

Cells = list[Any]


def code(cells: Cells) -> Cells:
    return [cell for cell in cells if cell.cell_type == "code"]


def plot(cells: Cells) -> Any:
    return next(cell for cell in code(cells) if "mystnb" in cell.metadata)


def from_bank(cells: Cells, part: str) -> Any:
    return next(c for c in cells if c.metadata.get("coursekit", {}).get("part") == part)


def markdown(cells: Cells, text: str) -> Any:
    return next(cell for cell in cells if cell.cell_type == "markdown" and text in cell.source)


def forget_execution(cells: Cells) -> None:
    code(cells)[3].execution_count = None
    code(cells)[3].outputs = []


def run_out_of_order(cells: Cells) -> None:
    third, fourth = code(cells)[2:4]
    third.execution_count, fourth.execution_count = 4, 3


def delete_output(cells: Cells) -> None:
    next(cell for cell in code(cells) if re.search("^print", cell.source, re.M)).outputs = []


def ignore_output(cells: Cells) -> None:
    code(cells)[3].metadata["tags"] = ["nbval-ignore-output"]


def assert_a_number(cells: Cells) -> None:
    code(cells)[3].source = "assert len(words) == 5\n" + code(cells)[3].source


def write_directive(cells: Cells) -> None:
    markdown(cells, "## Intuition").source += "\n\n```{note}\nMind this.\n```"


def write_role(cells: Cells) -> None:
    markdown(cells, "## Intuition").source += "\n\nSee {ref}`vlad-sums`."


def forget_alternative_text(cells: Cells) -> None:
    del plot(cells).metadata["mystnb"]["image"]


def forget_caption(cells: Cells) -> None:
    del plot(cells).metadata["mystnb"]["figure"]["caption"]


def forget_semicolon(cells: Cells) -> None:
    plot(cells).source = plot(cells).source.rstrip(" ;")


def link_to_nowhere(cells: Cells) -> None:
    markdown(cells, "## Intuition").source += "\n\nSee [BoW](no_such_chapter.ipynb)."


def refer_to_no_equation(cells: Cells) -> None:
    markdown(cells, "## References").source += '\n\nSee <a href="#eq-none">(9)</a>.'


def renumber_equation(cells: Cells) -> None:
    cell = markdown(cells, r"\tag{1}")
    cell.source = cell.source.replace(r"\tag{1}", r"\tag{7}")


def edit_setup(cells: Cells) -> None:
    code(cells)[0].source += "\nprint('ready')"


def edit_statement(cells: Cells) -> None:
    from_bank(cells, "statement").source += " Good luck!"


def edit_stub(cells: Cells) -> None:
    from_bank(cells, "stub").source = "dimension = 8192"


def print_an_address(cells: Cells) -> None:
    _printed(cells).text += "<VLAD at 0x7f00aa00bb>\n"


def print_many_digits(cells: Cells) -> None:
    _printed(cells).text += "0.123456\n"


def print_a_warning(cells: Cells) -> None:
    _printed(cells).name = "stderr"


def add_editor_metadata(cells: Cells) -> None:
    cells[2].metadata["vscode"] = {"languageId": "python"}


def lose_a_part(cells: Cells) -> None:
    cell = markdown(cells, "## What goes wrong")
    cell.source = cell.source.replace("## What goes wrong", "## Pitfalls")


def lose_the_quiz(cells: Cells) -> None:
    next(cell for cell in code(cells) if 'quiz("' in cell.source).source = "x = 1"


def lose_exercises(cells: Cells) -> None:
    cells[:] = [cell for cell in cells if "coursekit" not in cell.metadata]


def forget_french(cells: Cells) -> None:
    cells[0].source = "# VLAD\n\nTwo photos."


def write_at_length(cells: Cells) -> None:
    markdown(cells, "## Intuition").source += "\n\n" + "and so on " * 900


def _printed(cells: Cells) -> Any:
    outputs = (output for cell in code(cells) for output in cell.outputs)
    return next(output for output in outputs if output.output_type == "stream")


BREAKAGES: dict[Callable[[Cells], None], str] = {
    forget_execution: "cells were executed in order",
    run_out_of_order: "cells were executed in order",
    delete_output: "printed outputs are stored",
    ignore_output: "ignore tags have a reason",
    assert_a_number: "nothing is asserted",
    write_directive: "Markdown holds no raw MyST",
    write_role: "Markdown holds no raw MyST",
    forget_alternative_text: "figures have alternative text",
    forget_caption: "figures have names and captions",
    forget_semicolon: "plot cells return nothing",
    link_to_nowhere: "linked pages exist",
    refer_to_no_equation: "linked anchors exist",
    renumber_equation: "equations are numbered and referred to by number",
    edit_setup: "the set-up cell comes first",
    edit_statement: "exercises equal the bank",
    edit_stub: "exercises equal the bank",
    print_an_address: "outputs hold nothing that varies",
    print_many_digits: "outputs have at most 4 significant digits",
    print_a_warning: "outputs are of known kinds",
    add_editor_metadata: "cell metadata is ours",
    lose_a_part: "the parts of a chapter are there, in order",
    lose_the_quiz: "each part holds what it promises",
    lose_exercises: "each part holds what it promises",
    forget_french: "the title names the French term",
    write_at_length: "prose and code keep their length",
}


@pytest.fixture(scope="module")
def chapter() -> Notebook:
    return Notebook.read(CHAPTER)


def broken_rules(notebook: Notebook) -> set[str]:
    return {rule.name for rule in rules_for(CHAPTER) if list(rule.check(notebook))}


def test_chapter_keeps_every_rule(chapter: Notebook) -> None:
    assert broken_rules(chapter) == set()


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.__name__)
def test_breakage_is_noticed(breakage: Callable[[Cells], None], chapter: Notebook) -> None:
    node = copy.deepcopy(chapter.node)
    breakage(node.cells)
    new = broken_rules(Notebook(CHAPTER, node)) - broken_rules(chapter)
    assert BREAKAGES[breakage] in new
