"""What the comparison of figures lets through and what it does not."""

from __future__ import annotations

import io
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.notebooks import figures
from tests.notebooks.samples import figure, picture, result, stdout

mpl.rcParams["font.family"] = "DejaVu Sans"
X = np.linspace(0, 6, 50)


def draw(shift: float = 0.0, *, title: str = "0.31", size: float = 6.0, marker: float = 3) -> bytes:
    """Draw a curve as a chapter does: 6 inches wide, 150 dots an inch."""
    canvas = Figure(figsize=(size, 3.6), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    axes.plot(X, np.sin(X) + shift)
    axes.plot([3.0], [0.5], "o", markersize=marker)
    axes.set(title=title, ylim=(-1.2, 1.2))
    buffer = io.BytesIO()
    canvas.savefig(buffer)
    return buffer.getvalue()


def test_same_figure_agrees(tmp_path: Path) -> None:
    assert figures.compare([draw()], [draw()], tmp_path / "cell") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shift", [1e-12, -1e-9, 1e-6])
def test_rounding_agrees(shift: float, tmp_path: Path) -> None:
    assert figures.compare([draw()], [draw(shift)], tmp_path / "cell") == []


@pytest.mark.parametrize(
    "changed",
    [draw(0.01), draw(-0.005), draw(title="0.32"), draw(marker=5)],
    ids=["curve up one pixel", "curve down half a pixel", "one digit", "larger marker"],
)
def test_what_a_reader_could_see_differs(changed: bytes, tmp_path: Path) -> None:
    (problem,) = figures.compare([draw()], [changed], tmp_path / "cell")
    assert re.match(r"^figure 1: expected an RMS difference ≤ 0\.3, got \d+\.\d\d; see ", problem)


def test_size_is_compared_first(tmp_path: Path) -> None:
    (problem,) = figures.compare([draw()], [draw(size=5)], tmp_path / "cell")
    assert problem.startswith("figure 1: expected 900×540 pixels, got 750×540; see ")
    assert problem.endswith("cell-1-drawn.png")


@pytest.mark.parametrize(("stored", "drawn"), [(0, 1), (1, 0), (2, 1)])
def test_missing_and_extra_figures_differ(stored: int, drawn: int, tmp_path: Path) -> None:
    problems = figures.compare([picture()] * stored, [picture()] * drawn, tmp_path / "cell")
    assert problems == [f"figures: expected {stored}, got {drawn}"]


def test_second_figure_of_a_cell_is_compared(tmp_path: Path) -> None:
    stored, drawn = [picture(), picture()], [picture(), picture(colour="red")]
    (problem,) = figures.compare(stored, drawn, tmp_path / "cell")
    assert problem.startswith("figure 2: expected an RMS difference")


def test_transparency_is_compared(tmp_path: Path) -> None:
    """An opaque white picture on a dark page is not a transparent one."""
    opaque, transparent = io.BytesIO(), io.BytesIO()
    canvas = Figure(figsize=(1, 1))
    canvas.savefig(opaque, facecolor="white")
    canvas.savefig(transparent, transparent=True)
    assert figures.compare([opaque.getvalue()], [transparent.getvalue()], tmp_path / "cell")


def test_both_pictures_and_their_difference_are_written(tmp_path: Path) -> None:
    figures.compare([picture()], [picture(colour="black")], tmp_path / "new" / "cell-3")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == [f"cell-3-1-{name}.png" for name in ("difference", "drawn", "stored")]
    assert (tmp_path / "new" / "cell-3-1-stored.png").read_bytes() == picture()


def test_rms_by_hand() -> None:
    before, after = np.zeros((1, 4, 1), np.uint8), np.zeros((1, 4, 1), np.uint8)
    after[0, 2] = 6
    assert figures.rms(before, after) == 3.0  # √(36/4)


def test_pictures_are_found_in_order() -> None:
    outputs = [stdout("x"), figure(picture()), result("1"), figure(picture(colour="red"))]
    assert figures.pictures(outputs) == [picture(), picture(colour="red")]
