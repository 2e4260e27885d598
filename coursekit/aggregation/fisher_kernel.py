"""The Fisher kernel of a small mixture, term by term: what `fisher_vector` computes in one go.

Slides S16–S17; Jaakkola & Haussler, NIPS 1998. For chapters and tests: (T, K, D) arrays are made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray, RandomState
from coursekit.validation import as_matrix, check_integer

from ._blocks import refusal
from .codebook import as_random_state
from .mixture import Mixture, as_mixture

CHUNK = 4096  # samples at a time


def score(
    descriptors: ArrayLike, weights: ArrayLike, means: ArrayLike, variances: ArrayLike
) -> FloatArray:
    r"""Return the score of each descriptor: the gradient of its log-likelihood.

    .. math:: g_\lambda(x) = \nabla_\lambda \log u_\lambda(x)

    by the parameters λ = (α, μ, σ), where w_k = exp α_k / Σ_j exp α_j: the weights can then move
    freely and stay weights. With the posteriors γ(k),

    .. math:: \frac{\partial}{\partial \alpha_k} = \gamma(k) - w_k, \quad
              \frac{\partial}{\partial \mu_k} = \gamma(k) \frac{x - \mu_k}{\sigma_k^2}, \quad
              \frac{\partial}{\partial \sigma_k} =
                  \frac{\gamma(k)}{\sigma_k} \Big[ \frac{(x - \mu_k)^2}{\sigma_k^2} - 1 \Big]

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives no rows.
    weights : (K,) array
        w_k, positive, of sum 1.
    means, variances : (K, D) arrays
        μ_k and σ_k², K ≥ 1.

    Returns
    -------
    (T, K + 2·K·D) floating, of the dtype of `descriptors` (float32 for integers)
        Per row K numbers by α, K·D by μ, K·D by σ, the latter two component after component.

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, or the mixture is none.

    See Also
    --------
    fisher_information : the average of the squares of the score.
    fisher_vector : the average score of a set, whitened.

    References
    ----------
    Slide S16; Jaakkola & Haussler 1998; Sánchez et al. 2013.

    Examples
    --------
    >>> score([[3.0]], [1.0], [[1.0]], [[4.0]]).tolist()
    [[0.0, 0.5, 0.0]]
    """
    mixture = as_mixture(weights, means, variances)
    points = as_matrix(descriptors, "descriptors", columns=mixture.means.shape[1], match="means")
    try:
        with np.errstate(over="raise", invalid="raise"):
            return _scores(points.astype(np.float64), mixture).astype(points.dtype)
    except FloatingPointError as error:
        raise refusal([("descriptors", points)]) from error


def fisher_information(
    weights: ArrayLike,
    means: ArrayLike,
    variances: ArrayLike,
    *,
    n_samples: int | None = None,
    random_state: RandomState = 0,
) -> FloatArray:
    r"""Return the Fisher information of a mixture: in closed form, or from samples of it.

    .. math:: F_\lambda = \mathbb{E}_{x \sim u_\lambda} [\, g_\lambda(x) \, g_\lambda(x)^\top ]

    The closed form holds where the components hardly overlap, so that every posterior is near 0 or
    1: diag(w) − w wᵀ for α, w_k/σ² for the means, 2 w_k/σ² for the deviations, 0 elsewhere.

    Parameters
    ----------
    weights : (K,) array
        w_k, positive, of sum 1.
    means, variances : (K, D) arrays
        μ_k and σ_k², K ≥ 1.
    n_samples : int, optional
        Draw this many samples from the mixture and average over them (Monte Carlo); the closed
        form without it.
    random_state : int, RandomState or None, default 0
        Seed of the samples.

    Returns
    -------
    (K + 2·K·D, K + 2·K·D) float64
        Symmetric, positive semi-definite; ordered as `score`. It is singular: the same number
        added to all α changes nothing.

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, or the mixture is none.

    References
    ----------
    Slide S17; Perronnin & Dance 2007; Sánchez et al. 2013.

    Examples
    --------
    >>> fisher_information([1.0], [[1.0]], [[4.0]]).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.5]]
    """
    mixture = as_mixture(weights, means, variances)
    if n_samples is None:
        return _closed_form(mixture)
    rng = as_random_state(random_state)
    n_samples = check_integer(n_samples, "n_samples")
    total = np.zeros_like(_closed_form(mixture))
    for start in range(0, n_samples, CHUNK):
        g = _scores(_draw(mixture, min(CHUNK, n_samples - start), rng), mixture)
        total += g.T @ g
    return total / n_samples


def _scores(points: FloatArray, mixture: Mixture) -> FloatArray:
    """Return (T, K + 2·K·D) scores."""
    weights, means, variances = mixture
    gaps = points[:, None] - means  # (T, K, D)
    squares = gaps**2 / variances
    logs = np.log(weights) - (squares + np.log(variances)).sum(axis=2) / 2  # without (2π)^(−D/2)
    gamma = np.exp(logs - logs.max(axis=1, keepdims=True))  # (T, K)
    gamma /= gamma.sum(axis=1, keepdims=True)
    by_means = gamma[:, :, None] * gaps / variances
    by_deviations = gamma[:, :, None] * (squares - 1) / np.sqrt(variances)
    width = means.size
    return np.hstack(
        [gamma - weights, by_means.reshape(-1, width), by_deviations.reshape(-1, width)]
    )


def _closed_form(mixture: Mixture) -> FloatArray:
    weights, _, variances = mixture
    by_mean = weights[:, None] / variances
    diagonal = np.concatenate([weights, by_mean.ravel(), 2 * by_mean.ravel()])
    information = np.diag(diagonal)
    K = len(weights)
    information[:K, :K] -= np.outer(weights, weights)
    return information


def _draw(mixture: Mixture, n: int, rng: np.random.RandomState) -> FloatArray:
    weights, means, variances = mixture
    k = rng.choice(len(weights), n, p=weights / weights.sum())
    return means[k] + np.sqrt(variances[k]) * rng.standard_normal((n, means.shape[1]))
