"""The rules that notebooks keep: each reads a notebook and yields what is wrong with it.

One line of the table is one test of every notebook, named as the fact that it checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.notebooks.contract import form_of
from tests.notebooks.notebook import Notebook
from tests.notebooks.rules import (
    chapter,
    execution,
    links,
    markdown,
    metadata,
    outputs,
    pictures,
    shared_cells,
)

__all__ = ["CHAPTER_RULES", "RULES", "Rule", "rules_for"]


@dataclass(frozen=True)
class Rule:
    """A fact about a notebook, and the function that looks for exceptions to it."""

    name: str
    check: Callable[[Notebook], Iterator[str]]


RULES = (
    Rule("cells were executed in order", execution.executed_in_order),
    Rule("printed outputs are stored", execution.printed_outputs_are_stored),
    Rule("ignore tags have a reason", execution.exceptions_have_a_reason),
    Rule("tolerances have a reason", execution.tolerances_have_a_reason),
    Rule("nothing is asserted", execution.nothing_is_asserted),
    Rule("cells are plain Python", execution.plain_python),
    Rule("outputs are of known kinds", outputs.kinds),
    Rule("outputs hold nothing that varies", outputs.reproducible_text),
    Rule("outputs have at most 4 significant digits", outputs.significant_digits),
    Rule("a cell draws one figure", pictures.one_figure_a_cell),
    Rule("figures have alternative text", pictures.alternative_text),
    Rule("figures have names and captions", pictures.names_and_captions),
    Rule("plot cells return nothing", pictures.plot_cells_return_nothing),
    Rule("Markdown holds no raw MyST", markdown.no_raw_myst),
    Rule("Markdown holds no script", markdown.no_scripts),
    Rule("formulas are closed", markdown.closed_formulas),
    Rule("linked pages exist", links.pages_exist),
    Rule("linked anchors exist", links.anchors_exist),
    Rule("anchors are linked in HTML", links.anchors_are_linked_in_html),
    Rule("equations are numbered and referred to by number", links.equations_are_numbered),
    Rule("images in Markdown are described", links.images_are_described),
    Rule("notebook metadata is the common one", metadata.notebook_metadata),
    Rule("cell metadata is ours", metadata.cell_metadata),
    Rule("the set-up cell comes first", shared_cells.starts_with_the_setup_cell),
    Rule("exercises equal the bank", shared_cells.exercises_equal_the_bank),
)

CHAPTER_RULES = (
    Rule("the title names the French term", chapter.title_with_the_french_term),
    Rule("the parts of a chapter are there, in order", chapter.parts_in_order),
    Rule("each part holds what it promises", chapter.parts_hold_what_they_promise),
)
LENGTH = Rule("prose and code keep their length", chapter.length)


def rules_for(path: Path) -> tuple[Rule, ...]:
    """Return the rules of a notebook, by where it lives."""
    form = form_of(path)
    if form == "none":
        return RULES
    return (*RULES, *CHAPTER_RULES, *((LENGTH,) if form == "long" else ()))
