"""Ranked lists of photos: a query and what each representation puts next to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.plotting.style import BLUE, GREEN, ORANGE
from coursekit.types import Image


@dataclass(frozen=True)
class Neighbour:
    """One photo of a ranked list.

    Parameters
    ----------
    image : (H, W, 3) uint8
        The photo.
    distance : float
        Its distance to the query.
    relevant : bool
        Whether it shows what the query shows.
    """

    image: Image
    distance: float
    relevant: bool


def plot_rankings(figure: Figure, query: Image, rankings: dict[str, Sequence[Neighbour]]) -> None:
    """Draw a row for each ranking: the query, then its nearest photos in order.

    A right neighbour has a green frame and a tick, a wrong one an orange frame and a cross, so
    that colour is never the only sign.

    Parameters
    ----------
    figure : Figure
        An empty figure, filled by the rows.
    query : (H, W, 3) uint8
        The photo that was searched for.
    rankings : dict of str to sequence of Neighbour
        The nearest photos, by name of the representation; all of one length.

    Raises
    ------
    ValueError
        If there is no ranking, or their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> photo, page = np.zeros((2, 2, 3), np.uint8), Figure()
    >>> plot_rankings(page, photo, {"BoW": [Neighbour(photo, 0.25, True)]})
    >>> [axes.get_title() for axes in page.axes]
    ['query', '✓ 0.25']
    """
    lengths = {len(ranking) for ranking in rankings.values()}
    if len(lengths) != 1:
        raise ValueError(f"rankings: expected lists of one length, got lengths {sorted(lengths)}")
    grid = figure.subplots(len(rankings), 1 + lengths.pop(), squeeze=False)
    for row, (name, ranking) in zip(grid, rankings.items(), strict=True):
        _photo(row[0], query, "query", BLUE)
        row[0].set_ylabel(name)
        for axes, neighbour in zip(row[1:], ranking, strict=True):
            mark, colour = ("✓", GREEN) if neighbour.relevant else ("✗", ORANGE)
            _photo(axes, neighbour.image, f"{mark} {neighbour.distance:.2f}", colour)


def _photo(ax: Axes, image: Image, title: str, colour: str) -> None:
    ax.imshow(image)
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, color=colour, fontsize=10)
    for spine in ax.spines.values():
        spine.set(visible=True, color=colour, linewidth=2.5)
