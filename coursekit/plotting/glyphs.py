"""SIFT-like glyphs: a 128-vector drawn as oriented gradients, as on slide S14.

A SIFT descriptor is a grid of 4×4 cells with 8 orientations each. A residual sum v_k of VLAD has
the same layout but signed entries, so that two colours are needed: a stroke of the first colour
says *more of this orientation than the word has*, one of the second *less*.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from coursekit.features.sift import CELLS, ORIENTATION_ANGLES, ORIENTATIONS
from coursekit.plotting.style import BLUE, GREY, ORANGE, new_figure
from coursekit.types import FloatArray, Image
from coursekit.validation import as_floating, check_finite


def plot_glyph(vector: FloatArray, ax: Axes, *, scale: float | None = None) -> None:
    """Draw one 128-vector as a SIFT glyph.

    Parameters
    ----------
    vector : (128,) floating
        Cells row by row from the top left, eight orientations in each, as `coursekit.features.sift`
        lays them out: orientation 0 points to the right, the next ones turn counter-clockwise.
    ax : Axes
        Where to draw.
    scale : float, optional
        The absolute value drawn as a stroke of half a cell; by default the largest of `vector`.

    Raises
    ------
    ValueError
        If `vector` is not 128 finite numbers.

    References
    ----------
    Lowe 2004, figure 7; slide S14.

    Examples
    --------
    >>> axes = Figure().subplots()
    >>> plot_glyph(np.ones(128), axes)
    >>> len(axes.collections)  # the strokes of the positive and of the negative entries
    2
    """
    values = as_floating(vector, "vector")
    if values.shape != (CELLS * CELLS * ORIENTATIONS,):
        raise ValueError(f"vector: expected shape (128,), got {values.shape}")
    check_finite(values, "vector")
    largest = float(np.abs(values).max()) if scale is None else scale
    starts, ends = _strokes(values, largest or 1.0)
    for chosen, colour in ((values > 0, BLUE), (values < 0, ORANGE)):
        strokes = np.stack([starts[chosen], ends[chosen]], axis=1)  # (n, 2 ends, xy)
        ax.add_collection(LineCollection(list(strokes), colors=colour, linewidths=1.3))
    _frame(ax)


def _strokes(values: FloatArray, largest: float) -> tuple[FloatArray, FloatArray]:
    """Return both ends (128, 2) of each stroke, in cells."""
    row, column, orientation = np.unravel_index(np.arange(128), (CELLS, CELLS, ORIENTATIONS))
    starts = np.stack([column, row], axis=1) + 0.5
    directions = np.stack([np.cos(ORIENTATION_ANGLES), np.sin(ORIENTATION_ANGLES)], axis=1)
    lengths = 0.5 * np.minimum(np.abs(values) / largest, 1)
    return starts, starts + lengths[:, None] * directions[orientation]


def _frame(ax: Axes) -> None:
    """Draw the 4×4 grid and turn the y axis down, as in the image."""
    ax.set(xlim=(0, CELLS), ylim=(CELLS, 0), xticks=[], yticks=[], aspect="equal")
    for edge in range(1, CELLS):
        ax.axhline(edge, color=GREY, linewidth=0.3)
        ax.axvline(edge, color=GREY, linewidth=0.3)
    for spine in ax.spines.values():
        spine.set(visible=True, color=GREY, linewidth=0.6)


def plot_glyph_table(
    images: Sequence[Image],
    blocks: Sequence[FloatArray],
    *,
    words: Sequence[int],
    labels: Sequence[str],
    figure: Figure | None = None,
) -> None:
    """Draw slide S14: a row for each image, its photo first, then v_k for the chosen words.

    The strokes of one row share their scale, so that a faint glyph is a word of little weight.

    Parameters
    ----------
    images : sequence of (H, W, 3) uint8
        One photo a row.
    blocks : sequence of (K, 128) floating
        The residual sums of each photo.
    words : sequence of int
        The columns: which words to draw, counted from 0; their titles count from 1, as formulas do.
    labels : sequence of str
        What to write above each photo.
    figure : Figure, optional
        An empty figure to fill; by default a new one.

    Raises
    ------
    ValueError
        If the rows do not agree in number, or a word is not one of the K.

    References
    ----------
    Slide S14; Jégou et al. 2010, figure 1.

    Examples
    --------
    >>> table, photo, sums = Figure(), np.zeros((2, 2, 3), np.uint8), np.ones((3, 128))
    >>> plot_glyph_table([photo], [sums], words=[0, 2], labels=["one"], figure=table)
    >>> len(table.axes)
    3
    """
    if not len(images) == len(blocks) == len(labels):
        counts = f"{len(images)} images, {len(blocks)} blocks and {len(labels)} labels"
        raise ValueError(f"blocks, labels: expected one for each image, got {counts}")
    n_words = min(len(block) for block in blocks)
    if not all(0 <= k < n_words for k in words):
        raise ValueError(f"words: expected indices in [0, {n_words}), got {list(words)}")
    figure = figure or new_figure(1.3 * len(images))
    grid = figure.subplots(len(images), 1 + len(words), squeeze=False)
    for row, (image, block, label) in enumerate(zip(images, blocks, labels, strict=True)):
        grid[row, 0].imshow(image)
        grid[row, 0].axis("off")
        grid[row, 0].set_title(label, fontsize=9)
        largest = float(np.abs(block[list(words)]).max())
        for axes, k in zip(grid[row, 1:], words, strict=True):
            plot_glyph(block[k], axes, scale=largest)
            if row == 0:
                axes.set_title(f"$v_{{{k + 1}}}$")  # formulas count from 1
