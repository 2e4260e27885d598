"""Two methods on the queries that tell them apart: where each of them leaves the other behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.comparison import METHODS, RankedLists
from coursekit.plotting.rankings import frame_photo
from coursekit.plotting.style import BLUE, GREEN, ORANGE, new_figure
from coursekit.types import FloatArray
from coursekit.validation import check_integer

if TYPE_CHECKING:
    from coursekit.data import Benchmark, NamedImage

_ABOVE: Final[dict[str, Any]] = {"xycoords": "axes fraction", "textcoords": "offset points"}


def plot_duels(
    gallery: Benchmark[NamedImage],
    lists: Mapping[str, RankedLists],
    pairs: Sequence[tuple[str, str]],
    *,
    n_nearest: int = 3,
    figure: Figure | None = None,
) -> None:
    """Draw two rows for each pair of methods: the query that one wins by most, then the other.

    A row shows the query, then what each method puts first, with its average precision. Frames and
    marks are those of `plot_rankings`. A method that wins no query of its pair has no row. Lists,
    figures and the choice of the queries are those of the first codebook of each method: a mean
    over codebooks has no list to show.

    Parameters
    ----------
    gallery : Benchmark
    lists : mapping from str to RankedLists
        Of this set, by method.
    pairs : sequence of (str, str)
        Methods to compare.
    n_nearest : int, default 3
        How many photos of each list to show.
    figure : Figure, optional
        An empty figure to fill; by default a new one.

    Raises
    ------
    ValueError
        If there is no row to draw, the lists are of another set, or they hold fewer photos.
    """
    check_integer(n_nearest, "n_nearest")
    for name in dict.fromkeys(one for pair in pairs for one in pair):
        _check(lists[name], gallery, n_nearest)
    rows = [
        (query, pair)
        for pair in pairs
        for query in _decisive(*(lists[name].precision[0] for name in pair))
    ]
    if not rows:
        raise ValueError("pairs: expected two methods that some query tells apart, got none")
    figure = figure or new_figure(1.15 * len(rows))
    ratios = [1.0, *[1.0] * n_nearest, 0.1, *[1.0] * n_nearest]
    grid = figure.subplots(len(rows), len(ratios), squeeze=False, width_ratios=ratios)
    for axes, (query, pair) in zip(grid, rows, strict=True):
        frame_photo(axes[0], gallery.queries[query].load(), "query", BLUE)
        axes[1 + n_nearest].set_axis_off()
        for name, own in zip(pair, (axes[1 : 1 + n_nearest], axes[2 + n_nearest :]), strict=True):
            _draw_list(own, gallery, query, lists[name])
        for ax in axes:
            ax.set_anchor("N")
            ax.title.set_fontsize(9)


def _decisive(one: FloatArray, other: FloatArray) -> list[int]:
    """Return the query that the first wins by most, then the one that the second does."""
    gain = np.nan_to_num(one - other)
    return [int(q) for q, won in ((gain.argmax(), gain.max()), (gain.argmin(), -gain.min())) if won]


def _draw_list(
    axes: Sequence[Axes], gallery: Benchmark[NamedImage], query: int, found: RankedLists
) -> None:
    for ax, i in zip(axes, found.first[query], strict=False):
        mark, colour = ("✓", GREEN) if gallery.positives[query, i] else ("✗", ORANGE)
        frame_photo(ax, gallery.database[i].load(), f"\n{mark}", colour)  # a line for the title
    title = f"{METHODS[found.method].title} · AP {found.precision[0, query]:.2f}"
    label = axes[0].annotate(title, (0, 1), (0, 17), fontsize=9, **_ABOVE)
    label.set_in_layout(False)  # it spans the list's photos, and must not widen the first


def _check(found: RankedLists, gallery: Benchmark[NamedImage], n_nearest: int) -> None:
    Q, n = found.first.shape
    if len(gallery.queries) != Q:
        expected = f"expected lists of {len(gallery.queries)} queries to match gallery"
        raise ValueError(f"lists[{found.method!r}]: {expected}, got {Q}")
    if n < n_nearest:
        raise ValueError(f"n_nearest: expected at most {n}, the photos kept, got {n_nearest}")
