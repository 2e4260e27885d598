"""Two views of one photo, as if taken from elsewhere at another hour: pairs without labels."""

from __future__ import annotations

import math
from typing import Final, get_args

import numpy as np

from coursekit.convnet.describe import resize
from coursekit.data.transformations import Side, crop, perspective, relight, rotate
from coursekit.types import Image
from coursekit.validation import as_image, check_integer

__all__ = ["random_view"]

_SIDES: Final = get_args(Side)


def random_view(image: Image, side: int, rng: np.random.Generator) -> Image:
    """Crop, tilt, turn and relight a photo at random, and scale a square of it.

    Parameters
    ----------
    image : (H, W, 3) uint8, RGB
    side : int
        Of the view, in pixels.
    rng : numpy.random.Generator
        Where chance comes from; 8 numbers are drawn.

    Returns
    -------
    (side, side, 3) uint8
        20 to 100 % of the area, turned by up to 20°, with up to 40 % of one side lost to
        perspective, darkened or lightened by an exponent from ½ to 2.

    Raises
    ------
    TypeError, ValueError
        If `image` is no RGB image of uint8, or `side` is not an integer ≥ 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> random_view(np.zeros((60, 80, 3), dtype=np.uint8), 32, rng).shape
    (32, 32, 3)
    """
    check_integer(side, "side")
    removed, x, y, turn, tilt, light, along, nearer = rng.random(8)
    view = crop(as_image(image), 0.8 * removed, centre=(float(x), float(y)))
    view = perspective(view, 0.4 * tilt, side=_SIDES[int(nearer * len(_SIDES))])
    view = rotate(view, 20 * (2 * turn - 1))
    view = relight(view, gamma=math.exp((2 * light - 1) * math.log(2)))
    return resize(_square(view, float(along)), side)


def _square(image: Image, along: float) -> Image:
    """Return the square of the shorter side, `along` the longer one, in [0, 1]."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = round(along * (height - side)), round(along * (width - side))
    return image[top : top + side, left : left + side]
