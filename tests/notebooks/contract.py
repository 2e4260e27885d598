"""The chapter contract: the headings that every chapter has, in this order, and its limits.

Other sections may stand between these. Below each heading `rules.chapter` looks for what the table
says. The long form holds for the chapters on methods; chapters of `practice/` and `at_the_board`
keep the parts marked `short`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Part:
    """A heading of the contract and what stands below it."""

    heading: str
    holds: str
    short: bool = False


PARTS = (
    Part(
        "What you will learn", "a list; each item opens with a verb that can be tested", short=True
    ),
    Part("Before you start", "prerequisites with links, minutes, slides (S10–S14)", short=True),
    Part("Intuition", "prose before any formula"),
    Part("The formula", "a displayed formula with its number, and a list that names the symbols"),
    Part("By hand", "a small example, computed, and printed from coursekit too"),
    Part("On real photos", "coursekit on photographs, and a figure"),
    Part("What goes wrong", "wrong variants that are run, with their effect"),
    Part("Exercises", "at least five exercises: statement, stub, check", short=True),
    Part("Quiz", "at least five items, from one call of coursekit.exercises"),
    Part("What to remember", "a list", short=True),
    Part("References", "a list with years; it says which equations of the paper are meant"),
)

# A verb can be tested when somebody can watch a student do it: not understand, know, discover.
VERBS = frozenset(
    """
    apply argue assign build choose compare compute count decide derive describe diagnose draw
    estimate evaluate explain find implement interpret judge locate measure name order predict
    prove rank read recognise reconstruct relate show sketch solve spot state tell trace use verify
    write
    """.split()  # noqa: SIM905 - a list of forty lines reads worse
)

WORDS = (1_500, 2_800)  # of prose, without exercises
CODE_CELLS = (12, 30)  # without set-up, exercises and quiz; about 20
CODE_LINES = 150  # in those cells; blank lines, comments and imports aside
CELL_LINES = 12  # in each of them
FEWEST_EXERCISES = 5
FEWEST_QUIZ_ITEMS = 5
FEWEST_ITEMS = 3  # of a list

Form = Literal["long", "short", "none"]


def form_of(path: Path) -> Form:
    """Tell which form of the contract holds for a notebook, by where it lives."""
    if path.parent.name == "practice" or path.stem == "at_the_board":
        return "short"
    return "long" if path.parent.name in ("aggregation", "pooling") else "none"


def parts_of(path: Path) -> tuple[Part, ...]:
    """Return the parts that a notebook has to have, in order."""
    form = form_of(path)
    return tuple(part for part in PARTS if form == "long" or (form == "short" and part.short))
