"""A fresh process that imports coursekit stays light and hears no warning."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "cv2", "matplotlib")


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-c", code]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize(
    "module", ["coursekit", "coursekit.aggregation", "coursekit.retrieval", "coursekit.cli"]
)
def test_import_loads_nothing_heavy(module: str) -> None:
    loaded = loaded_after(f"import {module}")
    assert module in loaded
    assert loaded.isdisjoint(HEAVY)


def test_a_heavy_import_would_be_seen() -> None:
    assert "matplotlib" in loaded_after("import coursekit.aggregation, matplotlib")


def test_import_of_coursekit_loads_no_part_of_it() -> None:
    loaded = loaded_after("import coursekit")
    assert {name for name in loaded if name.startswith("coursekit")} == {"coursekit"}
