"""The plane cut into cells: descriptors, words, residuals and their sums, in two dimensions.

Labels count from 1, as formulas do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patheffects import withStroke

from coursekit.aggregation import assign
from coursekit.plotting.style import GREY, WORD_COLOURS
from coursekit.types import FloatArray
from coursekit.validation import as_matrix

MARGIN: Final = 2.0  # in the descriptors' units


def plot_cells(
    centroids: FloatArray,
    ax: Axes,
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
) -> None:
    r"""Colour the Voronoi cells of the words lightly and mark each centre with a cross.

    Parameters
    ----------
    centroids : (K, 2) floating
        The words.
    ax : Axes
        Where to draw.
    xlim, ylim : (float, float)
        The part of the plane to show, in the descriptors' units.

    Raises
    ------
    ValueError
        If the centroids are not points of the plane.

    References
    ----------
    Slide S05.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> plot_cells(np.array([[0.0, 0.0], [4.0, 0.0]]), axes, xlim=(-1, 5), ylim=(-1, 1))
    >>> len(axes.texts)  # one label for each word
    2
    """
    words = as_matrix(centroids, "centroids", columns=2, symbols="(K, 2)")
    x, y = np.meshgrid(np.linspace(*xlim, 400), np.linspace(*ylim, 400))
    cells = assign(np.stack([x.ravel(), y.ravel()], axis=1), words).reshape(x.shape)
    colours = ListedColormap([WORD_COLOURS[k % len(WORD_COLOURS)] for k in range(len(words))])
    ax.imshow(
        cells, extent=(*xlim, *ylim), origin="lower", cmap=colours,
        vmin=-0.5, vmax=len(words) - 0.5, alpha=0.13, aspect="auto",
    )  # fmt: skip
    for k, (mu_x, mu_y) in enumerate(words):
        ax.plot(mu_x, mu_y, marker="P", markersize=11, color=WORD_COLOURS[k % len(WORD_COLOURS)])
        _label(ax, f"$\\mu_{k + 1}$", (mu_x, mu_y), offset=(0, 15))
    ax.set(
        xlim=xlim, ylim=ylim, xlabel="first dimension", ylabel="second dimension", aspect="equal"
    )


def plot_residuals(
    descriptors: FloatArray,
    centroids: FloatArray,
    assignments: Sequence[int],
    ax: Axes,
    *,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> None:
    """Draw the cells, each descriptor, and the arrow from its word to it: the residual x_t − μ_k.

    Parameters
    ----------
    descriptors : (T, 2) floating
        The bag.
    centroids : (K, 2) floating
        The words.
    assignments : (T,) integers in [0, K)
        The word of each descriptor.
    ax : Axes
        Where to draw.
    xlim, ylim : (float, float), optional
        The part of the plane to show, in the descriptors' units; by default all of the bag and the
        words, with a margin.

    Raises
    ------
    ValueError
        If the arrays are not points of the plane.

    References
    ----------
    Slide S10.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> plot_residuals(np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]]), [0], axes)
    >>> len(axes.patches)  # one arrow
    1
    """
    points = as_matrix(descriptors, "descriptors", columns=2, symbols="(T, 2)")
    words = as_matrix(centroids, "centroids", columns=2, symbols="(K, 2)")
    shown = np.concatenate([points, words])
    x, y = np.stack([shown.min(axis=0) - MARGIN, shown.max(axis=0) + MARGIN], axis=1).tolist()
    plot_cells(words, ax, xlim=xlim or tuple(x), ylim=ylim or tuple(y))
    for t, (point, k) in enumerate(zip(points, assignments, strict=True)):
        colour = WORD_COLOURS[k % len(WORD_COLOURS)]
        _arrow(ax, words[k], point, colour, width=0.015)
        ax.plot(*point, marker="o", markersize=6, color=colour)
        _label(ax, f"$x_{t + 1}$", tuple(point), offset=(9, -9), colour=GREY)


def plot_sums(sums: FloatArray, centroids: FloatArray, ax: Axes) -> None:
    """Draw each residual sum v_k as a thick arrow that starts at its word.

    Parameters
    ----------
    sums : (K, 2) floating
        The residual sums.
    centroids : (K, 2) floating
        The words.
    ax : Axes
        Where to draw.

    Raises
    ------
    ValueError
        If the arrays do not agree.

    References
    ----------
    Slides S10–S11.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> plot_sums(np.array([[2.0, -1.0]]), np.array([[0.0, 0.0]]), axes)
    >>> [text.get_text() for text in axes.texts]
    ['$v_1$']
    """
    words = as_matrix(centroids, "centroids", columns=2, symbols="(K, 2)")
    v = as_matrix(sums, "sums", columns=2, symbols="(K, 2)")
    if len(v) != len(words):
        raise ValueError(f"sums: expected shape {words.shape} to match centroids, got {v.shape}")
    for k, (word, arrow) in enumerate(zip(words, v, strict=True)):
        colour = WORD_COLOURS[k % len(WORD_COLOURS)]
        _arrow(ax, word, word + arrow, colour, width=0.07)
        _label(ax, f"$v_{k + 1}$", tuple(word + arrow), offset=(11, 6))


def _arrow(ax: Axes, start: FloatArray, end: FloatArray, colour: str, *, width: float) -> None:
    ax.arrow(
        *start, *(end - start), color=colour, width=width, length_includes_head=True,
        head_width=0.15 + 2 * width, zorder=3,
    )  # fmt: skip


def _label(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    *,
    offset: tuple[float, float],
    colour: str = "black",
) -> None:
    """Write on a white halo, so that no arrow runs through the letters."""
    label = ax.annotate(
        text, at, xytext=offset, textcoords="offset points", ha="center", va="center", color=colour
    )
    label.set_path_effects([withStroke(linewidth=3, foreground="white")])
