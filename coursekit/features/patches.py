"""The pixels of each local feature, brought to one size and turned upright.

What a descriptor of patches starts from. Slides S05, S12; Lowe 2004, sections 5 and 6; Paulin et
al. 2015.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from coursekit.features._opencv import plain_opencv
from coursekit.types import FloatArray, Image, LocalFeatures
from coursekit.validation import as_floating, as_image, check_finite, check_integer

__all__ = ["dominant_angles", "extract_patches"]

_PATCHES_PER_CHUNK: Final = 512  # 8 MiB of coordinates for patches of 32×32
_BINS: Final = 36  # of 10° each; Lowe 2004, section 5


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
        towards its y axis (downwards). By default those of `features`, as `sift` has found them;
        patches are upright where these are None.

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
    turns = _as_angles(features.angles if angles is None else angles, len(features))
    magnification = np.maximum(features.scales / side, 1)
    levels = np.frexp(magnification)[1] - 1  # (T,): ⌊log₂⌋, exactly
    patches = np.empty((len(features), side, side), dtype=np.float32)
    for level, grey in enumerate(_pyramid(image, levels.max(initial=0) + 1)):
        here = np.flatnonzero(levels == level)
        for start in range(0, len(here), _PATCHES_PER_CHUNK):
            chunk = here[start : start + _PATCHES_PER_CHUNK]
            # Pixel n of a level stands where pixel 2n of the level below it stood.
            places = _places(features.positions[chunk], features.scales[chunk], turns[chunk], side)
            patches[chunk] = ndimage.map_coordinates(
                grey, places / 2**level, order=1, mode="nearest"
            )
    return patches


def dominant_angles(patches: ArrayLike) -> FloatArray:
    r"""Find the direction in which most of each patch's gradient points (*orientation dominante*).

    The gradients vote for their direction with their length times a Gaussian of σ = P/8 around
    the centre, which is Lowe's 1.5 scales where a patch is 12 wide. The highest bin of the
    smoothed histogram wins, refined by a parabola through its neighbours. For places without
    angles, such as those of a grid: `sift` has found its own, several for a blob where several
    directions dominate.

    Parameters
    ----------
    patches : (N, P, P) array
        Upright grey patches, P ≥ 2, as from `extract_patches`. N = 0 is allowed.

    Returns
    -------
    (N,) float64, in radians in [−π, π)
        From the x axis (to the right) towards the y axis (downwards), from dark to bright; 0 for
        a patch without gradient.

    Raises
    ------
    TypeError, ValueError
        If `patches` is not numeric, not finite or not of the shape above.

    References
    ----------
    Lowe 2004, section 5.

    Examples
    --------
    >>> ramp = np.arange(16.0)[:, None] * np.ones(16)  # brighter downwards
    >>> np.rad2deg(dominant_angles([ramp, ramp.T])).round().tolist()
    [90.0, 0.0]
    """
    values = as_patches(patches).astype(np.float64, copy=False)
    N, P, _ = values.shape
    dy, dx = (np.gradient(values, axis=axis) for axis in (1, 2))
    from_centre = np.arange(P) - (P - 1) / 2
    window = np.exp(-0.5 * (from_centre / (P / 8)) ** 2)
    votes = np.hypot(dx, dy) * window[:, None] * window
    turns = np.arctan2(dy, dx) / (2 * np.pi) * _BINS
    lower = np.floor(turns)
    histograms = np.zeros(N * _BINS)
    # Each vote is shared between the two nearest bins.
    for bins, share in ((lower, 1 - (turns - lower)), (lower + 1, turns - lower)):
        entries = np.arange(N)[:, None, None] * _BINS + bins.astype(int) % _BINS
        histograms += np.bincount(entries.ravel(), (votes * share).ravel(), N * _BINS)
    return _peaks(histograms.reshape(N, _BINS)) * (2 * np.pi / _BINS)


def _peaks(histograms: FloatArray) -> FloatArray:
    """Return where each circular histogram is highest, in bins in [−18, 18), between bins too."""
    smooth = ndimage.gaussian_filter1d(histograms, 1.5, axis=1, mode="wrap")
    k, rows = smooth.argmax(axis=1), np.arange(len(smooth))
    before, peak, after = (smooth[rows, (k + step) % _BINS] for step in (-1, 0, 1))
    bend = before - 2 * peak + after  # negative, or 0 where there is no gradient at all
    shift = np.where(bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1), 0)
    half = _BINS / 2
    return np.asarray((k + shift + half) % _BINS - half)


def as_patches(patches: Any, side: int | None = None) -> FloatArray:
    """Return finite floating patches (N, P, P), P ≥ 2, and P = `side` if that is given."""
    values = as_floating(patches, "patches")
    wrong = values.ndim != 3 or values.shape[1] != values.shape[2] or values.shape[1] < 2
    if wrong or (side is not None and values.shape[1] != side):
        expected = "(N, P, P) with P ≥ 2" if side is None else f"(N, {side}, {side})"
        raise ValueError(f"patches: expected shape {expected}, got {values.shape}")
    check_finite(values, "patches")
    return values


def _pyramid(image: Image, n_levels: int) -> list[FloatArray]:
    """Return the grey image, then each time the one before at half its size."""
    with plain_opencv():
        levels: list[FloatArray] = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)]
        for _ in range(n_levels - 1):
            levels.append(cv2.pyrDown(levels[-1]).astype(np.float32, copy=False))
    return levels


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
    # Not in float32: its rounding, times the scale, moves pixels, and differs among processors.
    turns = as_floating(angles, "angles").astype(np.float64)
    if turns.shape != (T,):
        raise ValueError(f"angles: expected shape ({T},), one a feature, got {turns.shape}")
    check_finite(turns, "angles")
    return turns
