"""What an exercise and a quiz item are; the chapters' files fill them in.

An entry holds everything about one exercise: what the reader sees, the reference, the inputs it is
tried on, and the wrong ideas that `coursekit.exercises.check` recognises. Statements are portable
Markdown (CommonMark and ``$…$``). All other text (hints, solutions, quiz) also appears in terminals
and in HTML: plain sentences, mathematics in Unicode, code between back-quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from coursekit.validation import check_choice

Kind: TypeAlias = Literal[
    "predict", "complete", "implement", "find the bug", "decide", "derive", "construct", "measure"
]
KINDS: tuple[Kind, ...] = (
    "predict", "complete", "implement", "find the bug", "decide", "derive", "construct", "measure"
)  # fmt: skip
Form: TypeAlias = Literal["function", "construction", "choice", "value"]
Probe: TypeAlias = tuple[Any, ...]  # the positional arguments of one call
Probes: TypeAlias = Callable[[np.random.Generator], Iterable[Probe]]
Verify: TypeAlias = Callable[[Any], str | None]
Evidence: TypeAlias = Callable[[Any], tuple[tuple[str, str], ...]]
MIN_MISTAKES = 3


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong idea that students really have, and what its author needs to hear.

    Parameters
    ----------
    name : str
        The idea, as a clause: "the centre was not subtracted".
    answer : object
        What a student with this idea hands in: a function, a value or a construction.
    hint : str
        Where the idea goes wrong, without giving the answer away.
    """

    name: str
    answer: Any
    hint: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise.

    Parameters
    ----------
    id : str
        "chapter.name", what `check` is called with.
    title : str
        A few words, without number.
    kind : one of KINDS
        What the student does.
    statement : str
        Portable Markdown, without the title.
    stub : str
        Source of the student's cell, without its last line, the call of `check`.
    answer : str
        The expression that the cell hands to `check`, usually the function's name.
    reference : object
        A right answer.
    mistakes : tuple of Mistake
        At least three.
    hints : tuple of str
        For an undiagnosed answer, from the gentlest to the plainest.
    solution : str
        Why the reference is right; shown once the answer is, and on the solutions page.
    probes : callable, optional
        ``rng -> inputs``, smallest first: the answer is a function, called on each of them. An
        input is a tuple of positional arguments. Hand-sized ones with whole numbers come first
        (a counterexample that can be read), seeded random ones after them.
    verify : callable, optional
        ``answer -> name of the mistake it shows, or None``: the answer is a construction, and there
        is more than one right answer. It raises ValueError or TypeError on a malformed answer.
    evidence : callable, optional
        ``construction -> (label, value) lines``, shown beside the mistake that `verify` names.
    choices : tuple of str
        The names to choose from, where the answer is one of them.
    nan_hint : str
        For an answer with NaN or infinity: what is divided by zero here, and what to do about it.
    tolerance : float
        Largest error that passes, relative to the largest entry of the reference.

    Raises
    ------
    ValueError
        If there are fewer than three mistakes, the kind is unknown, or more than one of `probes`,
        `verify` and `choices` is given.
    """

    id: str
    title: str
    kind: Kind
    statement: str
    stub: str
    answer: str
    reference: Any
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    solution: str
    probes: Probes | None = None
    verify: Verify | None = None
    evidence: Evidence | None = None
    choices: tuple[str, ...] = ()
    nan_hint: str = ""
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", KINDS)
        if len(self.mistakes) < MIN_MISTAKES:
            raise ValueError(
                f"mistakes: expected at least {MIN_MISTAKES} for {self.id}, "
                f"got {len(self.mistakes)}"
            )
        forms = [self.probes is not None, self.verify is not None, bool(self.choices)]
        if sum(forms) > 1:
            raise ValueError(
                f"probes, verify, choices: expected at most one for {self.id}, got {sum(forms)}"
            )

    @property
    def chapter(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def form(self) -> Form:
        """How the answer is judged."""
        if self.probes is not None:
            return "function"
        if self.verify is not None:
            return "construction"
        return "choice" if self.choices else "value"


@dataclass(frozen=True)
class Option:
    """One option of a quiz item: its text, why it is right or wrong, and whether it is right."""

    text: str
    explanation: str
    right: bool = False


@dataclass(frozen=True)
class QuizItem:
    """One question with its options, in the order they are shown; at least one is right.

    Raises
    ------
    ValueError
        If there are fewer than two options, or none is right.
    """

    question: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        right = sum(option.right for option in self.options)
        if len(self.options) < 2 or right == 0:
            raise ValueError(
                "options: expected at least two, one of them right, "
                f"got {len(self.options)} with {right} right"
            )


@dataclass(frozen=True, eq=False)
class Chapter:
    """All that the bank holds for one chapter, in the order of its page.

    Parameters
    ----------
    title : str
        As on the page.
    page : str
        File of the chapter, below ``chapters/``.
    exercises : tuple of Exercise
    quiz : tuple of QuizItem
    """

    title: str
    page: str
    exercises: tuple[Exercise, ...]
    quiz: tuple[QuizItem, ...]
