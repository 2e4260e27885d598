"""What happens to a photo on its way to a copy: cropped, compressed, turned, printed, scanned.

Each function maps an image to another one, in sizes and angles that are stated. Geometry never
makes up pixels: what a turn or a tilt would leave empty is cut off.

The result is the same to the pixel from run to run and from machine to machine: arithmetic is in
double precision and rounded once (or in Pillow's integers), and random bits come from a stream that
NumPy promises to keep. The exception is JPEG: a Pillow built on another JPEG library than its
wheels' libjpeg-turbo may decode some pixels a grey level apart, the photos that ship included.

The list is that of INRIA Copydays: Douze, Jégou, Sandhawalia, Amsaleg & Schmid 2009, "Evaluation
of GIST descriptors for web-scale image search".
"""

from __future__ import annotations

import io
import math
from numbers import Real
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from scipy import ndimage

from coursekit.types import Image
from coursekit.validation import as_image, check_choice, check_integer, check_positive

__all__ = [
    "Side",
    "blur",
    "crop",
    "jpeg",
    "perspective",
    "print_scan",
    "relight",
    "rotate",
    "scale",
]

Side = Literal["left", "right", "top", "bottom"]

_Floats = NDArray[np.float64]

_INK: Final = 28.0  # what black and white become on paper, as grey levels
_PAPER: Final = 236.0


def crop(image: Image, removed: float, *, centre: tuple[float, float] = (0.5, 0.5)) -> Image:
    """Keep a part of the photo, of the same aspect.

    Parameters
    ----------
    image : (H, W, 3) uint8
    removed : float in [0, 1)
        Share of the area that is cut off: 0.8 keeps a fifth of it.
    centre : (float, float), default (0.5, 0.5)
        Where to put the part, as shares (x, y) of the room there is: (0, 0) keeps the top left
        corner, (1, 1) the bottom right one.

    Returns
    -------
    (h, w, 3) uint8
        h and w are √(1 − removed) times H and W, rounded, and at least 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Examples
    --------
    >>> crop(np.zeros((300, 400, 3), dtype=np.uint8), 0.75).shape
    (150, 200, 3)
    """
    image = as_image(image)
    kept = math.sqrt(1 - _check_between(removed, "removed", below=True))
    right, down = (_check_between(at, f"centre[{i}]") for i, at in enumerate(centre))
    height, width = (max(1, round(kept * side)) for side in image.shape[:2])
    top = round(down * (image.shape[0] - height))
    left = round(right * (image.shape[1] - width))
    return image[top : top + height, left : left + width].copy()


def jpeg(image: Image, quality: int) -> Image:
    """Compress as JPEG and read it back.

    Parameters
    ----------
    image : (H, W, 3) uint8
    quality : int in [1, 95]
        As the Independent JPEG Group's library counts it; colours are halved in size both ways.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Examples
    --------
    >>> grey = np.full((8, 8, 3), 128, dtype=np.uint8)
    >>> bool((jpeg(grey, 5) == grey).all())
    True
    """
    image = as_image(image)
    quality = check_integer(quality, "quality", at_most=95)
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.array(PillowImage.open(file))


def scale(image: Image, factor: float) -> Image:
    """Make the photo smaller or larger.

    Parameters
    ----------
    image : (H, W, 3) uint8
    factor : float
        New side over old side, more than 0; 0.5 leaves a quarter of the pixels.

    Returns
    -------
    (h, w, 3) uint8
        h and w are `factor` times H and W, rounded, and at least 1. Each pixel is Lanczos's
        weighted mean of those it covers.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Examples
    --------
    >>> scale(np.zeros((300, 400, 3), dtype=np.uint8), 0.25).shape
    (75, 100, 3)
    """
    image = as_image(image)
    factor = check_positive(factor, "factor")
    height, width = (max(1, round(factor * side)) for side in image.shape[:2])
    small = PillowImage.fromarray(image).resize((width, height), PillowImage.Resampling.LANCZOS)
    return np.array(small)


def rotate(image: Image, degrees: float) -> Image:
    """Turn the photo about its centre and keep the largest upright part of the same aspect.

    Parameters
    ----------
    image : (H, W, 3) uint8
    degrees : float in [−180, 180]
        Counter-clockwise as seen on the screen.

    Returns
    -------
    (h, w, 3) uint8
        All of it lies within the turned photo. Pixels are interpolated linearly.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Examples
    --------
    >>> rotate(np.zeros((200, 200, 3), dtype=np.uint8), 45).shape
    (141, 141, 3)
    """
    image = as_image(image)
    degrees = _check_between(degrees, "degrees", -180, 180)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    H, W = image.shape[:2]
    # The part, turned back, must fit into W × H: w|cos| + h|sin| ≤ W and w|sin| + h|cos| ≤ H.
    share = min(
        W / (W * abs(cosine) + H * abs(sine)),
        H / (W * abs(sine) + H * abs(cosine)),
    )
    height, width = (max(1, math.floor(share * side + 1e-9)) for side in (H, W))
    y, x = np.indices((height, width)) - np.array([height - 1, width - 1]).reshape(2, 1, 1) / 2
    # The screen's y axis points down: the turn back is (x cos − y sin, x sin + y cos).
    return _sample(
        image,
        (H - 1) / 2 + sine * x + cosine * y,
        (W - 1) / 2 + cosine * x - sine * y,
    )


def perspective(image: Image, tilt: float, *, side: Side = "left") -> Image:
    """Look at the photo from aside: one of its sides comes closer and loses its ends.

    Parameters
    ----------
    image : (H, W, 3) uint8
    tilt : float in [0, 1)
        Share of the nearer side that falls outside the picture, half of it at each end.
    side : {"left", "right", "top", "bottom"}, default "left"
        Which side comes closer.

    Returns
    -------
    (H, W, 3) uint8
        Straight lines stay straight. Pixels are interpolated linearly.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    References
    ----------
    Hartley & Zisserman 2004, *Multiple view geometry*, on the homography from four points.

    Examples
    --------
    >>> grey = np.full((60, 80, 3), 90, dtype=np.uint8)
    >>> bool((perspective(grey, 0.5, side="top") == grey).all())
    True
    """
    image = as_image(image)
    tilt = _check_between(tilt, "tilt", below=True)
    check_choice(side, "side", get_args(Side))
    H, W = image.shape[:2]
    # (x, y) of the outer corners of the corner pixels, clockwise: apart even in a 1×1 image.
    corners = np.array([[0, 0], [W, 0], [W, H], [0, H]]) - 0.5
    seen = corners.copy()
    near = {"top": (0, 1), "right": (1, 2), "bottom": (2, 3), "left": (3, 0)}[side]
    first, last = corners[near[0]], corners[near[1]]
    seen[near[0]] += tilt / 2 * (last - first)
    seen[near[1]] += tilt / 2 * (first - last)
    h = _homography(corners, seen)
    y, x = np.indices((H, W)).astype(np.float64)
    depth = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    return _sample(
        image,
        (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / depth,
        (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / depth,
    )


def blur(image: Image, sigma: float) -> Image:
    """Blur the photo with a Gaussian.

    Parameters
    ----------
    image : (H, W, 3) uint8
    sigma : float
        Standard deviation, in pixels, at least 0. Beyond the border the image is mirrored.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Examples
    --------
    >>> dot = np.zeros((9, 9, 3), dtype=np.uint8)
    >>> dot[4, 4] = 255
    >>> int(blur(dot, 1.0)[4, 4, 0])  # 255 / 2π
    41
    """
    image = as_image(image)
    sigma = check_positive(sigma, "sigma", or_zero=True)
    return _rounded(_smooth(image.astype(np.float64), sigma))


def relight(image: Image, *, gamma: float = 1.0, shade: float = 0.0) -> Image:
    """Change the light: the exposure of the whole, and a shadow that grows across it.

    Parameters
    ----------
    image : (H, W, 3) uint8
    gamma : float, default 1
        Exponent on intensities in [0, 1], more than 0; above 1 darkens, below 1 lightens.
    shade : float in [0, 1], default 0
        Share of the light that is lost at the right border; none is lost at the left one.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Examples
    --------
    >>> white = np.full((1, 3, 3), 255, dtype=np.uint8)
    >>> relight(white, shade=0.8)[0, :, 0].tolist()
    [255, 153, 51]
    """
    image = as_image(image)
    gamma = check_positive(gamma, "gamma")
    shade = _check_between(shade, "shade")
    curve = 255 * (np.arange(256) / 255) ** gamma
    light = 1 - shade * np.linspace(0, 1, image.shape[1])
    return _rounded(curve[image] * light[:, None])


def print_scan(image: Image, *, noise: float = 6.0, sigma: float = 0.8, seed: int = 0) -> Image:
    """Print the photo and scan it: ink that spreads, a paper that is not white, grain.

    A model of a desktop printer and scanner, after Lin & Chang: blur, then a tone curve that
    takes black to 28 and white to 236, then noise.

    Parameters
    ----------
    image : (H, W, 3) uint8
    noise : float, default 6
        Standard deviation of the grain, in grey levels, at least 0; one value for all colours.
    sigma : float, default 0.8
        Blur, in pixels, at least 0.
    seed : int, default 0
        Which grain, at least 0.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    References
    ----------
    Lin & Chang 1999, "Distortion modeling and invariant extraction for digital image
    print-and-scan process".

    Examples
    --------
    >>> black = np.zeros((4, 4, 3), dtype=np.uint8)
    >>> print_scan(black, noise=0.0)[0, 0].tolist()
    [28, 28, 28]
    """
    image = as_image(image)
    noise = check_positive(noise, "noise", or_zero=True)
    sigma = check_positive(sigma, "sigma", or_zero=True)
    seed = check_integer(seed, "seed", at_least=0)
    printed = _smooth(image.astype(np.float64), sigma)
    scanned = _INK + (_PAPER - _INK) / 255 * printed
    return _rounded(scanned + noise * _grain(image.shape[:2], seed)[..., None])


def _grain(shape: tuple[int, int], seed: int) -> _Floats:
    """Draw (H, W) values of mean 0 and variance 1, nearly normal: each a sum of eight bytes.

    NumPy promises the stream of raw bits to stay, but not that of its normal numbers.
    """
    bits = np.random.PCG64(seed).random_raw(shape[0] * shape[1])  # uint64
    totals = sum((bits >> np.uint64(shift)) & np.uint64(255) for shift in range(0, 64, 8))
    deviation = math.sqrt(8 * (256**2 - 1) / 12)
    grain: _Floats = (np.asarray(totals, dtype=np.float64) - 8 * 127.5) / deviation
    return grain.reshape(shape)


def _smooth(pixels: _Floats, sigma: float) -> _Floats:
    smooth: _Floats = ndimage.gaussian_filter(pixels, (sigma, sigma, 0), mode="mirror")
    return smooth


def _sample(image: Image, y: _Floats, x: _Floats) -> Image:
    """Interpolate linearly at (h, w) places; rounding errors may put some just outside."""
    sampled = np.empty((*y.shape, 3))
    for channel in range(3):
        plane = image[..., channel].astype(np.float64)
        ndimage.map_coordinates(plane, [y, x], sampled[..., channel], order=1, mode="nearest")
    return _rounded(sampled)


def _homography(points: _Floats, images: _Floats) -> _Floats:
    """Return the (3, 3) matrix that takes four points (x, y) to their images, its last entry 1."""
    rows, values = [], []
    for (x, y), (u, v) in zip(points, images, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3)


def _rounded(pixels: _Floats) -> Image:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _check_between(
    value: Any, name: str, low: float = 0, high: float = 1, *, below: bool = False
) -> float:
    """Return a float in [low, high], or in [low, high) if it must stay `below`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    number = float(value)
    if not low <= number <= high or (below and number == high):
        bracket = ")" if below else "]"
        raise ValueError(f"{name}: expected a number in [{low}, {high}{bracket}, got {value}")
    return number
