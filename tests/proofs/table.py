"""What `make proofs` prints at its end: the table, what did not run, and the faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.proofs.machine import Verdict
from tests.proofs.run import Outcome
from tests.proofs.settings import Setting

Outcomes = Mapping[tuple[str, Setting], Outcome]  # (chapter, setting) → what came out


def word(verdict: Verdict, outcome: Outcome | None) -> str:
    """Return the one word that stands in the table."""
    if verdict.kind == "ignored":
        return "IGNORED"
    if outcome is None:
        return "not run"
    return "ok" if outcome.passed else "FAIL"


def table(
    chapters: Sequence[str], verdicts: Mapping[Setting, Verdict], outcomes: Outcomes
) -> list[str]:
    """Return a line for each setting, a column for each chapter; the last column is the seconds."""
    width = max(len(one.label) for one in verdicts)
    columns = [max(len(chapter), len("not run")) for chapter in chapters]
    heads = map(str.ljust, chapters, columns)
    lines = ["  ".join([" " * width, *heads, "seconds"])]
    for setting, verdict in verdicts.items():
        found = [outcomes.get((chapter, setting)) for chapter in chapters]
        words = [
            word(verdict, one).ljust(column) for column, one in zip(columns, found, strict=True)
        ]
        seconds = sum(one.seconds for one in found if one)
        lines.append("  ".join([setting.label.ljust(width), *words, f"{seconds:7.0f}"]))
    return lines


def legend(verdicts: Mapping[Setting, Verdict]) -> list[str]:
    """Return what was drawn, and why settings were not run."""
    lines = [one.name for one in verdicts if one.label != one.name]
    for setting, (_, reason) in verdicts.items():
        if reason:
            lines.append(f"not run: {setting.label} ({reason})")
    return lines


def faults(outcomes: Outcomes) -> list[str]:
    """Return each fault once, with the settings it was found in, and whether those are all."""
    found: dict[tuple[str, str, str, str], list[Setting]] = {}
    run: dict[str, int] = {}
    for (chapter, setting), outcome in outcomes.items():
        run[chapter] = run.get(chapter, 0) + 1
        if not outcome.passed:
            fault = (chapter, outcome.cell, outcome.stored, outcome.computed)
            found.setdefault(fault, []).append(setting)
    lines = []
    for (chapter, cell, stored, computed), settings in found.items():
        everywhere = len(settings) == run[chapter] > 1
        where = "every setting" if everywhere else ", ".join(one.label for one in settings)
        lines += [f"{chapter}, {cell}, under {where}:"]
        lines += [f"    stored    {stored}", f"    computed  {computed}"]
    return lines
