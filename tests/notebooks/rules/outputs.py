"""Text outputs hold what another run, machine or BLAS kernel gives again, letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.notebooks.notebook import Notebook, text_outputs

MOST_DIGITS = 4
KINDS = frozenset({"stdout", "text/plain", "text/html", "text/latex", "text/markdown", "image/png"})

# A decimal number with its exponent; not part of a word, a version (1.26.4) or a file name.
DECIMAL = re.compile(r"(?<![\w.])(?P<whole>\d*)\.(?P<fraction>\d*)(?:[eE][+-]?\d+)?(?![\w.]*\w)")
FORBIDDEN = {
    "an address": re.compile(r"\b0x[0-9a-fA-F]{4,}"),
    "a timing": re.compile(
        r"\b\d[\d.]*\s?(?:ns|µs|us|ms|s|sec|secs|seconds|it/s)\b(?![-'’])"
        r"|Wall time|CPU times|per loop"
    ),
    "a progress bar": re.compile(r"\d%\|"),
    "a date or an hour": re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}:\d\d:\d\d\b"),
    "an absolute path": re.compile(r"(?<![\w:/.<~…)])/[\w.~-]+/[\w./~-]+|\b[A-Z]:\\|~/"),
    "a warning": re.compile(r"\b\w*Warning:"),
    "a script": re.compile(r"<script|javascript:|<[^>]+\son\w+=", re.IGNORECASE),
}


def kinds(notebook: Notebook) -> Iterator[str]:
    """Errors and the error stream are no outputs; SVG never matches; JPEG is not compared."""
    for cell in notebook.code:
        found = {kind for kind, _ in text_outputs(cell)} | {
            kind for output in cell.outputs for kind in output.get("data", {})
        }
        for kind in sorted(found - KINDS):
            if not (kind == "error" and cell.course.get("reason")):
                yield f"{cell}: expected outputs of {', '.join(sorted(KINDS))}, got {kind}"


def reproducible_text(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        for kind, text in text_outputs(cell):
            for name, pattern in FORBIDDEN.items():
                found = pattern.search(text)
                if found:
                    got = f"{name} in {kind}: {found[0]!r}"
                    yield f"{cell}: expected text that any run repeats, got {got}"


def significant_digits(notebook: Notebook) -> Iterator[str]:
    """Whole numbers may be as long as they are, also when written 16384.0."""
    for cell in notebook.code:
        for _, text in text_outputs(cell):
            for number in DECIMAL.finditer(text):
                digits = _significant(number["whole"], number["fraction"])
                if digits > MOST_DIGITS:
                    yield f"{cell}: expected at most {MOST_DIGITS} digits, got {number[0]}"


def _significant(whole: str, fraction: str) -> int:
    """Count the digits that a decimal claims: leading zeros do not count, 0.1230 claims four."""
    if not fraction.strip("0"):
        return 0  # a whole number
    return len((whole + fraction).lstrip("0"))
