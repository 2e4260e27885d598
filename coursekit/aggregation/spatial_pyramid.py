"""The spatial pyramid: encode the parts of an image as well, and keep some of its geometry.

Slide S23; Lazebnik, Schmid & Ponce, CVPR 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from coursekit.types import BagsLike, FloatArray, IntArray, LocalFeatures
from coursekit.validation import check_choice, check_finite, check_integer, check_positive

from ._blocks import length, refusal
from .bags import as_bags
from .encoder import BagEncoder

LevelWeights: TypeAlias = Literal["lazebnik"] | Sequence[float] | None
PyramidNorm: TypeAlias = Literal["global", "cell"] | None


class SpatialPyramid(  # scikit-learn is untyped, hence the comments for the type checker
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    r"""Encode the cells of 1×1, 2×2, 4×4 … grids over each image, one after another.

    A descriptor at (x, y) of an image of shape (H, W) falls, on the grid of n × n cells, into
    column :math:`\lfloor x n / W \rfloor` and row :math:`\lfloor y n / H \rfloor`, clipped to the
    grid. The encoder learns from all descriptors, then encodes each cell without normalising it.

    Parameters
    ----------
    encoder : BagOfWords, VLAD, SuperVector or FisherVector
        Cloned, not fitted itself. Its option `norm` is not looked at: `norm` below stands for it.
        (Of a super-vector or Fisher vector, each cell is still an average over its descriptors.)
    levels : int, default 3
        Grids of 1, 2, 4 … 2^(levels − 1) cells a side: 1 + 4 + 16 = 21 cells for three.
    level_weights : "lazebnik", sequence of `levels` positive numbers, or None
        Factors of the blocks of each level, before the global length. "lazebnik" is ¼, ¼, ½ for
        three levels: the weights of the pyramid match kernel, exact with histogram intersection.
        With dot products take their roots.
    norm : {"global", "cell"} or None, default "global"
        Divide the whole vector by its length, or the block of each cell by its own (before the
        level weights), or nothing.

    Attributes
    ----------
    encoder_ : estimator
        The fitted clone.
    n_features_in_ : int
        D, the dimension of the descriptors.

    References
    ----------
    Slide S23; Lazebnik et al. 2006, eq. (3).

    Examples
    --------
    >>> from coursekit.aggregation import BagOfWords
    >>> corners = np.array([[10.0, 10.0], [10.0, 20.0], [90.0, 40.0]])  # (x, y) in 100 × 50 pixels
    >>> image = LocalFeatures(np.zeros((3, 8)), corners, np.ones(3), (50, 100))
    >>> pyramid = SpatialPyramid(BagOfWords(centroids=np.zeros((1, 8))), levels=2, norm=None)
    >>> pyramid.fit_transform([image]).tolist()
    [[3.0, 2.0, 0.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        encoder: BagEncoder,
        levels: int = 3,
        level_weights: LevelWeights = None,
        *,
        norm: PyramidNorm = "global",
    ) -> None:
        self.encoder = encoder
        self.levels = levels
        self.level_weights = level_weights
        self.norm = norm

    def fit(self, bags: BagsLike, y: Any = None) -> SpatialPyramid:
        """Fit a clone of the encoder to the descriptors of training images.

        Parameters
        ----------
        bags : list of LocalFeatures, or Bags with places
        y : ignored

        Returns
        -------
        SpatialPyramid
            self

        Raises
        ------
        TypeError
            If an image has no positions, or the encoder is none.
        ValueError
            If an option is not as documented, or there are too few descriptors.
        """
        check_integer(self.levels, "levels")
        check_choice(self.norm, "norm", ("global", "cell", None))
        _factors(self.level_weights, self.levels)
        if not isinstance(self.encoder, BagEncoder):
            raise TypeError(f"encoder: expected an encoder of bags, got {self.encoder!r}")
        _with_places(bags)
        encoder = clone(self.encoder)
        if "norm" in encoder.get_params():
            encoder.set_params(norm=False if isinstance(encoder.norm, bool) else None)
        self.encoder_ = encoder.fit(bags)
        self.n_features_in_ = self.encoder_.n_features_in_
        return self

    def transform(self, bags: BagsLike) -> FloatArray:
        """Encode images.

        Parameters
        ----------
        bags : list of LocalFeatures, or Bags with places

        Returns
        -------
        (n_images, n_cells · dimension) floating
            Level after level, each row by row from the top left; zeros for a cell without
            descriptors.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        TypeError
            If an image has no positions.
        ValueError
            If a bag does not have the D of `fit`, or a value is NaN or infinite.
        """
        check_is_fitted(self)
        images = _with_places(bags)
        sets = as_bags(images, n_features=self.n_features_in_, match="fit")
        for i, rows in enumerate(sets):
            check_finite(rows, f"bags[{i}]")
        parts = [part for image in images for part in self._cells_of(image)]
        encoded = self.encoder_.transform(parts)
        cells = encoded.reshape(len(images), self._n_cells, -1 if images else encoded.shape[1])
        names = (f"bags[{i}]" for i in range(len(sets)))
        try:
            return self._weighted(cells.astype(np.float64)).astype(encoded.dtype)
        except FloatingPointError as error:
            raise refusal(zip(names, sets, strict=True)) from error

    def _cells_of(self, image: LocalFeatures) -> list[FloatArray]:
        """Return the descriptors of each cell, in the order of the vector."""
        parts = []
        for level in range(self.levels):
            n = 2**level
            cells = grid_cells(image.positions, image.image_shape, n)
            ordered = image.descriptors[np.argsort(cells, kind="stable")]
            ends = np.cumsum([0, *np.bincount(cells, minlength=n * n)])
            parts += [ordered[a:b] for a, b in pairwise(ends)]
        return parts

    def _weighted(self, cells: FloatArray) -> FloatArray:
        """Turn (n_images, n_cells, dimension) blocks into vectors."""
        if self.norm == "cell":
            cells /= _lengths(cells)
        sizes = [4**level for level in range(self.levels)]
        cells *= np.repeat(_factors(self.level_weights, self.levels), sizes)[:, None]
        vectors = cells.reshape(len(cells), cells.shape[1] * cells.shape[2])
        if self.norm == "global":
            vectors /= _lengths(vectors)
        return vectors

    @property
    def _n_cells(self) -> int:
        return sum(4**level for level in range(self.levels))

    @property
    def _n_features_out(self) -> int:
        return self._n_cells * int(self.encoder_._n_features_out)


def grid_cells(positions: FloatArray, image_shape: tuple[int, int], n: int) -> IntArray:
    """Return the cell of each position on a grid of n × n over the image, row-major.

    Parameters
    ----------
    positions : (T, 2) floating
        (x, y) in pixels; those outside the image fall into the cell at its border.
    image_shape : (int, int)
        (H, W) in pixels.
    n : int
        Cells a side.

    Returns
    -------
    (T,) integers in [0, n²)
    """
    height, width = image_shape
    # The product first: then a position on a border is exactly on it. In float64, for its range.
    scaled = np.floor(positions.astype(np.float64) * n / [width, height])
    columns, rows = np.clip(scaled, 0, n - 1).astype(np.intp).T
    cells: IntArray = rows * n + columns
    return cells


def _with_places(bags: BagsLike) -> list[LocalFeatures]:
    """Return the images, each checked to have finite positions."""
    as_bags(bags)
    images = []
    for i, image in enumerate(bags):
        if not isinstance(image, LocalFeatures):
            got = type(image).__name__
            raise TypeError(f"bags[{i}]: expected LocalFeatures, for their positions, got {got}")
        check_finite(image.positions, f"bags[{i}].positions")
        images.append(image)
    return images


def _factors(level_weights: LevelWeights, levels: int) -> FloatArray:
    """Return the (levels,) factors of the levels."""
    if level_weights is None:
        return np.ones(levels)
    if isinstance(level_weights, str):
        check_choice(level_weights, "level_weights", ("lazebnik",))
        finest = levels - 1  # 2^−L for the whole image, 2^−(L − l + 1) for level l
        return np.array([0.5 ** min(finest, finest - level + 1) for level in range(levels)])
    if not isinstance(level_weights, tuple | list | np.ndarray) or len(level_weights) != levels:
        raise ValueError(
            f"level_weights: expected {levels} numbers, one a level, got {level_weights!r}"
        )
    return np.array([check_positive(weight, "level_weights") for weight in level_weights])


def _lengths(vectors: FloatArray) -> FloatArray:
    """Return the lengths along the last axis, kept, as divisors."""
    squares = np.vecdot(vectors, vectors)
    divisors = np.array([length(square) for square in squares.ravel().tolist()])
    return divisors.reshape(*squares.shape, 1)
