"""Figures: one a cell, numbered, captioned, and described for those who do not see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.notebooks.notebook import Cell, Notebook

SHORTEST_ALT, SHORTEST_CAPTION = 40, 20  # characters
FIGURE_NAME = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")  # chapter-subject
FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|svg|gif)|[\w-]+_files/\S*", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\b(?:todo|tbd|alt text|image of an image)\b", re.IGNORECASE)


def one_figure_a_cell(notebook: Notebook) -> Iterator[str]:
    """Caption and alternative text belong to the cell, so two pictures would share them."""
    for cell in notebook.code:
        count = sum("image/png" in output.get("data", {}) for output in cell.outputs)
        if count > 1:
            yield f"{cell}: expected one figure, got {count}"


def alternative_text(notebook: Notebook) -> Iterator[str]:
    """The stock alternative text is a file name; ours says what there is to see."""
    seen: set[str] = set()
    for cell in _plots(notebook):
        alt = str(_myst(cell, "image").get("alt", "")).strip()
        if len(alt) < SHORTEST_ALT or FILE_NAME.search(alt) or PLACEHOLDER.search(alt):
            yield (
                f"{cell}: expected in mystnb.image.alt what the figure shows, in at least "
                f"{SHORTEST_ALT} characters, got {alt!r}"
            )
        elif alt in seen:
            yield f"{cell}: expected an alternative text of its own, got another figure's: {alt!r}"
        seen.add(alt)


def names_and_captions(notebook: Notebook) -> Iterator[str]:
    seen: set[str] = set()
    for cell in _plots(notebook):
        figure = _myst(cell, "figure")
        name, caption = str(figure.get("name", "")), str(figure.get("caption", "")).strip()
        if not FIGURE_NAME.fullmatch(name):
            yield f"{cell}: expected mystnb.figure.name like vlad-residuals, got {name!r}"
        elif name in seen:
            yield f"{cell}: expected a figure name of its own, got {name!r} again"
        if len(caption) < SHORTEST_CAPTION or not caption.endswith("."):
            yield f"{cell}: expected a sentence in mystnb.figure.caption, got {caption!r}"
        seen.add(name)


def plot_cells_return_nothing(notebook: Notebook) -> Iterator[str]:
    """`<matplotlib.axes…>` above a figure is noise, and Jupyter's `;` works in Jupyter only."""
    for cell in _plots(notebook):
        if not cell.source.rstrip().endswith(";"):
            yield f"{cell}: expected a plot cell to end in ';', got {cell.source.rstrip()[-20:]!r}"
        for output in cell.outputs:
            if output.output_type == "execute_result":
                text = output.data.get("text/plain", "")
                yield f"{cell}: expected a plot cell that returns no object, got {text[:60]!r}"


def _plots(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook.code if cell.has_picture]


def _myst(cell: Cell, part: str) -> dict[str, Any]:
    return dict(cell.node.metadata.get("mystnb", {}).get(part, {}))
