"""The bank: which chapters have exercises, and how to find an entry by its name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from coursekit.exercises import vlad, which_one_wins
from coursekit.exercises.bank import Chapter, Exercise, QuizItem

T = TypeVar("T")
_BANK = {  # a new chapter is one more entry
    "vlad": vlad.CHAPTER,
    "which_one_wins": which_one_wins.CHAPTER,
}


def chapters() -> tuple[str, ...]:
    """Return the chapters that have exercises, in the order of the course.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "vlad" in chapters()
    True
    """
    return tuple(_BANK)


def find_chapter(chapter: str) -> Chapter:
    """Return what the bank holds for a chapter.

    Parameters
    ----------
    chapter : str
        Such as "vlad".

    Returns
    -------
    Chapter

    Raises
    ------
    ValueError
        If it holds nothing; the message names the closest ones.

    Examples
    --------
    >>> find_chapter("vlad").title
    'VLAD'
    """
    return _look_up(_BANK, chapter, "chapter")


def exercises(chapter: str) -> tuple[Exercise, ...]:
    """Return the exercises of a chapter, in the order of its page.

    Parameters
    ----------
    chapter : str
        Such as "vlad".

    Returns
    -------
    tuple of Exercise

    Raises
    ------
    ValueError
        If the chapter has none; the message names the closest ones.

    Examples
    --------
    >>> exercises("vlad")[0].id
    'vlad.dimension'
    """
    return find_chapter(chapter).exercises


def quiz_items(chapter: str) -> tuple[QuizItem, ...]:
    """Return the quiz of a chapter, in the order of its page.

    Parameters
    ----------
    chapter : str
        Such as "vlad".

    Returns
    -------
    tuple of QuizItem

    Raises
    ------
    ValueError
        If the chapter has none; the message names the closest ones.

    Examples
    --------
    >>> len(quiz_items("vlad")) >= 5
    True
    """
    return find_chapter(chapter).quiz


def find(exercise_id: str) -> Exercise:
    """Return one exercise.

    Parameters
    ----------
    exercise_id : str
        Such as "vlad.residual_sums".

    Returns
    -------
    Exercise

    Raises
    ------
    ValueError
        If there is none of that name; the message names the closest ones.

    Examples
    --------
    >>> find("vlad.dimension").kind
    'predict'
    """
    bank = {exercise.id: exercise for chapter in chapters() for exercise in exercises(chapter)}
    return _look_up(bank, exercise_id, "exercise_id")


def exercise_cells(exercise_id: str) -> tuple[str, str]:
    """Return the two cells of an exercise in a notebook, which hold a copy of the bank's text.

    Parameters
    ----------
    exercise_id : str
        Such as "vlad.residual_sums".

    Returns
    -------
    statement : str
        Source of the Markdown cell: heading with the number in the chapter, kind, statement.
    stub : str
        Source of the code cell, which ends in the call of `check`.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> statement, stub = exercise_cells("vlad.dimension")
    >>> print(statement.splitlines()[0])
    ### Exercise 1 · How many numbers?
    >>> print(stub)
    dimension = ...  # a whole number
    <BLANKLINE>
    check("vlad.dimension", dimension)
    """
    exercise = find(exercise_id)
    number = exercises(exercise.chapter).index(exercise) + 1
    heading = f"### Exercise {number} · {exercise.title}"
    kind = f"*{exercise.kind.capitalize()}.*"
    statement = f"{heading}\n\n{kind} {exercise.statement.strip()}"
    return statement, f'{exercise.stub.strip()}\n\ncheck("{exercise.id}", {exercise.answer})'


def _look_up(known: Mapping[str, T], key: str, name: str) -> T:
    """Return ``known[key]``, or say which names come close."""
    if not isinstance(key, str):
        raise TypeError(f"{name}: expected a string, got {type(key).__name__}")
    if key not in known:
        close = get_close_matches(key, known, n=3, cutoff=0.4) or sorted(known)
        names = ", ".join(map(repr, close))
        raise ValueError(f"{name}: expected a name in the bank, such as {names}, got {key!r}")
    return known[key]
