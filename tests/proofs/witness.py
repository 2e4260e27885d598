"""A plugin for pytest that writes down the first cell that failed: `-p tests.proofs.witness`.

It looks at the outputs themselves, so that what is shown does not hang on how a comparison words
its message.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--witness", type=Path, help="file for the first cell that failed, as JSON")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    path = item.config.getoption("--witness")
    if report.failed and path is not None and not path.exists():
        cell = getattr(item, "cell", None)
        stored, computed = first_difference(
            _lines(cell.outputs if cell else []), _lines(getattr(item, "test_outputs", None) or [])
        )
        if stored == computed:  # a figure, a timeout, an exception: the message says it
            stored, computed = "", _last_line(report.longreprtext)
        seen = {"cell": item.name, "stored": stored, "computed": computed}
        path.write_text(json.dumps(seen), encoding="utf-8")
    return report


def first_difference(stored: Iterable[str], computed: Iterable[str]) -> tuple[str, str]:
    """Return the first pair of lines that differ, two empty lines where none do."""
    for pair in zip_longest(stored, computed, fillvalue=""):
        if pair[0] != pair[1]:
            return pair
    return "", ""


def _lines(outputs: Iterable[Any]) -> list[str]:
    texts = []
    for output in outputs:
        if output["output_type"] == "error":
            texts.append(f"{output['ename']}: {output['evalue']}")
        texts.append(output.get("text", ""))
        data = output.get("data", {})
        texts += [data[kind] for kind in sorted(data) if kind.startswith("text/")]
    return [line for text in texts for line in "".join(text).splitlines()]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip(" \x1b[0m")]
    return lines[-1] if lines else ""
