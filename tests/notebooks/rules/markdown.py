"""Markdown that GitHub, Colab and Jupyter show as the site does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.notebooks.notebook import Notebook, without_code, without_mathematics

RAW_MYST = {
    "a directive": re.compile(r"^[ ]*(?:```+|~~~+)[ ]*\{[^}\n]+\}", re.MULTILINE),
    "a colon fence": re.compile(r"^[ ]*:::+", re.MULTILINE),
    "a role": re.compile(r"\{[A-Za-z][\w:+-]*\}`[^`\n]+`"),
    "a target": re.compile(r"^\([\w:. -]+\)=[ ]*$", re.MULTILINE),
    "an equation label": re.compile(r"\$\$[ ]*\([\w:.-]+\)"),
    "a comment": re.compile(r"^%[ ]", re.MULTILINE),
    "a block break": re.compile(r"^\+\+\+", re.MULTILINE),
    "inline attributes": re.compile(r"(?<=[)\]`])\{[.#][^}\n]*\}"),
    "a footnote": re.compile(r"\[\^[^\]\n]+\]"),
}
SCRIPT = re.compile(r"<script|<style|<iframe|javascript:", re.IGNORECASE)
DOLLARS = re.compile(r"(?<!\\)\$")


def no_raw_myst(notebook: Notebook) -> Iterator[str]:
    """Colab shows directives and roles as text."""
    for cell in notebook.markdown:
        for name, pattern in RAW_MYST.items():
            found = pattern.search(cell.source)
            if found:
                yield f"{cell}: expected CommonMark and $…$, got {name}: {found[0].strip()!r}"


def no_scripts(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.markdown:
        found = SCRIPT.search(cell.source)
        if found:
            yield f"{cell}: expected inert text, got {found[0]!r}"


def closed_formulas(notebook: Notebook) -> Iterator[str]:
    """An odd dollar turns the rest of a paragraph into a formula, or a formula into text."""
    for cell in notebook.markdown:
        left = DOLLARS.findall(without_mathematics(without_code(cell.source)))
        if left:
            yield f"{cell}: expected each $ to close, got {len(left)} left over"
