"""The outputs of a cell: what is stored against what was computed."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.notebooks import figures, texts
from tests.notebooks.notebook import texts as texts_of
from tests.notebooks.tolerance import EXACT, Tolerance


def differences(
    stored: list[Any], computed: list[Any], tolerance: Tolerance | None, prefix: Path
) -> list[str]:
    """Return the lines of a message on what differs; an empty list when nothing does.

    Parameters
    ----------
    stored, computed : lists of outputs
        Streams of one name in one piece. Kinds of output are compared one by one, since nothing
        says in which order a stream and a figure arrive.
    tolerance : Tolerance or None
        None compares texts letter by letter, and figures exactly.
    prefix : Path
        Where figures that differ are written; see `figures.compare`.
    """
    before, after = _by_kind(stored), _by_kind(computed)
    message = []
    for kind in dict.fromkeys([*before, *after]):
        old, new = before.get(kind, []), after.get(kind, [])
        if len(old) != len(new):
            message.append(f"{kind}: expected {len(old)} outputs, got {len(new)}")
        for one, other in zip_longest(old, new, fillvalue=""):
            message += texts.compare(one, other, tolerance, kind)
    pictures = figures.pictures(stored), figures.pictures(computed)
    return message + figures.compare(*pictures, prefix, (tolerance or EXACT).figure)


def _by_kind(outputs: list[Any]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for kind, text in texts_of(outputs):
        found[kind].append(text)
    return dict(found)
