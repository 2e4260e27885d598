"""The Fisher vector: how the parameters of a mixture should move to describe an image better.

Slides S15–S22; Perronnin & Dance, CVPR 2007; Perronnin, Sánchez & Mensink, ECCV 2010; Sánchez,
Perronnin, Mensink & Verbeek, IJCV 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from coursekit.types import FloatArray, RandomState
from coursekit.validation import as_matrix, check_choice, check_flag, check_positive

from ._blocks import Block, blocks, in_dtype, length, refusal
from ._posteriors import Posteriors
from ._words import working_dtype
from .encoder import BagEncoder
from .mixture import Mixture, as_mixture, gaussian_mixture

Gradient: TypeAlias = Literal["weights", "means", "variances"]
BLOCKS: tuple[Gradient, ...] = ("weights", "means", "variances")  # the order in the vector
LOGITS = 2  # as many passes over the logits as over the scores of words: half of them at a time


def fisher_vector(
    descriptors: ArrayLike,
    weights: ArrayLike,
    means: ArrayLike,
    variances: ArrayLike,
    *,
    gradients: Sequence[Gradient] = ("means", "variances"),
    power: float = 0.5,
    norm: bool = True,
    min_posterior: float = 0.0,
) -> FloatArray:
    r"""Encode a set of descriptors as a Fisher vector (*vecteur de Fisher*).

    .. math::
        \varphi_{w_k} &= \frac{1}{\sqrt{w_k}} \Big( \frac1T \sum_t \gamma_t(k) - w_k \Big) \\
        \varphi_{\mu_k} &= \frac{1}{T \sqrt{w_k}} \sum_t \gamma_t(k) \frac{x_t - \mu_k}{\sigma_k} \\
        \varphi_{\sigma_k} &= \frac{1}{T \sqrt{2 w_k}} \sum_t \gamma_t(k)
            \Big[ \frac{(x_t - \mu_k)^2}{\sigma_k^2} - 1 \Big]

    with the posteriors γ_t(k) = w_k u_k(x_t) / Σ_j w_j u_j(x_t). These are the gradients of the
    average log-likelihood with respect to the α_k of w_k = exp α_k / Σ_j exp α_j, to μ_k and to
    σ_k, times the inverse root of the Fisher information (its closed form for posteriors near 0 or
    1). Then, in this order: signed power, global length.

    Parameters
    ----------
    descriptors : (T, D) array
        T = 0 is allowed and gives the zero vector. Their order does not matter.
    weights : (K,) array
        w_k, positive, of sum 1.
    means : (K, D) array
        μ_k, K ≥ 1.
    variances : (K, D) array
        σ_k², positive.
    gradients : sequence of {"weights", "means", "variances"}, default ("means", "variances")
        The blocks to compute. Whatever the order here, they come in this one.
    power : float in (0, 1], default 0.5
        Each component z becomes ``sign(z)·|z|^power``; 1 leaves it alone.
    norm : bool, default True
        Divide by the length of the whole vector.
    min_posterior : float in [0, 1), default 0
        Posteriors below it count as 0, the others stay as they are: VLFeat's approximation, with
        1e-6. It makes the posteriors sparse, not the computation faster.

    Returns
    -------
    (K + 2·K·D,) floating for all three blocks, of the dtype of `descriptors` (float32 for integers)
        K numbers for the weights, K·D for the means, K·D for the variances; each component after
        component. So 2·K·D by default.

    Raises
    ------
    ValueError
        If the shapes do not agree, a value is NaN or infinite, weights or variances are not as
        above, or an option is out of range.

    See Also
    --------
    gaussian_mixture : learns the three parameters.
    FisherVector : the same for lists of images, with a mixture that it learns.

    Notes
    -----
    Posteriors are taken in the logarithm and survive descriptors thousands of σ away. The formulas
    are expanded into matrix products in float32 only where this keeps its digits, else in float64,
    and beyond that into differences (see ``_posteriors.py``).

    References
    ----------
    Slides S18–S22; Perronnin et al. 2010; Sánchez et al. 2013, eq. (16)–(18).

    Examples
    --------
    >>> one_gaussian = [1.0], [[1.0]], [[4.0]]
    >>> fisher_vector([[2.0], [4.0]], *one_gaussian, power=1, norm=False).round(4).tolist()
    [1.0, 0.1768]
    """
    _check_options(gradients, power, norm, min_posterior)
    mixture = as_mixture(weights, means, variances)
    points = as_matrix(
        descriptors, "descriptors", columns=mixture.means.shape[1], match="means", finite=False
    )
    dtype = working_dtype(points.dtype)
    try:
        posteriors = Posteriors(mixture, dtype, min_posterior)
        vectors = _encode([points], posteriors, gradients, power, norm, dtype)
        return in_dtype(vectors[0], points.dtype)
    except FloatingPointError as error:
        raise refusal([("descriptors", points)]) from error


def _encode(
    sets: Sequence[FloatArray],
    posteriors: Posteriors,
    gradients: Sequence[Gradient],
    power: float,
    norm: bool,
    dtype: np.dtype[Any],
) -> FloatArray:
    """Return (n_sets, dimension) Fisher vectors in `dtype`."""
    K, D = posteriors.means.shape
    vectors = np.zeros((len(sets), _dimension(K, D, gradients)), dtype)
    for _, group in groupby(blocks(sets, LOGITS * K), key=lambda block: block.first):
        pieces = list(group)  # several sets, or all pieces of one
        first, last = pieces[0].first, pieces[0].last
        T = np.array([len(rows) for rows in sets[first:last]])
        raw = _blocks_of(_sums(pieces, posteriors), T, posteriors.weights, gradients)
        with np.errstate(over="raise"):
            vectors[first:last] = _normalised(raw, power, norm)
    return vectors


def _sums(pieces: Sequence[Block], posteriors: Posteriors) -> FloatArray:
    """Return (n_sets, K, 1 + 2·D) sums over t: γ, γ (x − μ)/σ, γ ((x − μ)²/σ² − 1)."""
    ends = np.cumsum([0, *pieces[0].sizes]).tolist()
    with np.errstate(over="ignore", invalid="ignore"):  # what matters of it is refused later
        return posteriors.sums([piece.rows for piece in pieces], list(pairwise(ends)))


def _blocks_of(
    sums: FloatArray, T: FloatArray, weights: FloatArray, gradients: Sequence[Gradient]
) -> FloatArray:
    """Return (n_sets, dimension) vectors before any normalisation."""
    n_sets, D = len(sums), sums.shape[2] // 2
    scale = 1 / (np.maximum(T, 1)[:, None] * np.sqrt(weights))  # (n_sets, K)
    parts = {
        "weights": (sums[:, :, 0] - T[:, None] * weights) * scale,
        "means": sums[:, :, 1 : 1 + D] * scale[:, :, None],
        "variances": sums[:, :, 1 + D :] * (scale[:, :, None] / np.sqrt(2)),
    }
    chosen = [parts[name].reshape(n_sets, -1) for name in BLOCKS if name in gradients]
    return np.concatenate(chosen, axis=1)


def _normalised(vectors: FloatArray, power: float, norm: bool) -> FloatArray:
    """Apply signed power and length to (n_sets, dimension) vectors, in place."""
    if not np.isfinite(vectors).all():
        raise FloatingPointError("a component is not finite")
    if power != 1:
        np.copysign(np.abs(vectors) ** power, vectors, out=vectors)
    if norm:
        with np.errstate(over="ignore"):
            squares = np.vecdot(vectors, vectors).tolist()
        vectors /= np.array([[length(square)] for square in squares])
    return vectors


def _dimension(K: int, D: int, gradients: Sequence[Gradient]) -> int:
    return sum(K if name == "weights" else K * D for name in gradients)


class FisherVector(BagEncoder):
    """Encode images as Fisher vectors, with a mixture learnt from training images.

    The scikit-learn form of `fisher_vector`, which documents the encoding.

    Parameters
    ----------
    n_components : int, default 64
        K, the Gaussians of the mixture.
    gradients, power, norm, min_posterior
        As in `fisher_vector`.
    mixture : Mixture or (weights, means, variances), optional
        A mixture to use as it is: `fit` then learns nothing, and `n_components` is not looked at.
    n_init, max_iter, variance_floor
        As in `gaussian_mixture`.
    max_descriptors : int or None, default 100_000
        `fit` draws this many of the training descriptors at random; None takes them all.
    random_state : int, RandomState or None, default 0
        Seed of the draw and of the mixture.
    n_jobs : int, optional
        Workers over the images of one `transform`, as in joblib; threads unless
        ``joblib.parallel_config`` says otherwise.

    Attributes
    ----------
    mixture_ : Mixture
        The mixture, in float64.
    n_features_in_ : int
        D.

    Examples
    --------
    >>> images = [np.eye(4)[[0, 1, 2]], np.eye(4)[[2, 3]], np.zeros((0, 4))]
    >>> FisherVector(n_components=2).fit(images).transform(images).shape
    (3, 16)
    """

    def __init__(
        self,
        n_components: int = 64,
        *,
        gradients: Sequence[Gradient] = ("means", "variances"),
        power: float = 0.5,
        norm: bool = True,
        min_posterior: float = 0.0,
        mixture: Mixture | tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
        n_init: int = 1,
        max_iter: int = 100,
        variance_floor: float = 1e-3,
        max_descriptors: int | None = 100_000,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(max_descriptors=max_descriptors, random_state=random_state, n_jobs=n_jobs)
        self.n_components = n_components
        self.gradients = gradients
        self.power = power
        self.norm = norm
        self.min_posterior = min_posterior
        self.mixture = mixture
        self.n_init = n_init
        self.max_iter = max_iter
        self.variance_floor = variance_floor

    def _check_options(self) -> None:
        _check_options(self.gradients, self.power, self.norm, self.min_posterior)
        if self.mixture is not None:
            try:
                _, _, _ = self.mixture
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"mixture: expected (weights, means, variances), got {self.mixture!r}"
                ) from error

    def _learn(self, sample: FloatArray, rng: np.random.RandomState) -> None:
        if self.mixture is not None:
            self.mixture_ = as_mixture(*self.mixture, columns=sample.shape[1])
            return
        self.mixture_ = gaussian_mixture(
            sample,
            self.n_components,
            n_init=self.n_init,
            max_iter=self.max_iter,
            variance_floor=self.variance_floor,
            random_state=rng,
        )

    def _encode(self, sets: Sequence[FloatArray], dtype: np.dtype[Any]) -> FloatArray:
        posteriors = Posteriors(self.mixture_, dtype, self.min_posterior)
        return _encode(sets, posteriors, self.gradients, self.power, self.norm, dtype)

    @property
    def _n_features_out(self) -> int:
        K, D = self.mixture_.means.shape
        return _dimension(K, D, self.gradients)


def _check_options(
    gradients: Sequence[Gradient], power: float, norm: bool, min_posterior: float
) -> None:
    if not isinstance(gradients, tuple | list):
        raise TypeError(f"gradients: expected a tuple of names of blocks, got {gradients!r}")
    if not gradients:
        raise ValueError("gradients: expected at least one block, got none")
    for name in gradients:
        check_choice(name, "gradients", BLOCKS)
    if len(set(gradients)) < len(gradients):
        raise ValueError(f"gradients: expected each block once, got {gradients!r}")
    if check_positive(power, "power") > 1:
        raise ValueError(f"power: expected a number in (0, 1], got {power}")
    check_flag(norm, "norm")
    if check_positive(min_posterior, "min_posterior", or_zero=True) >= 1:
        raise ValueError(f"min_posterior: expected a number in [0, 1), got {min_posterior}")
