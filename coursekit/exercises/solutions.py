"""The solutions page of a chapter, written from the bank.

``python -m coursekit.exercises.solutions`` writes the pages of all chapters. They are MyST for
Jupyter Book; solutions and wrong ideas are folded until a reader opens them.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from coursekit.exercises.bank import Exercise
from coursekit.exercises.catalogue import chapters, exercise_cells, exercises, find_chapter
from coursekit.exercises.numeric import read_numbers, show

FOLDER = Path("chapters", "solutions")
_NOTICE = "Written by `python -m coursekit.exercises.solutions`; change the bank, not this page."


def solutions_page(chapter: str) -> str:
    """Return the page of one chapter.

    Parameters
    ----------
    chapter : str
        Such as "vlad".

    Returns
    -------
    str
        MyST Markdown: for each exercise the statement, the reference, and the named wrong ideas
        with their hints.

    Raises
    ------
    ValueError
        If the bank has no such chapter.

    Examples
    --------
    >>> solutions_page("vlad").splitlines()[0]
    '# Solutions: VLAD'
    """
    entry = find_chapter(chapter)
    head = (
        f"# Solutions: {entry.title}\n\n"
        f"% {_NOTICE}\n\n"
        f"To the exercises of the chapter [{entry.title}](../{entry.page}). Try first: `check` "
        "tells you which idea went wrong, and a hint is worth more than a solution."
    )
    sections = [_section(exercise) for exercise in exercises(chapter)]
    return "\n\n".join([head, *sections]) + "\n"


def right_answer(exercise: Exercise) -> str:
    """Return the right answer as code that can be pasted into the student's cell.

    Parameters
    ----------
    exercise : Exercise

    Returns
    -------
    str

    Examples
    --------
    >>> right_answer(exercises("vlad")[0])
    'dimension = 2560'
    """
    if exercise.form == "function":
        source = inspect.getsource(exercise.reference).rstrip()
        names = ", ".join(inspect.signature(exercise.reference).parameters)
        # A reader's notebook does not know our type aliases.
        return re.sub(r"\A(def \w+)\(.*?\).*?:\n", rf"\1({names}):\n", source, flags=re.DOTALL)
    if exercise.form == "choice":
        return f'{exercise.answer} = "{exercise.reference}"'
    parts = exercise.reference if isinstance(exercise.reference, tuple) else (exercise.reference,)
    return f"{exercise.answer} = {', '.join(show(read_numbers(part)) for part in parts)}"


def write_solutions(folder: Path = FOLDER) -> None:
    """Write the pages of all chapters.

    Parameters
    ----------
    folder : Path
        Where they go; it exists.
    """
    for chapter in chapters():
        page = solutions_page(chapter)
        (folder / f"{chapter}.md").write_text(page, encoding="utf-8", newline="\n")


def _section(exercise: Exercise) -> str:
    statement, _ = exercise_cells(exercise.id)
    answer = f"```python\n{right_answer(exercise)}\n```\n\n{exercise.solution}"
    ideas = "\n".join(f"- *{mistake.name}*: {mistake.hint}" for mistake in exercise.mistakes)
    return "\n\n".join(
        [
            statement.removeprefix("#"),
            _dropdown("Solution", answer),
            _dropdown("Wrong ideas, and the hint to each", ideas),
        ]
    )


def _dropdown(title: str, body: str) -> str:
    return f"````{{dropdown}} {title}\n{body}\n````"


if __name__ == "__main__":
    write_solutions(*map(Path, sys.argv[1:]))
