"""Stored text against computed text, letter by letter or within a tolerance.

Within a tolerance, a line is cut into numbers and the rest. The rest has to agree exactly, but for
spaces beside a number, which make up for its width. Digits that belong to a word (`photo_0`), a
version or a file name are no number but part of the rest, and so are NaN and infinity. Words that
the cell lets come and go are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

from tests.notebooks.tolerance import EXACT, Tolerance

NUMBER = re.compile(
    r"(?<![\w.])"  # not within a word or a version
    r"(?P<sign>(?<![)\]])[+\-−])?"  # after a bracket it is a subtraction
    r"(?P<digits>(?:\d+(?P<fraction>\.\d*)?|(?P<bare>\.\d+))(?P<exponent>[eE][+-]?\d+)?)"
    r"(?!\.?\w)"
)
LONGEST_LINE = 100  # characters of a line that are shown
MISSING = "(no such line)"
MARK = "\0"


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str
    start: int
    value: float
    is_decimal: bool  # 2.50, 1e-3, and 2. as NumPy writes it
    is_round: bool  # no digit after the point: 2, and 2. at the end of a sentence
    sign: str  # '+', '-' or none


@dataclass(frozen=True)
class Difference:
    """Where two lines first differ, counted in characters, and why."""

    reason: str
    at: tuple[int, int] = (0, 0)


def compare(stored: str, computed: str, tolerance: Tolerance | None, name: str) -> list[str]:
    """Return what differs between two texts, as the lines of a message; none if nothing does.

    Parameters
    ----------
    stored, computed : str
    tolerance : Tolerance or None
        None compares letter by letter.
    name : str
        What the text is: stdout, text/html …
    """
    lines = list(zip_longest(stored.split("\n"), computed.split("\n")))
    differences = [_difference(before, after, tolerance) for before, after in lines]
    found = [number for number, difference in enumerate(differences) if difference]
    if not found:
        return []
    first, (before, after) = differences[found[0]], lines[found[0]]
    message = [
        f"{name}, line {found[0] + 1}: {first.reason}",
        f"  stored:   {_excerpt(before, first.at[0])}",
        f"  computed: {_excerpt(after, first.at[1])}",
    ]
    return message + [f"  ({len(found)} lines differ in all)"] * (len(found) > 1)


def _difference(
    stored: str | None, computed: str | None, tolerance: Tolerance | None
) -> Difference | None:
    if stored == computed:
        return None
    if stored is None:
        return Difference("expected no more lines, got one more")
    if computed is None:
        return Difference("expected one more line, got none")
    if tolerance is not None:
        return _beyond(stored, computed, tolerance)
    return _beyond(stored, computed, EXACT) or _other_letters(stored, computed)


def _beyond(stored: str, computed: str, tolerance: Tolerance) -> Difference | None:
    words, numbers = _split(stored, tolerance.words)
    new_words, new_numbers = _split(computed, tolerance.words)
    if words != new_words:
        return _other_letters(stored, computed)
    for before, after in zip(numbers, new_numbers, strict=True):
        reason = _gap(before, after, tolerance)
        if reason:
            return Difference(reason, (before.start, after.start))
    return None


def _other_letters(stored: str, computed: str) -> Difference:
    pairs = zip(stored, computed, strict=False)
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return Difference("expected the same letters, got others", (at, at))


def _split(line: str, passing: Sequence[str]) -> tuple[str, list[Number]]:
    """Return a line with a mark for each number, spaces beside it gone, and the numbers.

    Of the words that may come and go, and the spaces before them, nothing is left.
    """
    for word in passing:
        line = re.sub(rf" *\b{word}\b", "", line)
    numbers = [_number(found) for found in NUMBER.finditer(line)]
    return re.sub(f" *{MARK} *", MARK, NUMBER.sub(MARK, line)), numbers


def _number(found: re.Match[str]) -> Number:
    sign = (found["sign"] or "").replace("−", "-")
    fraction = found["fraction"] or found["bare"] or ""
    return Number(
        text=found[0],
        start=found.start(),
        value=float(sign + found["digits"]),
        is_decimal=bool(fraction or found["exponent"]),
        is_round=len(fraction) < 2 and not found["exponent"],
        sign=sign,
    )


def _gap(stored: Number, computed: Number, tolerance: Tolerance) -> str:
    """Say why two numbers are not the same; an empty string when they are."""
    told = f"expected {stored.text}, got {computed.text}"
    if stored.is_decimal != computed.is_decimal:
        return f"{told}: one is whole, the other is not"
    # A plus is written before every positive number, or before none.
    if {stored.sign, computed.sign} == {"+", ""}:
        return f"{told}: one has a sign, the other has none"
    whole = stored.is_round and computed.is_round
    bound = tolerance.whole if whole else tolerance.decimals
    allowed, apart = bound.around(stored.value), abs(stored.value - computed.value)
    if apart <= allowed * (1 + 1e-9):  # 0.53 is within 0.03 of 0.5, rounding or not
        return ""
    return f"{told}; they may be {allowed:.2g} apart" if allowed else told


def _excerpt(line: str | None, at: int) -> str:
    """Return the line, or what of a long one stands around a place."""
    if line is None:
        return MISSING
    start = max(0, min(at - LONGEST_LINE // 2, len(line) - LONGEST_LINE))
    shown = line[start : start + LONGEST_LINE]
    return "…" * (start > 0) + shown + "…" * (start + len(shown) < len(line))
