"""An output that hangs on the processor is noticed by running on the kernels of another one."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tests.notebooks.samples import code, make_book, write
from tests.notebooks.store import store
from tests.proofs.run import busy, run
from tests.proofs.settings import AS_IT_IS, Setting, factors
from tests.proofs.witness import first_difference

PRODUCT = """\
import numpy as np

matrix = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
corner = float((matrix @ matrix)[0, 0])
print("A line that stays.")
{}"""
x86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"),
    reason="OPENBLAS_CORETYPE selects among kernels of x86 processors",
)


def prescott() -> Setting:
    [found] = [one for one in factors([])["OpenBLAS"] if one.value == "Prescott"]
    return found


def stored(source: str, directory: Path) -> Path:
    path = write(make_book(directory) / "product.ipynb", code("1 + 1"), code(source))
    store(path, directory)
    return path


@x86
def test_unrounded_output_fails_on_another_processor(tmp_path: Path) -> None:
    path = stored(PRODUCT.format("corner"), tmp_path)
    assert run(path, AS_IT_IS).passed
    outcome = run(path, prescott())
    assert (outcome.passed, outcome.cell, outcome.final) == (False, "Cell 1", True)
    assert float(outcome.stored) == pytest.approx(float(outcome.computed), rel=1e-4)
    assert outcome.stored != outcome.computed


@x86
def test_rounded_output_passes_on_another_processor(tmp_path: Path) -> None:
    assert run(stored(PRODUCT.format("round(corner, 2)"), tmp_path), prescott()).passed


def test_an_exception_is_shown(tmp_path: Path) -> None:
    path = stored("import os\nos.environ['HOME'] and 1", tmp_path)
    text = path.read_text(encoding="utf-8").replace("and 1", "and 1 / 0")
    path.write_text(text, encoding="utf-8")
    outcome = run(path, AS_IT_IS)
    assert (outcome.cell, outcome.stored) == ("Cell 1", "1")
    assert outcome.computed == "ZeroDivisionError: division by zero"


def test_a_pytest_that_cannot_run_says_nothing_final(tmp_path: Path) -> None:
    outcome = run(make_book(tmp_path) / "missing.ipynb", AS_IT_IS)
    assert (outcome.passed, outcome.final) == (False, False)
    assert outcome.cell == "pytest ended with 4"
    assert "ERROR" in outcome.computed


def test_busy_processes_end_with_the_run() -> None:
    with busy(2) as beside:
        assert [one.poll() for one in beside] == [None, None]
    assert None not in [one.poll() for one in beside]


@pytest.mark.parametrize(
    ("before", "after", "pair"),
    [
        (["a", "b", "c"], ["a", "x", "y"], ("b", "x")),
        (["a"], ["a", "b"], ("", "b")),
        (["a", "b"], ["a"], ("b", "")),
        (["a"], ["a"], ("", "")),
        ([], [], ("", "")),
    ],
)
def test_first_difference(before: list[str], after: list[str], pair: tuple[str, str]) -> None:
    assert first_difference(before, after) == pair
