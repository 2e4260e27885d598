"""Figures of the comparison: marks stand where the rows say, and hollow means whitened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from coursekit import plotting
from coursekit.comparison import POSTPROCESSING, Row
from coursekit.plotting.style import BLUE, ORANGE

PHOTO = np.zeros((4, 6, 3), np.uint8)
ROWS = [
    Row(
        "places",
        "vlad",
        "none",
        5,
        0.9,
        0.01,
        0.8,
        0.95,
        4096,
        16384,
        110.0,
        "crop 0.900; strong 0.500",
    ),
    Row(
        "places", "gem", "none", 1, 0.7, 0.0, 0.6, 0.8, 256, 1024, 40.0, "crop 1.000; strong 0.400"
    ),
    Row(
        "places",
        "gem",
        "PCA whitening",
        1,
        0.75,
        0.0,
        0.65,
        0.85,
        64,
        256,
        40.0,
        "crop 0.800; strong 0.600",
    ),
]


@pytest.fixture
def ax():
    return Figure().subplots()


def marks(ax):
    """Yield x, y, colour and whether the mark is hollow."""
    for line in ax.lines:
        if line.get_marker() != "None":
            hollow = to_hex(line.get_markerfacecolor()) == "#ffffff"
            (x,), (y,) = line.get_xdata(), line.get_ydata()
            yield float(x), float(y), to_hex(line.get_color()).upper(), hollow


def test_intervals_stand_on_the_line_of_their_method(ax):
    plotting.plot_intervals(ROWS, ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["VLAD, K = 64", "GeM, p = 3"]
    found = list(marks(ax))
    assert [(x, colour, hollow) for x, _, colour, hollow in found] == [
        (0.9, ORANGE, False),
        (0.7, BLUE, False),
        (0.75, BLUE, True),
    ]
    assert found[0][1] == 0
    assert found[2][1] < found[1][1] == -1
    bars = [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "None"]
    assert bars == [[0.8, 0.95], [0.6, 0.8], [0.65, 0.85]]


def test_each_postprocessing_has_its_mark_and_its_line(ax):
    rows = [replace(ROWS[1], postprocessing=after) for after in POSTPROCESSING]
    plotting.plot_intervals(rows, ax)
    marked = [line for line in ax.lines if line.get_marker() != "None"]
    looks = [(line.get_marker(), line.get_fillstyle()) for line in marked]
    assert looks == [("o", "full"), ("o", "left"), ("o", "full"), ("o", "bottom"), ("x", "full")]
    assert [hollow for *_, hollow in marks(ax)] == [False, False, True, False, False]
    heights = [y for _, y, *_ in marks(ax)]
    assert heights == sorted(set(heights), reverse=True)
    assert heights[-1] > -1  # where the next method stands


@pytest.mark.parametrize("cost", ["bytes", "milliseconds"])
def test_costs_are_on_a_logarithmic_axis_with_names(ax, cost):
    plotting.plot_costs(ROWS, cost, ax, labels=["gem"])
    assert ax.get_xscale() == "log"
    expected = [(getattr(row, cost), row.mean, row.postprocessing != "none") for row in ROWS]
    assert [(x, y, hollow) for x, y, _, hollow in marks(ax)] == expected
    assert [text.get_text() for text in ax.texts] == ["gem"]


def test_kinds_are_a_table_of_numbers(ax):
    plotting.plot_kinds(ROWS[:2], ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["crop", "strong"]
    assert [text.get_text() for text in ax.texts] == [".90", ".50", "1.00", ".40"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.9, 0.5], [1.0, 0.4]])


def test_photos_in_rows():
    figure = Figure()
    plotting.plot_photos([PHOTO] * 5, list("abcde"), columns=3, figure=figure)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["a", "b", "c", "d", "e", ""]
    assert not any(axes.axison for axes in figure.axes)


def test_bad_input(ax):
    for call, message in [
        (lambda: plotting.plot_intervals([], ax), "^rows: expected at least one, got none$"),
        (lambda: plotting.plot_kinds([], ax), "^rows: expected at least one, got none$"),
        (lambda: plotting.plot_costs([], "bytes", ax), "^rows: expected at least one, got none$"),
        (lambda: plotting.plot_costs(ROWS, "euros", ax), "^cost: expected one of 'bytes', 'mill"),
        (
            lambda: plotting.plot_photos([PHOTO], ["a"], columns=0),
            "^columns: expected an integer ≥ 1, got 0$",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
