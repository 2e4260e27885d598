r"""Patch-CKN: descriptors of patches by a convolutional kernel network, learnt without labels.

A kernel compares two patches: sub-patch by sub-patch, wherever they lie close to each other,
layer upon layer. Each layer makes its kernel explicit on anchors that k-means finds among the
sub-patches of unlabelled patches, so that the dot product of two descriptors approximates the
kernel of two patches. The result takes the place of SIFT, before VLAD or a Fisher vector.

Slide S52; Paulin et al. 2015, "Local convolutional features with unsupervised training for image
retrieval"; Mairal et al. 2014, "Convolutional kernel networks". The anchors and the projection
follow Mairal 2016, where Paulin et al. minimise the error of the approximation by stochastic
gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from coursekit.features._kernel_layer import (
    KernelLayer,
    inverse_root,
    normalised,
    spherical_kmeans,
    sub_patches,
)
from coursekit.features.patches import as_patches, extract_patches
from coursekit.types import BoolArray, FloatArray, Image, LocalFeatures, RandomState
from coursekit.validation import (
    check_choice,
    check_integer,
    check_positive,
)

__all__ = ["CKNLayer", "PatchCKN"]

_PATCHES_PER_CHUNK: Final = 64
_FLAT: Final = 1e-5  # contrast, as a share of the grey level, that rounding may leave behind


class CKNLayer(NamedTuple):
    """One layer of a `PatchCKN`.

    Parameters
    ----------
    size : int
        Side of the sub-patches that the kernel compares; 1 compares single places.
    n_filters : int
        K, the anchors of the approximation: channels of the layer's maps.
    subsampling : int
        Places from one pooled cell to the next, and the width of the Gaussian that pools.
    alpha : float, default 4
        α of the kernel exp(α(u − 1)): the larger, the more alike directions have to be.
    """

    size: int
    n_filters: int
    subsampling: int
    alpha: float = 4.0


DEFAULT: Final = (CKNLayer(1, 16, 4), CKNLayer(2, 64, 2))


class PatchCKN(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    r"""Describe patches by a convolutional kernel network (*réseau à noyaux*).

    For a sub-patch x and the layer's anchors Z, all of unit length,

    .. math:: \psi(x) = \lVert x \rVert \, \kappa(Z^\top Z)^{-1/2} \,
              \kappa\!\left( Z^\top \frac{x}{\lVert x \rVert} \right),
              \qquad \kappa(u) = e^{\alpha(u - 1)}, \qquad \psi(0) = 0

    so that :math:`\psi(x)^\top \psi(x')` is the kernel itself where x or x' is an anchor. A
    Gaussian of the width of a cell then pools ψ over the places of each cell.

    Parameters
    ----------
    layers : sequence of CKNLayer
        From the pixels on. With the default on patches of 32×32: gradients in 8×8 cells of 16
        directions, then 3×3 cells of 64 filters, D = 576. ``[CKNLayer(1, 8, 8)]`` has the cells
        and directions of a SIFT descriptor.
    input_type : {"gradient", "raw"}, default "gradient"
        What the first layer looks at: the two derivatives of the grey level at each pixel
        (CKN-grad), or the grey levels of each sub-patch, with their mean taken off (CKN-raw).
    n_training : int, default 20000
        Sub-patches from which each layer's anchors are learnt, at most, drawn at random.
    norm : bool, default True
        Whether descriptors are divided by their L2 norm.
    random_state : int, RandomState or None, default 0
        Seed of draws and starts. The same seed gives the same anchors.

    Attributes
    ----------
    layers_ : list of KernelLayer
        With the anchors ``filters`` (K, d) and ``root``, κ(ZᵀZ)^(−1/2), of each layer.
    patch_side_ : int
        P, the side of the patches.

    References
    ----------
    Paulin et al. 2015; Mairal et al. 2014; Mairal 2016; slide S52.

    Examples
    --------
    Learn on patches of any photos, then describe what SIFT has found, turned as SIFT does::

        ckn.fit(extract_patches(photo, sift(photo)))
        features = ckn.describe(image, sift(image))

    >>> patches = np.random.default_rng(0).normal(size=(50, 16, 16))
    >>> ckn = PatchCKN([CKNLayer(1, 8, 4)]).fit(patches)
    >>> ckn.transform(patches).shape  # 4×4 cells of 8 numbers
    (50, 128)
    """

    # Data, not metadata to route: no set_fit_request() for what scikit-learn would call X.
    __metadata_request__fit: ClassVar = {"patches": UNUSED}
    __metadata_request__transform: ClassVar = {"patches": UNUSED}

    def __init__(
        self,
        layers: Sequence[CKNLayer] = DEFAULT,
        *,
        input_type: Literal["gradient", "raw"] = "gradient",
        n_training: int = 20_000,
        norm: bool = True,
        random_state: RandomState = 0,
    ) -> None:
        self.layers = layers
        self.input_type = input_type
        self.n_training = n_training
        self.norm = norm
        self.random_state = random_state

    def fit(self, patches: ArrayLike, y: object = None) -> PatchCKN:
        """Learn the anchors of one layer after the other.

        Parameters
        ----------
        patches : (N, P, P) array
            Grey patches, as from `extract_patches`; no labels.
        y : ignored

        Returns
        -------
        PatchCKN
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            If `patches` is not numeric, not finite or not of the shape above, an option is out of
            range, a layer does not fit into the maps below it, or there are fewer distinct
            sub-patches than filters.
        """
        values = as_patches(patches)
        if len(values) == 0:
            raise ValueError(f"patches: expected at least one, got shape {values.shape}")
        check_choice(self.input_type, "input_type", ("gradient", "raw"))
        n_training = check_integer(self.n_training, "n_training")
        random_state = check_random_state(self.random_state)
        layers = _checked(self.layers, values.shape[1])
        self.layers_: list[KernelLayer] = []
        for i, layer in enumerate(layers):
            centred = i == 0 and self.input_type == "raw"
            directions = self._draw(values, layer.size, centred, n_training, random_state)
            try:
                filters = spherical_kmeans(directions, layer.n_filters, random_state)
            except ValueError as error:
                raise ValueError(f"patches: {error} for layers[{i}]") from error
            root = inverse_root(filters, layer.alpha)
            learnt = KernelLayer(filters, root, layer.size, layer.subsampling, layer.alpha, centred)
            self.layers_.append(learnt)
        self.patch_side_ = values.shape[1]
        self._n_features_out = self._maps(np.zeros((1, *values.shape[1:]))).size
        return self

    def transform(self, patches: ArrayLike) -> FloatArray:
        """Describe patches.

        Parameters
        ----------
        patches : (N, P, P) array
            Grey patches of the side that `fit` has seen. N = 0 is allowed.

        Returns
        -------
        (N, D) floating, of the dtype of `patches`
            Cell by cell, row by row from the top left, in each the K numbers of the last layer.
            A patch of one single grey has the zero descriptor.

        Raises
        ------
        TypeError, ValueError
            If `patches` is not numeric, not finite or not of the shape above.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self, "patch_side_")
        values = as_patches(patches, self.patch_side_)
        descriptors = np.empty((len(values), self._n_features_out), dtype=values.dtype)
        working = np.promote_types(values.dtype, np.float32)
        for chunk, rows in zip(_chunks(values), _chunks(descriptors), strict=True):
            chunk = chunk.astype(working, copy=False)
            described = self._maps(chunk).reshape(len(chunk), -1)
            described[_is_flat(chunk)] = 0  # rounding errors would be blown up to full norm
            rows[:] = normalised(described)[0] if self.norm else described
        return descriptors

    def describe(
        self, image: Image, features: LocalFeatures, *, angles: ArrayLike | None = None
    ) -> LocalFeatures:
        """Describe the places of other features, such as SIFT's, by this network instead.

        Parameters
        ----------
        image : (H, W, 3) uint8, RGB
        features : LocalFeatures
            T places in this image, such as ``sift(image)``.
        angles : (T,) array, optional
            Where the x axis of each patch points, instead of the angles of `features`; see
            `extract_patches`.

        Returns
        -------
        LocalFeatures
            The same places with descriptors (T, D) float32, and with the angles that were used.

        Raises
        ------
        TypeError, ValueError
            As `extract_patches` does.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self, "patch_side_")
        patches = extract_patches(image, features, self.patch_side_, angles=angles)
        described = features.with_descriptors(self.transform(patches))
        return described if angles is None else replace(described, angles=np.asarray(angles))

    def _maps(self, patches: FloatArray) -> FloatArray:
        """Send (N, P, P) patches through the layers learnt so far: (N, m, m, K)."""
        if self.input_type == "raw":
            maps = patches[..., None]
        else:
            maps = np.stack([np.gradient(patches, axis=axis) for axis in (2, 1)], axis=-1)  # x, y
        for layer in self.layers_:
            maps = layer(maps)
        return maps

    def _draw(
        self,
        patches: FloatArray,
        size: int,
        centred: bool,
        n_training: int,
        random_state: np.random.RandomState,
    ) -> FloatArray:
        """Draw directions of sub-patches, in float64 so that every processor finds the same."""
        drawn = []
        for chunk in _chunks(patches):
            chunk = chunk.astype(np.float64)
            rows = sub_patches(self._maps(chunk[~_is_flat(chunk)]), size, centred=centred)
            directions, lengths = normalised(rows.reshape(-1, rows.shape[-1]))
            directions = directions[lengths[:, 0] > 0]
            share = -(-n_training * _PATCHES_PER_CHUNK // len(patches))  # rounded up
            drawn.append(directions[random_state.permutation(len(directions))[:share]])
        return np.concatenate(drawn)[:n_training]


def _checked(layers: Sequence[CKNLayer], side: int) -> list[CKNLayer]:
    """Return the layers if each fits into the maps below it."""
    if isinstance(layers, CKNLayer) or len(layers) == 0:
        raise ValueError(f"layers: expected a sequence of at least one CKNLayer, got {layers}")
    for i, layer in enumerate(layers):
        if not isinstance(layer, CKNLayer):
            raise TypeError(f"layers[{i}]: expected a CKNLayer, got {layer!r}")
        for name in ("size", "n_filters", "subsampling"):
            check_integer(getattr(layer, name), f"layers[{i}].{name}")
        check_positive(layer.alpha, f"layers[{i}].alpha")
        if layer.size > side:
            raise ValueError(f"layers[{i}].size: expected at most {side} places, got {layer.size}")
        side = max(1, (side - layer.size + 1) // layer.subsampling)
    return list(layers)


def _chunks(values: FloatArray) -> Iterator[FloatArray]:
    for start in range(0, len(values), _PATCHES_PER_CHUNK):
        yield values[start : start + _PATCHES_PER_CHUNK]


def _is_flat(patches: FloatArray) -> BoolArray:
    """Tell (N,) whether all pixels of a patch are equal, but for rounding."""
    contrast = np.ptp(patches, axis=(1, 2))
    flat: BoolArray = contrast <= _FLAT * np.abs(patches).max(axis=(1, 2))
    return flat
