"""The probabilistic codebook: a mixture of Gaussians with diagonal covariances.

Slides S15 (the codebook as a mixture), S18–S19 (diagonal covariances); Perronnin & Dance 2007.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray, RandomState
from coursekit.validation import (
    as_floating,
    as_matrix,
    check_finite,
    check_integer,
    check_positive,
)

from ._blocks import segment_sums
from ._expectation import Gaussians, maximise
from .codebook import as_random_state, assign, kmeans

REGULARISER = 1e-6  # of each variance, added by EM: a component cannot collapse on one point


@dataclass(frozen=True, eq=False)
class Mixture:
    """The parameters λ of a mixture of Gaussians; unpacks as ``weights, means, variances``.

    Parameters
    ----------
    weights : (K,) float64
        w_k, positive, of sum 1.
    means : (K, D) float64
        μ_k.
    variances : (K, D) float64
        σ_k², the diagonals of the covariances.

    Examples
    --------
    >>> weights, means, variances = Mixture(np.ones(1), np.zeros((1, 3)), np.ones((1, 3)))
    >>> means.shape
    (1, 3)
    """

    weights: FloatArray
    means: FloatArray
    variances: FloatArray

    def __iter__(self) -> Iterator[FloatArray]:
        return iter((self.weights, self.means, self.variances))


def gaussian_mixture(
    descriptors: ArrayLike,
    n_components: int,
    *,
    n_init: int = 1,
    max_iter: int = 100,
    variance_floor: float = 1e-3,
    random_state: RandomState = 0,
) -> Mixture:
    r"""Learn a mixture of Gaussians of diagonal covariances (*mélange de gaussiennes*).

    .. math:: \max_\lambda \sum_t \log \sum_k w_k \, \mathcal{N}(x_t; \mu_k, \sigma_k^2)

    Expectation–maximisation from the cells of `kmeans`, in float64. The cells are the same on every
    machine; the mixture is so to about 1e-12, since its products are added up as the BLAS at hand
    does. It ends when the log-likelihood per descriptor grows by less than 1e-3.

    Parameters
    ----------
    descriptors : (N, D) array
        Training descriptors, N ≥ `n_components`, with at least `n_components` distinct points, and
        at least two.
    n_components : int
        K, at least 1.
    n_init : int, default 1
        Starts of k-means.
    max_iter : int, default 100
        Iterations at most, of k-means and then of EM; both stop when hardly anything changes.
    variance_floor : float, default 1e-3
        No variance is left below this share of the variance of all descriptors in its dimension
        (in a dimension in which they are all equal: of the average over the other dimensions).
    random_state : int, RandomState or None, default 0
        Seed of the starts.

    Returns
    -------
    Mixture
        In float64 whatever the dtype of `descriptors`: it is a model, not data, and in float16 a
        small variance would be 0. Components come in no particular order.

    Raises
    ------
    ValueError
        If there are fewer (distinct) descriptors than components, or all are equal.

    See Also
    --------
    fisher_vector : ``fisher_vector(descriptors, *gaussian_mixture(training, 64))``.

    References
    ----------
    Perronnin & Dance 2007; slides S15, S18, S19.

    Examples
    --------
    >>> weights, means, variances = gaussian_mixture([[0.0], [2.0], [50.0], [52.0]], 2)
    >>> weights.round(6).tolist(), sorted(means.round(6).ravel().tolist())
    ([0.5, 0.5], [1.0, 51.0])
    """
    points = as_matrix(descriptors, "descriptors", symbols="(N, D)").astype(np.float64)
    n_components = check_integer(n_components, "n_components")
    max_iter = check_integer(max_iter, "max_iter")
    check_positive(variance_floor, "variance_floor")
    rng = as_random_state(random_state)
    words = kmeans(points, n_components, n_init=n_init, max_iter=max_iter, random_state=rng)
    origin, spread = points.mean(axis=0), _spread(points)
    # In units of the spread, so that neither EM's regulariser nor its end depends on the unit.
    scale = np.sqrt(spread)
    points -= origin
    points /= scale
    start = _cells_as_gaussians(points, (words - origin) / scale)
    weights, means, variances = maximise(points, start, max_iter, REGULARISER)
    variances = np.maximum(variances, variance_floor) * spread
    return Mixture(weights, means * scale + origin, variances)


def _spread(points: FloatArray) -> FloatArray:
    """Return the (D,) variances of all points, that of a constant dimension from the others."""
    varies = (points != points[0]).any(axis=0)  # exact, where a variance has rounding
    if not varies.any():
        raise ValueError("descriptors: expected at least two distinct points, got one")
    variances: FloatArray = points.var(axis=0)
    return np.where(varies, variances, variances[varies].mean())


def _cells_as_gaussians(points: FloatArray, centroids: FloatArray) -> Gaussians:
    """Return the shares, centroids and variances of the cells of a codebook."""
    K = len(centroids)
    nearest = assign(points, centroids)
    sizes = np.maximum(np.bincount(nearest, minlength=K), 1)[:, None]
    squares = segment_sums((points - centroids[nearest]) ** 2, nearest, K)
    return Gaussians(sizes[:, 0] / sizes.sum(), centroids, squares / sizes + REGULARISER)


def as_mixture(
    weights: ArrayLike, means: ArrayLike, variances: ArrayLike, *, columns: int | None = None
) -> Mixture:
    """Return the three as a Mixture in float64, checked; `columns` is the D that is required."""
    mu = as_matrix(means, "means", columns=columns, match="the descriptors", symbols="(K, D)")
    if len(mu) == 0:
        raise ValueError(f"means: expected at least one component, got shape {mu.shape}")
    var = as_matrix(variances, "variances", symbols="(K, D)")
    if var.shape != mu.shape:
        raise ValueError(f"variances: expected shape {mu.shape} to match means, got {var.shape}")
    w = as_floating(weights, "weights")
    if w.shape != mu.shape[:1]:
        raise ValueError(f"weights: expected shape {mu.shape[:1]} to match means, got {w.shape}")
    check_finite(w, "weights")
    _check_all_positive(w, "weights")
    _check_all_positive(var, "variances")
    total = float(w.sum(dtype=np.float64))
    if abs(total - 1) > max(1e-6, 10 * float(np.finfo(w.dtype).eps)):
        raise ValueError(f"weights: expected a sum of 1, got {total:g}")
    w, mu, var = (array.astype(np.float64) for array in (w, mu, var))
    return Mixture(w, mu, var)


def _check_all_positive(array: FloatArray, name: str) -> None:
    if (array <= 0).any():
        where = tuple(int(i) for i in np.argwhere(array <= 0)[0])
        at = ", ".join(map(str, where))
        raise ValueError(f"{name}: expected positive values, got {array[where]} at [{at}]")
