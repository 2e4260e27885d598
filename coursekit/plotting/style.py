"""How every figure of the book looks: size, fonts, colours, and the same bytes on each run."""

from __future__ import annotations

import sys
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe & Ito's colours, which colour-blind readers tell apart.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#7A7A7A"
WORD_COLOURS: Final = (
    BLUE, "#E69F00", GREEN, "#CC79A7", "#56B4E9", ORANGE, "#B8A800", "#000000",
)  # fmt: skip

WIDTH: Final = 6.0  # inches; with 11 pt text a figure stays legible on a phone of 360 px

_STYLE: Final[dict[Any, Any]] = {
    "figure.figsize": (WIDTH, 3.6),
    "figure.dpi": 120,  # 720 pixels across, as wide as the page's column
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # ships with matplotlib: no system font is looked up
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.6,
    "image.interpolation": "nearest",
}


def use_book_style() -> None:
    """Set matplotlib to the book's style, in a notebook as well as in a script.

    In a notebook, figures keep their nominal size: the backend's habit of cropping to the ink
    would give each figure another size, and a redrawn figure could not be compared pixel by pixel.

    Examples
    --------
    >>> use_book_style()
    >>> mpl.rcParams["font.size"]
    11.0
    """
    mpl.rcParams.update(_STYLE)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.run_line_magic("config", "InlineBackend.print_figure_kwargs = {'bbox_inches': None}")


def new_figure(height: float) -> Figure:
    """Open a figure as wide as the page, for a function that was given none.

    Parameters
    ----------
    height : float
        In inches.

    Returns
    -------
    Figure
        Known to pyplot, so that a notebook shows it.
    """
    import matplotlib.pyplot as plt  # late: it chooses a backend

    return plt.figure(figsize=(WIDTH, height))
