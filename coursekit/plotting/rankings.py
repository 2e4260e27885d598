"""Ranked lists of photos: a query and what each representation puts next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.plotting.style import BLUE, GREEN, ORANGE, new_figure
from coursekit.retrieval import rank
from coursekit.types import FloatArray, Image
from coursekit.validation import as_matrix, check_integer

if TYPE_CHECKING:
    from coursekit.data import Benchmark, NamedImage


def plot_rankings(
    gallery: Benchmark[NamedImage],
    query: int,
    distances: Mapping[str, FloatArray],
    *,
    n_nearest: int = 4,
    figure: Figure | None = None,
) -> None:
    """Draw a row for each representation: the query, then the photos nearest to it.

    A photo of the query's place has a green frame and a tick, any other an orange frame and a
    cross, so that colour is never the only sign.

    Parameters
    ----------
    gallery : Benchmark
        Queries, database and true neighbours.
    query : int in [0, Q)
        Which query.
    distances : mapping of str to (Q, N) floating
        From each query to each photo of the database, by name of the representation.
    n_nearest : int, default 4
        How many photos to show.
    figure : Figure, optional
        An empty figure to fill; by default a new one.

    Raises
    ------
    ValueError
        If there are no distances, or they do not fit the gallery, or `query` is not one of it.

    References
    ----------
    Slide S12: similarity is the L2 distance.

    Examples
    --------
    >>> import numpy as np
    >>> from coursekit.data import places
    >>> gallery, page = places(), Figure()
    >>> none_apart = np.zeros(gallery.positives.shape)
    >>> plot_rankings(gallery, 0, {"BoW": none_apart}, n_nearest=2, figure=page)
    >>> [axes.get_title() for axes in page.axes]
    ['query', '✓ 0.00', '✓ 0.00']
    """
    if not distances:
        raise ValueError("distances: expected at least one representation, got none")
    query = check_integer(query, "query", at_least=0, at_most=len(gallery.queries) - 1)
    figure = figure or new_figure(1.6 * len(distances))
    grid = figure.subplots(len(distances), 1 + n_nearest, squeeze=False)
    for row, (name, table) in zip(grid, distances.items(), strict=True):
        frame_photo(row[0], gallery.queries[query].load(), "query", BLUE)
        row[0].set_ylabel(name, fontsize=12)
        to_query = _row_of(table, name, gallery, query)
        itself = None if gallery.exclude is None else int(gallery.exclude[query])
        nearest = rank(-to_query, exclude=itself)
        for axes, i in zip(row[1:], nearest, strict=False):
            mark, colour = ("✓", GREEN) if gallery.positives[query, i] else ("✗", ORANGE)
            frame_photo(axes, gallery.database[i].load(), f"{mark} {to_query[i]:.2f}", colour)


def plot_photos(
    images: Sequence[Image],
    titles: Sequence[str],
    *,
    columns: int | None = None,
    figure: Figure | None = None,
) -> None:
    """Draw photos in a row, or in rows, each under its title.

    Parameters
    ----------
    images : sequence of (H, W, 3) uint8
        The photos.
    titles : sequence of str
        One for each photo.
    columns : int, optional
        How many photos stand in a row; by default all.
    figure : Figure, optional
        An empty figure to fill; by default a new one.

    Raises
    ------
    ValueError
        If there is no photo, not one title for each, or no column.

    Examples
    --------
    >>> import numpy as np
    >>> row = Figure()
    >>> plot_photos([np.zeros((2, 2, 3), np.uint8)], ["rank 9"], figure=row)
    >>> row.axes[0].get_title()
    'rank 9'
    """
    if not len(images) == len(titles) > 0:
        got = f"{len(images)} images and {len(titles)} titles"
        raise ValueError(f"titles: expected one for each image, got {got}")
    columns = len(images) if columns is None else check_integer(columns, "columns")
    n_rows = -(-len(images) // columns)
    figure = figure or new_figure(2.9 if n_rows == 1 else 1.5 * n_rows)
    grid = figure.subplots(n_rows, columns, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for ax, image, title in zip(grid.flat, images, titles, strict=False):
        ax.imshow(image)
        ax.set_title(title)


def _row_of(table: FloatArray, name: str, gallery: Benchmark[NamedImage], query: int) -> FloatArray:
    matrix = as_matrix(table, f"distances[{name!r}]", symbols="(Q, N)")
    if matrix.shape != gallery.positives.shape:
        expected = f"expected shape {gallery.positives.shape} to match gallery"
        raise ValueError(f"distances[{name!r}]: {expected}, got {matrix.shape}")
    row: FloatArray = matrix[query]
    return row


def frame_photo(ax: Axes, image: Image, title: str, colour: str) -> None:
    """Draw a photo in a frame and under a title of one colour."""
    ax.imshow(image)
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, color=colour)
    for spine in ax.spines.values():
        spine.set(visible=True, color=colour, linewidth=2.5)
