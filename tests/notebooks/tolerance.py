"""How far a number or a figure may be from the stored one, where features may differ.

The bounds stand here and nowhere else. They hold in the cells that depend on features
(`tests.notebooks.dependence`); all others are compared exactly. A cell may state its own in
``metadata.coursekit.tolerance``, with the reason::

    {"whole": {"relative": 0.01}, "reason": "counts the features themselves"}

A word that says what its numbers say may come and go with them, if the cell names it::

    {"words": ["level"], "reason": "said where an interval holds zero"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

SHORTEST_REASON = 20  # characters: "slow" is no reason


@dataclass(frozen=True)
class Bound:
    """A number may be off by ``absolute + relative × |stored|``."""

    absolute: float = 0.0
    relative: float = 0.0

    def around(self, stored: float) -> float:
        """Return the largest difference from `stored` that passes."""
        return self.absolute + self.relative * abs(stored)


@dataclass(frozen=True)
class Tolerance:
    """Bounds for numbers with a fraction or an exponent, for whole numbers, and for figures.

    Parameters
    ----------
    decimals, whole : Bound
    figure : float
        Root mean squared difference of the pixels, in levels (0 to 255).
    words : sequence of str
        Words that may come and go.
    """

    decimals: Bound
    whole: Bound
    figure: float
    words: Sequence[str] = ()


# Figures cannot be compared exactly: another BLAS kernel moves a point by 1e-15, and anti-aliasing
# then changes some pixels by one level. Measured on the figures of the VLAD chapter: another
# processor's kernels give at most 0.04. A marker one point larger gives 0.9, a changed digit of a
# title 2.3, a curve moved by half a pixel 5.
EXACT = Tolerance(decimals=Bound(), whole=Bound(), figure=0.3)

# Measured on both chapters, with OpenCV's optimised code and with one feature in a thousand left
# out: mean average precision over all queries moved by up to 0.022 with one codebook, the ends of
# intervals by 0.015, and a rank that stands above a photo changed a figure by 5 levels. What rests
# on few queries or shows ranked photos moves more, and states its own.
DEFAULT = Tolerance(decimals=Bound(0.03, 0.03), whole=Bound(), figure=8.0)


def tolerance_of(course: Mapping[str, Any]) -> Tolerance:
    """Return the tolerance of a cell from its metadata: the default one, but for what it states.

    Parameters
    ----------
    course : mapping
        ``metadata.coursekit`` of the cell.

    Raises
    ------
    ValueError
        If the tolerance is not well-formed, as `problems` says.
    """
    if "tolerance" not in course:
        return DEFAULT
    stated = course["tolerance"]
    for problem in problems(stated):
        raise ValueError(f"tolerance: {problem}")
    own = {name: bound for name, bound in stated.items() if name != "reason"}
    for name in {"decimals", "whole"} & set(own):
        own[name] = Bound(**own[name])
    return replace(DEFAULT, **own)


def problems(stated: Any) -> Iterator[str]:
    """Yield what is wrong with the tolerance that a cell states."""
    if not isinstance(stated, Mapping):
        yield f"expected bounds and a reason, got {stated!r}"
        return
    known = [field.name for field in fields(Tolerance)]
    for name in sorted(set(stated) - {*known, "reason"}):
        yield f"expected {', '.join(known)} and reason, got {name}"
    reason = stated.get("reason", "")
    if not isinstance(reason, str) or len(reason.strip()) < SHORTEST_REASON:
        yield f"expected a reason of at least {SHORTEST_REASON} characters, got {reason!r}"
    if not set(stated) & set(known):
        yield f"expected one of {', '.join(known)}, got none"
    for name in ("decimals", "whole"):
        yield from _problems_of_bound(name, stated.get(name, {"absolute": 1}))
    if not _is_size(stated.get("figure", 1)):
        yield f"figure: expected a number > 0, got {stated['figure']!r}"
    words = stated.get("words", ["a"])
    sound = isinstance(words, list) and words and all(isinstance(word, str) for word in words)
    if not sound or not all(word.isalpha() for word in words):
        yield f"words: expected a list of words, got {words!r}"


def _problems_of_bound(name: str, stated: Any) -> Iterator[str]:
    parts = [field.name for field in fields(Bound)]
    sound = isinstance(stated, Mapping) and stated and set(stated) <= set(parts)
    if not sound or not all(map(_is_size, stated.values())):
        yield f"{name}: expected numbers > 0 as {' or '.join(parts)}, got {stated!r}"


def _is_size(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
