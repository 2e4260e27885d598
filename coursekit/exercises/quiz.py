"""The quiz of a chapter, as inert HTML that works without a script and as text for a terminal.

Each option is a ``<details>``: opening it says right or wrong, and why. The site's ``quiz.js`` adds
marks and a score; it reads the classes and ``data-right`` written here.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from string import ascii_uppercase

from coursekit.exercises.bank import Option, QuizItem
from coursekit.exercises.catalogue import quiz_items
from coursekit.exercises.markup import inline

_WIDTH = 92


@dataclass(frozen=True)
class Quiz:
    """The questions of one chapter.

    Parameters
    ----------
    chapter : str
        Names the elements, so that a page can hold several quizzes.
    items : tuple of QuizItem
    """

    chapter: str
    items: tuple[QuizItem, ...]

    def __repr__(self) -> str:
        blocks = [_as_text(number, item) for number, item in enumerate(self.items, start=1)]
        answers = [
            _fill(f"{number}. {_letters(item)}: {_reason(item)}", "   ")
            for number, item in enumerate(self.items, start=1)
        ]
        return "\n\n".join([*blocks, "Answers\n" + "\n".join(answers)])

    def _repr_html_(self) -> str:
        name = f"quiz-{self.chapter}"
        questions = "\n".join(
            _as_html(f"{name}-{number}", item) for number, item in enumerate(self.items, start=1)
        )
        return f'<div class="ck-quiz" id="{name}">\n<ol>\n{questions}\n</ol>\n</div>'


def quiz(chapter: str) -> Quiz:
    """Return the quiz of a chapter; a notebook shows it when it ends a cell.

    Parameters
    ----------
    chapter : str
        Such as "vlad".

    Returns
    -------
    Quiz

    Raises
    ------
    ValueError
        If the chapter has none; the message names the closest ones.

    Examples
    --------
    >>> print(str(quiz("vlad")).splitlines()[0])
    1. In the glyph of some v_k, one corner has a long blue stroke. What does the stroke say?
    """
    return Quiz(chapter, quiz_items(chapter))


def _as_html(name: str, item: QuizItem) -> str:
    options = "\n".join(
        _option_as_html(f"{name}-{letter.lower()}", letter, option)
        for letter, option in zip(ascii_uppercase, item.options, strict=False)
    )
    return f'<li class="ck-question" id="{name}">\n<p>{inline(item.question)}</p>\n{options}\n</li>'


def _option_as_html(name: str, letter: str, option: Option) -> str:
    right = "true" if option.right else "false"
    verdict = "✓ Right." if option.right else "✗ No."
    return (
        f'<details class="ck-option" id="{name}" data-right="{right}">'
        f"<summary>{letter}. {inline(option.text)}</summary>"
        f"<p><strong>{verdict}</strong> {inline(option.explanation)}</p></details>"
    )


def _as_text(number: int, item: QuizItem) -> str:
    options = [
        _fill(f"   {letter}. {option.text}", "      ")
        for letter, option in zip(ascii_uppercase, item.options, strict=False)
    ]
    return "\n".join([_fill(f"{number}. {item.question}", "   "), *options])


def _letters(item: QuizItem) -> str:
    pairs = zip(ascii_uppercase, item.options, strict=False)
    return " and ".join(letter for letter, option in pairs if option.right)


def _reason(item: QuizItem) -> str:
    return " ".join(option.explanation for option in item.options if option.right)


def _fill(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent=indent)
