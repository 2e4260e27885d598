"""What `check` answers: the same content as text for a terminal and as inert HTML."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

from coursekit.exercises.markup import inline

Status: TypeAlias = Literal["passed", "failed", "diagnosed", "unanswered"]
Facts: TypeAlias = tuple[tuple[str, str], ...]

SYMBOLS: dict[Status, str] = {"passed": "✓", "failed": "✗", "diagnosed": "✗", "unanswered": "○"}

_WIDTH = 88  # of text in a terminal, without its indentation

# Colours come from the site's style sheet; elsewhere (Colab, a plain notebook) the box takes the
# colours of the page, whatever its theme.
_BOX = "border-left-style: solid; border-left-width: .25em; padding: .3em 1em"
_PRE = "white-space: pre-wrap; overflow-wrap: anywhere"


@dataclass(frozen=True)
class Feedback:
    """The verdict on one answer; its text is the same in every run.

    Parameters
    ----------
    exercise : str
        The exercise's id.
    status : {"passed", "failed", "diagnosed", "unanswered"}
        "diagnosed" is failed with a named idea.
    verdict : str
        A few words.
    message : str
        What to do with it.
    facts : tuple of (label, value)
        The evidence: the input, what was expected, what came.
    hints : tuple of str
        From the gentlest to the plainest.
    n_hints : int
        How many of them the text shows; the HTML folds each one.
    mistake : str, optional
        The named wrong idea.
    """

    exercise: str
    status: Status
    verdict: str
    message: str = ""
    facts: Facts = ()
    hints: tuple[str, ...] = ()
    n_hints: int = 1
    mistake: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status == "passed"

    @property
    def headline(self) -> str:
        """The first line: symbol, exercise, verdict."""
        return f"{SYMBOLS[self.status]} {self.exercise} · {self.verdict}"

    def _fact_lines(self) -> list[str]:
        width = max((len(label) for label, _ in self.facts), default=0)
        return [f"{label:<{width}} : {value}" for label, value in self.facts]

    def __repr__(self) -> str:
        lines = [self.headline, *textwrap.wrap(self.message, _WIDTH), *self._fact_lines()]
        if self.status == "failed":
            for hint in self.hints[: self.n_hints]:
                lines += textwrap.wrap(f"Hint: {hint}", _WIDTH)
            if self.n_hints < len(self.hints):
                lines.append(f"The next hint: check(…, hints={self.n_hints + 1})")
        return "\n  ".join(lines)

    def _repr_html_(self) -> str:
        symbol = f'<span aria-hidden="true">{SYMBOLS[self.status]}</span>'
        parts = [
            f"<p><strong>{symbol} {inline(self.verdict[:1].upper() + self.verdict[1:])}</strong> "
            f"<code>{escape(self.exercise)}</code></p>"
        ]
        if self.message:
            parts.append(f"<p>{inline(self.message)}</p>")
        if self.facts:
            parts.append(f'<pre style="{_PRE}">{escape(chr(10).join(self._fact_lines()))}</pre>')
        parts += [
            f"<details><summary>Hint {number}</summary><p>{inline(hint)}</p></details>"
            for number, hint in enumerate(self.hints, start=1)
        ]
        body = "\n".join(parts)
        return f'<div class="ck-feedback ck-{self.status}" style="{_BOX}">\n{body}\n</div>'
