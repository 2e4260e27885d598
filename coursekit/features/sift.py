r"""SIFT descriptors, at detected points or on a regular grid, and RootSIFT.

A descriptor describes one square patch: 4×4 cells, row by row from the patch's top left, and in
each cell a histogram of the gradient's direction over 8 orientations, so that entry
``(row * 4 + column) * 8 + o`` belongs to orientation ``o``. Orientation 0 is the patch's own
x axis and each following one lies 45° further *counter-clockwise as seen on the screen*; since
the image's y axis points downwards, that is the angle −45°·o (`ORIENTATION_ANGLES`). The gradient
points from dark to bright.

Recalled in the lecture on slides S05–S07 and S12; the extraction itself is OpenCV's. `sift` and
`dense_sift` give the same bytes on every x86-64 processor, whatever its instruction sets, and for
any number of threads and processes: OpenCV runs its plain code inside them, on the calling thread
alone, and its switches are as before afterwards. The wheels of opencv-python-headless 4.10, 4.11,
4.12, 4.13, 4.14 and 5.0 agree to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from coursekit.features._opencv import plain_opencv
from coursekit.types import BoolArray, FloatArray, Image, IntArray, LocalFeatures
from coursekit.validation import as_image, as_matrix, check_integer, check_positive

__all__ = ["CELLS", "ORIENTATIONS", "ORIENTATION_ANGLES", "dense_sift", "root_sift", "sift"]

CELLS: Final = 4
ORIENTATIONS: Final = 8
ORIENTATION_ANGLES: Final = -2 * np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS
"""(8,) float64, radians in image coordinates, from the patch's x axis (to the right for an upright
patch) towards its y axis (downwards): the gradient of orientation o is (cos, sin) of its angle."""
ORIENTATION_ANGLES.setflags(write=False)

# OpenCV: a keypoint of "size" s was found at the scale σ = s/2, and each cell is 3σ wide.
_SIDE_OF_SIZE: Final = CELLS * 3 / 2
_SIGMA_OF_SIDE: Final = 1 / (CELLS * 3)
# OpenCV detects in the image at twice its size. Pixel X there lies at X/2 − 1/4 of the image, in
# whatever octave it is found, but is reported at X/2.
_UPSCALING_SHIFT: Final = np.float32(0.25)
_NOTHING: Final[FloatArray] = np.zeros((0, CELLS * CELLS * ORIENTATIONS), dtype=np.float32)


def sift(
    image: Image,
    *,
    n_features: int | None = None,
    contrast_threshold: float = 0.04,
    edge_threshold: float = 10.0,
    root_sift: bool = True,
) -> LocalFeatures:
    """Describe the blobs that a difference of Gaussians detects, turned to their orientation.

    Parameters
    ----------
    image : (H, W, 3) uint8, RGB
        Only its luminance is used.
    n_features : int, optional
        Keep the features of strongest contrast, at most this many; by default all.
    contrast_threshold : float, default 0.04
        Least contrast of a blob, as OpenCV counts it (its default); a lower one detects more.
    edge_threshold : float, default 10
        Greatest ratio of the two curvatures; a higher one keeps more points on edges.
    root_sift : bool, default True
        Whether to apply `root_sift`. Plain descriptors hold whole numbers from 0 to 255 and
        have a norm of about 512.

    Returns
    -------
    LocalFeatures
        T descriptors (T, 128) float32, strongest contrast first; a blob with several dominant
        orientations is described once for each. `scales` holds the side of the square patch,
        12 times the σ at which the blob was found, and `angles` its orientation, to which the patch
        is turned. An image without blobs gives T = 0.

    Raises
    ------
    TypeError, ValueError
        If `image` is no RGB image of uint8, or an option is out of range.

    Notes
    -----
    The same bytes on every x86-64 processor, under any number of threads and processes, with
    OpenCV 4.10 to 5.0: its optimised code is off in here, and its switches are put back. To use
    several cores, work on several images (`extract`).

    The centre of a pixel has whole coordinates, so that a blob at x lies at W − 1 − x in the
    mirrored image. OpenCV's own positions are 1/4 pixel further to the right and down.

    References
    ----------
    Lowe 2004, "Distinctive image features from scale-invariant keypoints"; slides S05, S12.

    Examples
    --------
    >>> blank = np.full((60, 80, 3), 128, dtype=np.uint8)
    >>> sift(blank).descriptors.shape
    (0, 128)
    """
    image = as_image(image)
    # OpenCV reads 0 as "all".
    limit = 0 if n_features is None else check_integer(n_features, "n_features")
    detector = cv2.SIFT.create(
        nfeatures=limit,
        contrastThreshold=check_positive(contrast_threshold, "contrast_threshold"),
        edgeThreshold=check_positive(edge_threshold, "edge_threshold"),
    )
    with plain_opencv():
        keypoints, descriptors = detector.detectAndCompute(_luminance(image), None)
    strongest = _strongest_first(keypoints)[: limit or None]
    if not strongest:
        return _local_features(image, [], _NOTHING, as_root=root_sift)  # OpenCV gives None
    features = _local_features(
        image,
        [keypoints[t] for t in strongest],
        _float32(descriptors)[strongest],
        as_root=root_sift,
    )
    return replace(features, positions=features.positions - _UPSCALING_SHIFT)


def dense_sift(
    image: Image,
    *,
    step: int = 8,
    patch_sizes: Sequence[int] = (16, 24, 32, 48),
    root_sift: bool = True,
) -> LocalFeatures:
    """Describe upright patches on a regular grid, whatever is in them.

    The patch of side P at pixel (x, y) covers the columns x − ⌊P/2⌋ … x − ⌊P/2⌋ + P − 1, and the
    rows alike. Only whole patches are taken, every `step` pixels both ways; what is left over is
    shared between the two borders. The image is smoothed with σ = P/12, the scale at which the
    detector would have found a patch of this side.

    Parameters
    ----------
    image : (H, W, 3) uint8, RGB
        Only its luminance is used.
    step : int, default 8
        Distance between neighbouring patches, in pixels.
    patch_sizes : sequence of int, default (16, 24, 32, 48)
        Sides P of the patches, in pixels, at least 4 (one for each cell).
    root_sift : bool, default True
        Whether to apply `root_sift`; see `sift`.

    Returns
    -------
    LocalFeatures
        T descriptors (T, 128) float32, size by size, then row by row from the top left.
        `scales` holds P, `angles` zeros. A patch of one single grey has the zero descriptor; an
        image smaller than every patch gives T = 0.

    Raises
    ------
    TypeError, ValueError
        If `image` is no RGB image of uint8, or an option is out of range.

    Notes
    -----
    The same bytes on every x86-64 processor and under any number of threads, as of `sift`.

    References
    ----------
    Bosch, Zisserman & Muñoz 2007 (several sizes on one grid); Lowe 2004, section 6.

    Examples
    --------
    >>> image = np.zeros((40, 56, 3), dtype=np.uint8)
    >>> features = dense_sift(image, step=8, patch_sizes=[32])  # 2 rows of 4 patches
    >>> features.positions[:2].tolist(), features.scales[:2].tolist()
    ([[16.0, 16.0], [24.0, 16.0]], [32.0, 32.0])
    """
    image = as_image(image)
    step = check_integer(step, "step")
    sides = [check_integer(P, f"patch_sizes[{i}]", at_least=4) for i, P in enumerate(patch_sizes)]
    keypoints: list[cv2.KeyPoint] = []
    descriptors: list[FloatArray] = [_NOTHING]
    with plain_opencv():
        luminance = _luminance(image)
        for P in sides:
            grid = _grid(image.shape[0], image.shape[1], P, step)
            if grid:
                keypoints += grid
                descriptors.append(_describe(luminance, grid, P))
    return _local_features(image, keypoints, np.concatenate(descriptors), as_root=root_sift)


def root_sift(descriptors: FloatArray | IntArray) -> FloatArray:
    r"""Take SIFT's square roots, so that the L2 distance becomes Hellinger's.

    .. math:: x \leftarrow \sqrt{x / \lVert x \rVert_1}

    Parameters
    ----------
    descriptors : (T, D) floating or integers
        Entries at least 0. T = 0 is allowed.

    Returns
    -------
    (T, D) floating
        Rows of unit L2 norm; a row of zeros stays one. Integers become float32.

    Raises
    ------
    TypeError, ValueError
        If `descriptors` is not a matrix of finite numbers, or has a negative entry.

    References
    ----------
    Arandjelović & Zisserman 2012, "Three things everyone should know to improve object
    retrieval".

    Examples
    --------
    >>> root_sift(np.array([[9.0, 16.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    values = as_matrix(descriptors, "descriptors")
    if values.min(initial=0) < 0:
        raise ValueError(f"descriptors: expected entries ≥ 0, got {values.min()}")
    totals = values.sum(axis=1, keepdims=True, dtype=np.float64)  # float16 would overflow
    totals[totals == 0] = 1
    roots: FloatArray = np.sqrt(values / totals).astype(values.dtype, copy=False)
    return roots


def _luminance(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)  # (H, W)


def _float32(descriptors: cv2.typing.MatLike) -> FloatArray:
    return descriptors.astype(np.float32, copy=False)


def _strongest_first(keypoints: Sequence[cv2.KeyPoint]) -> list[int]:
    """Order by contrast; ties, which orientations of one blob are, by place, size and angle."""
    keys = [(-k.response, k.pt[1], k.pt[0], k.size, k.angle) for k in keypoints]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _grid(height: int, width: int, P: int, step: int) -> list[cv2.KeyPoint]:
    """Place upright keypoints whose descriptor window is P pixels wide."""
    if min(height, width) < P:
        return []
    top, left = (height - P) % step // 2 + P // 2, (width - P) % step // 2 + P // 2
    return [
        cv2.KeyPoint(x, y, P / _SIDE_OF_SIZE, 0)
        for y in range(top, height - P + P // 2 + 1, step)
        for x in range(left, width - P + P // 2 + 1, step)
    ]


def _describe(luminance: Image, grid: Sequence[cv2.KeyPoint], P: int) -> FloatArray:
    """Return the plain descriptors (T, 128) of the patches of one size."""
    # One layer is enough: these keypoints lie on the first image of the pyramid.
    extractor = cv2.SIFT.create(nOctaveLayers=1, sigma=P * _SIGMA_OF_SIDE)
    described = _float32(extractor.compute(luminance, grid)[1])
    # Rounding errors of the smoothing would be blown up to full norm there.
    described[_is_flat(luminance, grid, P)] = 0
    return described


def _is_flat(luminance: Image, grid: Sequence[cv2.KeyPoint], P: int) -> BoolArray:
    """Tell (T,) whether all pixels of a patch are equal."""
    window = np.ones((P, P), dtype=np.uint8)
    flat = cv2.erode(luminance, window) == cv2.dilate(luminance, window)  # (H, W)
    x, y = np.array([k.pt for k in grid], dtype=int).T
    return np.asarray(flat[y, x], dtype=bool)


def _local_features(
    image: Image, keypoints: Sequence[cv2.KeyPoint], descriptors: FloatArray, *, as_root: bool
) -> LocalFeatures:
    places = np.array([k.pt for k in keypoints], dtype=np.float32).reshape(-1, 2)
    sides = np.array([k.size * _SIDE_OF_SIZE for k in keypoints], dtype=np.float32)
    # OpenCV's degrees run from the x axis towards the y axis too.
    angles = np.deg2rad(np.array([k.angle for k in keypoints], dtype=np.float32))
    if as_root:
        descriptors = root_sift(descriptors)
    return LocalFeatures(descriptors, places, sides, image.shape[:2], angles)
