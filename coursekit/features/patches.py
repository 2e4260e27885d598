"""The pixels of each local feature, brought to one size: what a descriptor of patches starts from.

Lecture: slides S05, S12 (describe a region whatever its size); Lowe 2004, section 6; Paulin et
al. 2015, figure 1.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from coursekit.types import FloatArray, Image, LocalFeatures
from coursekit.validation import as_floating, as_image, check_finite, check_integer

__all__ = ["extract_patches"]

_PATCHES_PER_CHUNK: Final = 512  # 8 MiB of coordinates for patches of 32×32


def extract_patches(
    image: Image, features: LocalFeatures, side: int = 32, *, angles: ArrayLike | None = None
) -> FloatArray:
    r"""Cut out the patch of each feature, and resample it to `side` × `side` pixels.

    Pixel (i, j) of a patch of scale S at (x, y) is read, with :math:`u = \frac{j + 1/2}{side} -
    \frac12`, and v likewise from i, at

    .. math:: \left( x + S (u \cos\theta - v \sin\theta), \; y + S (u \sin\theta + v \cos\theta)
              \right)

    by linear interpolation. Patches larger than `side` are read from a Gaussian pyramid, at the
    level where a pixel of the patch is 1 to 2 pixels wide. Beyond its border the image goes on
    with its outermost pixels.

    Parameters
    ----------
    image : (H, W, 3) uint8, RGB
        Only its luminance is used.
    features : LocalFeatures
        T places in this image; their descriptors are not looked at.
    side : int, default 32
        Side of the result, in pixels.
    angles : (T,) array, optional
        θ, in radians: where each patch's x axis points, from the image's x axis (to the right)
        towards its y axis (downwards). By default patches are upright.

    Returns
    -------
    (T, side, side) float32, in grey levels from 0 to 255
        T = 0 is allowed.

    Raises
    ------
    TypeError, ValueError
        If `image` is no RGB image of uint8 or not the one of `features`, a scale is not positive,
        or an option is out of range.

    Examples
    --------
    >>> from coursekit.features import dense_sift
    >>> image = np.zeros((40, 56, 3), dtype=np.uint8)
    >>> extract_patches(image, dense_sift(image), side=16).shape
    (47, 16, 16)
    """
    image = as_image(image)
    side = check_integer(side, "side")
    if tuple(features.image_shape) != image.shape[:2]:
        got, expected = tuple(features.image_shape), image.shape[:2]
        raise ValueError(f"features: expected image_shape {expected} to match image, got {got}")
    check_finite(features.positions, "features.positions")
    check_finite(features.scales, "features.scales")
    if features.scales.min(initial=1) <= 0:
        raise ValueError(f"features: expected scales > 0, got {features.scales.min()}")
    turns = _as_angles(angles, len(features))
    magnification = np.maximum(features.scales / side, 1)
    levels = np.floor(np.log2(magnification)).astype(int)  # (T,)
    patches = np.empty((len(features), side, side), dtype=np.float32)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    for level in range(levels.max(initial=-1) + 1):
        here = np.flatnonzero(levels == level)
        for start in range(0, len(here), _PATCHES_PER_CHUNK):
            chunk = here[start : start + _PATCHES_PER_CHUNK]
            # Pixel n of a level stands where pixel 2n of the level below it stood.
            places = _places(features.positions[chunk], features.scales[chunk], turns[chunk], side)
            patches[chunk] = ndimage.map_coordinates(
                grey, places / 2**level, order=1, mode="nearest"
            )
        grey = cv2.pyrDown(grey).astype(np.float32, copy=False)
    return patches


def _places(positions: FloatArray, scales: FloatArray, angles: FloatArray, side: int) -> FloatArray:
    """Return where to read each pixel: (2, T, side, side), rows first."""
    steps = (np.arange(side) + 0.5) / side - 0.5
    v, u = np.meshgrid(steps, steps, indexing="ij")  # (side, side)
    x, y, S, cos, sin = (
        values[:, None, None]
        for values in (*positions.T.astype(float), scales, np.cos(angles), np.sin(angles))
    )  # (T, 1, 1)
    return np.stack([y + S * (u * sin + v * cos), x + S * (u * cos - v * sin)])


def _as_angles(angles: Any, T: int) -> FloatArray:
    if angles is None:
        return np.zeros(T)
    turns = as_floating(angles, "angles")
    if turns.shape != (T,):
        raise ValueError(f"angles: expected shape ({T},), one a feature, got {turns.shape}")
    check_finite(turns, "angles")
    return turns
