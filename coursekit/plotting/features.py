"""Local features on their photo: where they were seen and which word each one got."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from coursekit.plotting.style import BLUE, WORD_COLOURS
from coursekit.types import BoolArray, Image, LocalFeatures
from coursekit.validation import as_image


def plot_features(
    image: Image,
    features: LocalFeatures,
    ax: Axes,
    *,
    assignments: Sequence[int] | None = None,
    words: Sequence[int] | None = None,
) -> None:
    """Draw a photo and a dot at the centre of each of its patches.

    Parameters
    ----------
    image : (H, W, 3) uint8
        The photo.
    features : LocalFeatures
        Its T patches.
    ax : Axes
        Where to draw.
    assignments : (T,) integers, optional
        The word of each patch; dots are then coloured by word.
    words : sequence of int, optional
        Draw the patches of these words only, and name them in a legend, which counts from 1.

    Raises
    ------
    ValueError
        If `assignments` does not have one entry for each patch, or `words` comes without it.

    References
    ----------
    Slide S07.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> photo = np.zeros((8, 8, 3), np.uint8)
    >>> patch = LocalFeatures(np.ones((1, 128)), np.ones((1, 2)), np.ones(1), (8, 8))
    >>> axes = Figure().subplots()
    >>> plot_features(photo, patch, axes, assignments=[3], words=[3])
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['word 4']
    """
    if assignments is not None and len(assignments) != len(features):
        raise ValueError(f"assignments: expected {len(features)} words, got {len(assignments)}")
    if words is not None and assignments is None:
        raise ValueError("words: expected assignments to choose from, got none")
    ax.imshow(as_image(image))
    ax.set(xticks=[], yticks=[])
    if assignments is None:
        _dots(ax, features, np.ones(len(features), bool), BLUE)
        return
    chosen = sorted(set(assignments)) if words is None else words
    for number, k in enumerate(chosen):
        colour = WORD_COLOURS[number % len(WORD_COLOURS)]
        _dots(ax, features, np.asarray(assignments) == k, colour, label=f"word {k + 1}")
    if words is not None:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=len(chosen), frameon=False)


def _dots(
    ax: Axes, features: LocalFeatures, chosen: BoolArray, colour: str, label: str | None = None
) -> None:
    x, y = features.positions[chosen].T
    ax.scatter(x, y, s=26, color=colour, edgecolors="white", linewidths=0.7, label=label)
