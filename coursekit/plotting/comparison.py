"""Methods compared: accuracies with their intervals, what they cost, and what each is good at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes

from coursekit.comparison import METHODS, POSTPROCESSING, Row
from coursekit.plotting.style import BLUE, GREY, ORANGE
from coursekit.validation import check_choice

# By source: orange squares for part A, grey diamonds for what is neither; else a network's maps.
_LOOKS = {"sift": (ORANGE, "s"), "sift_patches": (ORANGE, "s"), "colours": (GREY, "D")}
_STEP = 0.22  # from one row of a method to the next, in lines
_MARKS: dict[str, dict[str, str]] = {
    "none": {},
    "PCA": {"fillstyle": "left", "markerfacecoloralt": "white"},
    "PCA whitening": {"markerfacecolor": "white"},
    "learned whitening": {"fillstyle": "bottom", "markerfacecoloralt": "white"},
    "query expansion": {"marker": "x"},
}


def plot_intervals(rows: Sequence[Row], ax: Axes) -> None:
    """Draw each method's mean average precision as a dot, on a bar that is its 95 % interval.

    Both are over codebooks, where a method rests on chance.

    Methods on local descriptors are orange squares, those on a network's maps blue dots, the
    colour histogram a grey diamond. Of the same vectors, the mark is half full (left) after PCA,
    hollow after PCA whitening, half full (bottom) after learned whitening, and a cross with
    expanded queries.

    Parameters
    ----------
    rows : sequence of Row
        Of one set; the first method stands at the top.
    ax : Axes

    Raises
    ------
    ValueError
        If there are no rows.
    """
    names = _names(rows)
    height = {name: -i for i, name in enumerate(names)}
    shown = [one for one in POSTPROCESSING if any(row.postprocessing == one for row in rows)]
    for row in rows:
        look = _look(row)
        y = height[row.method] - _STEP * shown.index(row.postprocessing)
        ax.plot([row.low, row.high], [y, y], color=look["color"], lw=1, alpha=0.6)
        ax.plot(row.mean, y, markersize=5, **look)
    ax.set_yticks(list(height.values()), [METHODS[name].title for name in names])
    ax.set_xlim(right=1.01)
    ax.set_xlabel("mAP")
    ax.grid(axis="x", color=GREY, alpha=0.3)


def plot_costs(
    rows: Sequence[Row],
    cost: Literal["bytes", "milliseconds"],
    ax: Axes,
    *,
    labels: Collection[str] = (),
) -> None:
    """Draw accuracy against what an image costs, on a logarithmic axis.

    Parameters
    ----------
    rows : sequence of Row
        Of one set.
    cost : {"bytes", "milliseconds"}
    ax : Axes
    labels : collection of str, default ()
        Methods whose name is written beside their mark, once: where nothing was done to the
        vectors. Marks are those of `plot_intervals`.

    Raises
    ------
    ValueError
        If there are no rows, or no such cost.
    """
    check_choice(cost, "cost", ("bytes", "milliseconds"))
    _names(rows)
    for row in rows:
        x = getattr(row, cost)
        ax.plot(x, row.mean, markersize=6, **_look(row))
        if row.method in labels and row.postprocessing == "none":
            ax.annotate(row.method, (x, row.mean), (5, 3), textcoords="offset points", fontsize=8)
    ax.set_xscale("log")
    ax.set_xlabel(f"{cost} an image")
    ax.set_ylabel("mean average precision")
    ax.grid(color=GREY, alpha=0.3)


def plot_kinds(rows: Sequence[Row], ax: Axes) -> None:
    """Draw a table of methods by kinds of query, darker where the mean average precision is higher.

    Parameters
    ----------
    rows : sequence of Row
        Of one set.
    ax : Axes

    Raises
    ------
    ValueError
        If there are no rows.
    """
    _names(rows)
    kinds = list(_by_kind(rows[0]))
    table = np.array([[_by_kind(row)[kind] for kind in kinds] for row in rows])
    ax.imshow(table, cmap="Blues", vmin=0, vmax=1.2, aspect="auto")
    for (i, j), value in np.ndenumerate(table):
        colour = "white" if value >= 0.85 else "black"
        ax.text(j, i, f"{value:.2f}".lstrip("0"), ha="center", va="center", color=colour, size=7.5)
    ax.set_xticks(range(len(kinds)), kinds, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), [METHODS[row.method].title for row in rows])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _names(rows: Sequence[Row]) -> list[str]:
    if not rows:
        raise ValueError("rows: expected at least one, got none")
    return list(dict.fromkeys(row.method for row in rows))


def _look(row: Row) -> dict[str, Any]:
    """Return the options of `Axes.plot` for the mark of a row."""
    colour, marker = _LOOKS.get(METHODS[row.method].source, (BLUE, "o"))
    return {"color": colour, "marker": marker, "ls": "none"} | _MARKS[row.postprocessing]


def _by_kind(row: Row) -> dict[str, float]:
    pairs = (one.rsplit(" ", 1) for one in row.per_kind.split("; "))
    return {kind: float(value) for kind, value in pairs}
