"""Bags: the sets of descriptors of many images, ragged because images differ.

Slides S04, S06 and S07: an image is a set of local descriptors, without order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from coursekit.types import BagLike, BagsLike, FloatArray, IntArray, LocalFeatures
from coursekit.validation import as_floating, as_matrix, check_finite

from ._blocks import blocks


@dataclass(frozen=True, eq=False)
class Bags(Sequence[BagLike]):
    """The descriptors of many images in one array, image after image.

    The array may be a ``numpy.memmap``: encoders read it piece by piece.

    Parameters
    ----------
    descriptors : (N, D) integers or floats
        Of all images.
    offsets : (n + 1,) integers
        Image i owns the rows ``offsets[i]`` … ``offsets[i + 1] - 1``: the first offset is 0, the
        last is N, and none is smaller than the one before. An image may own no row.
    positions : (N, 2) floating, optional
        Centres (x, y) in pixels, as in `LocalFeatures`; given together with the next two.
    scales : (N,) floating, optional
        Diameters in pixels.
    image_shapes : (n, 2) integers, optional
        (H, W) of each image, in pixels.
    angles : (N,) floating, optional
        Where the x axis of each patch points, in radians, as in `LocalFeatures`.

    Raises
    ------
    ValueError
        If shapes or offsets do not agree, or places are given in part.

    Examples
    --------
    >>> bags = Bags.from_sets([np.zeros((3, 8)), np.zeros((0, 8)), np.zeros((2, 8))])
    >>> len(bags), bags.offsets.tolist(), bags[2].shape
    (3, [0, 3, 3, 5], (2, 8))
    """

    descriptors: FloatArray | IntArray
    offsets: IntArray
    positions: FloatArray | None = None
    scales: FloatArray | None = None
    image_shapes: IntArray | None = None
    angles: FloatArray | None = None

    def __post_init__(self) -> None:
        descriptors, offsets = np.asarray(self.descriptors), np.asarray(self.offsets)
        if descriptors.ndim != 2 or descriptors.shape[1] == 0:
            raise ValueError(f"descriptors: expected shape (N, D), got {descriptors.shape}")
        if descriptors.dtype.kind not in "iuf":
            raise TypeError(
                f"descriptors: expected integers or floats, got dtype {descriptors.dtype}"
            )
        if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) == 0:
            raise ValueError(
                f"offsets: expected (n + 1,) integers, got {offsets.dtype} of shape {offsets.shape}"
            )
        N = len(descriptors)
        if offsets[0] != 0 or offsets[-1] != N or (offsets[1:] < offsets[:-1]).any():
            raise ValueError(
                f"offsets: expected a rise from 0 to {N}, the number of descriptors, got {offsets}"
            )
        self._check_places(N, len(offsets) - 1)

    def _check_places(self, N: int, n: int) -> None:
        expected = {"positions": (N, 2), "scales": (N,), "image_shapes": (n, 2)}
        if self.angles is not None:
            expected["angles"] = (N,)
        if all(getattr(self, name) is None for name in expected):
            return
        for name, shape in expected.items():
            got = np.shape(getattr(self, name))
            if got != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {got}")

    @classmethod
    def from_sets(cls, sets: BagsLike) -> Bags:
        """Copy a list of sets end to end.

        Parameters
        ----------
        sets : list of (n_i, D) arrays or of LocalFeatures
            At least one. Places are kept if every set has them, and so are angles.

        Returns
        -------
        Bags

        Raises
        ------
        ValueError
            If there is no set, one is no matrix, or they differ in D; the message names it.
        """
        arrays = as_bags(sets, "sets")
        if not arrays:
            raise ValueError("sets: expected at least one set, got none")
        offsets = np.cumsum([0, *map(len, arrays)])
        descriptors = np.concatenate(arrays)
        places = [bag for bag in sets if isinstance(bag, LocalFeatures)]
        if len(places) < len(sets):
            return cls(descriptors, offsets)
        angles = [bag.angles for bag in places if bag.angles is not None]
        return cls(
            descriptors,
            offsets,
            np.concatenate([bag.positions for bag in places]),
            np.concatenate([bag.scales for bag in places]),
            np.array([bag.image_shape for bag in places]),
            np.concatenate(angles) if len(angles) == len(places) else None,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: Any) -> Any:
        """Return image `index`, as LocalFeatures if the places are known; for a slice, a list."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        image = range(len(self))[index]  # counts from the end if negative, refuses what is beyond
        rows = slice(int(self.offsets[image]), int(self.offsets[image + 1]))
        if self.positions is None or self.scales is None or self.image_shapes is None:
            return self.descriptors[rows]
        height, width = map(int, self.image_shapes[image])
        descriptors = as_matrix(self.descriptors[rows], "descriptors", finite=False)
        angles = None if self.angles is None else self.angles[rows]
        return LocalFeatures(
            descriptors, self.positions[rows], self.scales[rows], (height, width), angles
        )


def as_bags(
    bags: BagsLike, name: str = "bags", *, n_features: int | None = None, match: str = ""
) -> list[FloatArray]:
    """Return the descriptors of each image, checked but for NaN and infinity.

    Parameters
    ----------
    bags : Bags, or list of (n_i, D) arrays or of LocalFeatures
    name : str, default "bags"
        The caller's argument, for messages.
    n_features : int, optional
        The D that is required; the first bag's, if not given.
    match : str, optional
        What D has to agree with, for messages.

    Returns
    -------
    list of (n_i, D) arrays
        Not copied where that can be avoided: floats as they are, integers as float32 (those of a
        `Bags` stay integers, since converting them would read a whole memmap).

    Raises
    ------
    TypeError
        If `bags` is no list of sets, or a set is not numeric.
    ValueError
        If a set is not of shape (n_i, D); the message starts with its place, as in ``bags[3]:``.

    Examples
    --------
    >>> [len(bag) for bag in as_bags([np.zeros((2, 4)), np.zeros((0, 4))])]
    [2, 0]
    """
    if isinstance(bags, Bags):
        array: Any = np.asarray(bags.descriptors)
        if n_features is not None and array.shape[1] != n_features:
            reason = f" to match {match}" if match else ""
            raise ValueError(
                f"{name}: expected {n_features} dimensions{reason}, got {array.shape[1]}"
            )
        return [array[a:b] for a, b in pairwise(bags.offsets)]
    if not isinstance(bags, list | tuple | np.ndarray):
        raise TypeError(f"{name}: expected a list of (n_i, D) arrays, got {type(bags).__name__}")
    sets: list[FloatArray] = []
    for i, bag in enumerate(bags):
        values = bag.descriptors if isinstance(bag, LocalFeatures) else bag
        sets.append(
            as_matrix(values, f"{name}[{i}]", columns=n_features, match=match, finite=False)
        )
        if n_features is None:
            n_features, match = sets[0].shape[1], f"{name}[0]"
    return sets


class PerDescriptor(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped scikit-learn
    """Lift a scikit-learn transformer of rows to bags: it sees the descriptors of all images.

    With it a pipeline reads as the lecture does:
    ``make_pipeline(PerDescriptor(PCA(64)), VLAD(n_words=64))``.

    Parameters
    ----------
    transformer : estimator with `fit` and `transform`
        For example ``PCA(64)``. It is cloned, not fitted itself; its parameters are reached as
        ``transformer__n_components``.

    Attributes
    ----------
    transformer_ : estimator
        The fitted clone.
    n_features_in_ : int
        D of the bags.

    Examples
    --------
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> images = [np.array([[0.0], [5.0]]), np.zeros((0, 1)), np.array([[10.0]])]
    >>> lifted = PerDescriptor(MinMaxScaler()).fit_transform(images)
    >>> [bag.tolist() for bag in lifted]
    [[[0.0], [0.5]], [], [[1.0]]]
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    def fit(self, bags: BagsLike, y: Any = None) -> PerDescriptor:
        """Fit a clone of the transformer on the descriptors of all images together.

        Parameters
        ----------
        bags : Bags, or list of (n_i, D) arrays or of LocalFeatures
        y : ignored
            Labels belong to images, not to descriptors.

        Returns
        -------
        PerDescriptor
            self

        Raises
        ------
        ValueError
            If there is no descriptor at all, or one is NaN or infinite.
        """
        rows = pooled(as_bags(bags))
        self.transformer_ = clone(self.transformer).fit(rows)
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, bags: BagsLike) -> Any:
        """Transform each descriptor.

        Parameters
        ----------
        bags : Bags, or list of (n_i, D) arrays or of LocalFeatures

        Returns
        -------
        of the type of `bags`
            With the same places; an image without descriptors still has none.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        ValueError
            If a bag does not have the D of `fit`, or a value is NaN or infinite.
        """
        check_is_fitted(self)
        sets = as_bags(bags, n_features=self.n_features_in_, match="fit")
        for i, rows in enumerate(sets):
            check_finite(rows, f"bags[{i}]")
        transformed = self._transform(sets)
        offsets = np.cumsum([0, *map(len, sets)])
        if isinstance(bags, Bags):
            return replace(bags, descriptors=transformed)
        pieces = [transformed[a:b] for a, b in pairwise(offsets)]
        return [
            bag.with_descriptors(piece) if isinstance(bag, LocalFeatures) else piece
            for bag, piece in zip(bags, pieces, strict=True)
        ]

    def _transform(self, sets: list[FloatArray]) -> FloatArray:
        pieces = [
            self.transformer_.transform(as_floating(block.rows, "bags"))
            for block in blocks(sets, 1)
        ]
        if not pieces:  # one row, to learn what its dtype and dimension would be
            pieces = [self.transformer_.transform(np.zeros((1, self.n_features_in_)))[:0]]
        return np.concatenate(pieces)


def pooled(
    sets: list[FloatArray], *, max_rows: int | None = None, rng: np.random.RandomState | None = None
) -> FloatArray:
    """Return the descriptors of all images in one array, or a random draw of `max_rows` of them.

    Parameters
    ----------
    sets : list of (n_i, D) arrays
        As `as_bags` returns them.
    max_rows : int, optional
        None takes all.
    rng : RandomState, optional
        Draws without replacement; the rows stay in their order.

    Returns
    -------
    (min(N, max_rows), D) floating

    Raises
    ------
    ValueError
        If there is no descriptor, or one of those drawn is NaN or infinite.
    """
    offsets = np.cumsum([0, *map(len, sets)])
    N = int(offsets[-1])
    if N == 0:
        raise ValueError(f"bags: expected at least one descriptor, got none in {len(sets)} images")
    drawn = np.arange(N)
    if rng is not None and max_rows is not None and max_rows < N:
        drawn = np.sort(rng.choice(N, max_rows, replace=False))
    bounds = np.searchsorted(drawn, offsets)
    pieces = [
        rows[drawn[a:b] - start]
        for rows, start, a, b in zip(sets, offsets[:-1], bounds[:-1], bounds[1:], strict=True)
    ]
    for i, piece in enumerate(pieces):
        if not np.isfinite(piece).all():
            check_finite(sets[i], f"bags[{i}]")
    return as_floating(np.concatenate(pieces), "bags")
