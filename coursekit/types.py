"""Array aliases and the container of local features: what every layer may name.

An alias says the family of the dtype; the docstring of each function says the shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BagLike",
    "BagsLike",
    "BoolArray",
    "FloatArray",
    "Image",
    "IntArray",
    "Loadable",
    "LocalFeatures",
    "RandomState",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
Image: TypeAlias = NDArray[np.uint8]  # (H, W, 3), RGB

RandomState: TypeAlias = int | np.random.RandomState | None  # as scikit-learn takes it


@runtime_checkable
class Loadable(Protocol):
    """Whatever can be read as an image, such as a `Photo`."""

    def load(self) -> Image:
        """Read the pixels, (H, W, 3) uint8."""


@dataclass(frozen=True, eq=False)
class LocalFeatures:
    """The local descriptors of one image and where they were seen.

    Parameters
    ----------
    descriptors : (T, D) floating
        One descriptor a row; T = 0 is an image in which nothing was detected.
    positions : (T, 2) floating
        Centre (x, y) of each patch, in pixels; x runs to the right, y downwards.
    scales : (T,) floating
        Diameter of each patch, in pixels.
    image_shape : (int, int)
        (H, W) of the image, in pixels.
    angles : (T,) floating, optional
        Where the x axis of each patch points, in radians, from the image's x axis (to the right)
        towards its y axis (downwards); 0 for upright patches. None where patches have no
        orientation.

    Raises
    ------
    ValueError
        If the arrays do not have the shapes above, for one common T.

    Examples
    --------
    >>> nothing = LocalFeatures(np.zeros((0, 128)), np.zeros((0, 2)), np.zeros(0), (480, 640))
    >>> len(nothing)
    0
    """

    descriptors: FloatArray
    positions: FloatArray
    scales: FloatArray
    image_shape: tuple[int, int]
    angles: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.descriptors.ndim != 2:
            raise ValueError(f"descriptors: expected shape (T, D), got {self.descriptors.shape}")
        T = len(self.descriptors)
        if self.positions.shape != (T, 2):
            raise ValueError(f"positions: expected shape ({T}, 2), got {self.positions.shape}")
        if self.scales.shape != (T,):
            raise ValueError(f"scales: expected shape ({T},), got {self.scales.shape}")
        if len(self.image_shape) != 2 or min(self.image_shape) < 1:
            raise ValueError(f"image_shape: expected (H, W) ≥ (1, 1), got {self.image_shape}")
        if self.angles is not None and self.angles.shape != (T,):
            raise ValueError(f"angles: expected shape ({T},), got {self.angles.shape}")

    def __len__(self) -> int:
        return len(self.descriptors)

    def with_descriptors(self, descriptors: FloatArray) -> LocalFeatures:
        """Return the same places with other descriptors, for example after a PCA.

        Parameters
        ----------
        descriptors : (T, D') floating
            One row for each place.

        Returns
        -------
        LocalFeatures
        """
        return replace(self, descriptors=descriptors)


BagLike: TypeAlias = FloatArray | LocalFeatures
BagsLike: TypeAlias = Sequence[BagLike]
