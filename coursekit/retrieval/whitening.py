r"""Whitening: directions that vary much without telling images apart should not decide.

Both learn a projection P and a mean m; a vector becomes P(x − m), scaled to norm 1.

- *PCA whitening* (Jégou & Chum 2012): P = Λ^{−½} Uᵀ, from the covariance U Λ Uᵀ of the training
  vectors; what many images share counts once.
- *Learned whitening* (Mikolajczyk & Matas 2007; Radenović et al. 2019): from pairs of images that
  show the same thing, whose differences are noise:

.. math::

    P = \operatorname{eig}(C_S^{-1/2} C_D C_S^{-1/2})^\top C_S^{-1/2}, \qquad
    C_S = \frac{1}{|\mathcal{S}|} \sum_{(i, j) \in \mathcal{S}} (x_i - x_j)(x_i - x_j)^\top,

  with :math:`C_D` the covariance of all of them.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from coursekit.types import FloatArray
from coursekit.validation import as_matrix, check_integer, check_positive

__all__ = ["LearnedWhitening", "PCAWhitening"]


class _Whitening(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What the two share: to take off the mean, project, and scale to norm 1."""

    mean_: FloatArray
    projection_: FloatArray

    def transform(self, X: Any) -> FloatArray:
        """Project vectors.

        Parameters
        ----------
        X : (n, D) floating

        Returns
        -------
        (n, n_components) floating
            Of norm 1, in the dtype of `X`; a vector equal to the mean becomes zero.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError, ValueError
            If `X` is no finite matrix of D columns.
        """
        check_is_fitted(self, "projection_")
        X = as_matrix(X, "X", columns=len(self.mean_), match="fit", symbols="(n, D)")
        projected = (X - self.mean_) @ self.projection_.T
        unit: FloatArray = normalize(projected).astype(X.dtype, copy=False)
        return unit

    @property
    def _n_features_out(self) -> int:
        return len(self.projection_)

    def _set(self, mean: FloatArray, projection: FloatArray) -> Self:
        self.n_features_in_ = len(mean)
        self.mean_, self.projection_ = mean, projection
        return self


class PCAWhitening(_Whitening):
    r"""Whiten by PCA, and scale to norm 1.

    .. math:: y = \Lambda^{-1/2} U^\top (x - m), \qquad y \leftarrow y / \|y\|

    Parameters
    ----------
    n_components : int, optional
        Dimensions to keep. At most min(n − 1, D) can be learnt from n vectors: beyond that, and
        where the variance is below `tolerance` of the largest, there is only rounding to divide
        by, and those directions are dropped.
    tolerance : float, default 1e-6

    Attributes
    ----------
    mean_ : (D,) floating
    projection_ : (n_components, D) floating
        :math:`\Lambda^{-1/2} U^\top`.

    References
    ----------
    Jégou & Chum 2012; slides S46–S52. On PCA itself, scikit-learn's.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 8)) * np.arange(1, 9)
    >>> PCAWhitening(4).fit_transform(X).shape
    (200, 4)
    """

    def __init__(self, n_components: int | None = None, *, tolerance: float = 1e-6) -> None:
        self.n_components = n_components
        self.tolerance = tolerance

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn mean and projection.

        Parameters
        ----------
        X : (n, D) floating, n ≥ 2
        y : ignored

        Returns
        -------
        PCAWhitening

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite matrix, has fewer than 2 rows or no variance, or `n_components` is
            out of range.
        """
        X = _as_training(X)
        check_positive(self.tolerance, "tolerance")
        n_components = _n_components(self.n_components, min(len(X) - 1, X.shape[1]))
        if not np.ptp(X, axis=0).any():
            raise ValueError("X: expected vectors that differ, got one repeated")
        pca = PCA(n_components, svd_solver="full").fit(X)
        variance = pca.explained_variance_
        kept = variance > self.tolerance * variance[0]
        scale = np.sqrt(variance[kept])[:, None]
        return self._set(pca.mean_, pca.components_[kept] / scale)


class LearnedWhitening(_Whitening):
    r"""Whiten the differences within matching pairs, then rotate by PCA, and scale to norm 1.

    Parameters
    ----------
    n_components : int, optional
        Dimensions to keep, by decreasing variance after the differences were whitened; all by
        default.

    Attributes
    ----------
    mean_ : (D,) floating
    projection_ : (n_components, D) floating
    shrinkage_ : float
        How far :math:`C_S` was moved towards a multiple of the identity, in [0, 1]. Fewer pairs
        than dimensions leave :math:`C_S` without an inverse; the estimate of Ledoit & Wolf 2004
        has one, and vanishes as pairs become many.

    References
    ----------
    Mikolajczyk & Matas 2007; Radenović et al. 2019. Shrinkage: Ledoit & Wolf 2004.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> places = rng.normal(size=(50, 8))
    >>> X = np.repeat(places, 2, axis=0) + 0.1 * rng.normal(size=(100, 8))  # two views of each
    >>> LearnedWhitening(4).fit(X, np.repeat(np.arange(50), 2)).transform(X).shape
    (100, 4)
    """

    def __init__(self, n_components: int | None = None) -> None:
        self.n_components = n_components

    def fit(self, X: Any, y: Any) -> Self:
        """Learn mean and projection.

        Parameters
        ----------
        X : (n, D) floating
        y : (n,) integers
            What each vector shows: vectors of equal label ≥ 0 match; those of a negative label
            match none, and serve the mean and :math:`C_D` only.

        Returns
        -------
        LearnedWhitening

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite matrix, `y` is not n integers, no two vectors match or all matching
            ones are equal, or `n_components` is out of range.
        """
        X = _as_training(X)
        n_components = _n_components(self.n_components, X.shape[1])
        differences = _differences(X, _as_labels(y, len(X)))
        if not differences.any():
            raise ValueError("X: expected matching vectors that differ, got equal ones only")
        within, self.shrinkage_ = ledoit_wolf(differences, assume_centered=True)
        values, vectors = np.linalg.eigh(within)
        half_inverse = (vectors / np.sqrt(values)) @ vectors.T  # symmetric, C_S^(−1/2)
        mean = X.mean(axis=0)
        spread = (X - mean) @ half_inverse
        _, _, axes = np.linalg.svd(spread, full_matrices=True)
        return self._set(mean, (axes @ half_inverse)[:n_components])


def _as_training(X: Any) -> FloatArray:
    X = as_matrix(X, "X", symbols="(n, D)")
    if len(X) < 2:
        raise ValueError(f"X: expected at least 2 vectors, got {len(X)}")
    double: FloatArray = X.astype(np.float64)
    return double


def _n_components(value: int | None, most: int) -> int:
    return most if value is None else check_integer(value, "n_components", at_most=most)


def _as_labels(y: Any, n: int) -> np.ndarray[Any, Any]:
    labels = np.asarray(y)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"y: expected integers, got dtype {labels.dtype}")
    if labels.shape != (n,):
        raise ValueError(f"y: expected shape ({n},) to match X, got {labels.shape}")
    return labels


def _differences(X: FloatArray, labels: np.ndarray[Any, Any]) -> FloatArray:
    """x_i − x_j over all pairs i < j of one label ≥ 0."""
    pairs = []
    for label in np.unique(labels[labels >= 0]):
        same = X[labels == label]
        i, j = np.triu_indices(len(same), k=1)
        pairs.append(same[i] - same[j])
    differences: FloatArray = np.concatenate(pairs or [X[:0]])
    if len(differences) == 0:
        raise ValueError("y: expected at least two equal labels ≥ 0, got none")
    return differences
