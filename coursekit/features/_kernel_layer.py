r"""One layer of a convolutional kernel network: a kernel on sub-patches, made explicit, and pooled.

Maps have their channels last here, (N, h, w, C), so that a sub-patch becomes a row. The layer
stands for the kernel

.. math:: K(x, x') = \lVert x \rVert \lVert x' \rVert \,
          \kappa\!\left( \frac{x^\top x'}{\lVert x \rVert \lVert x' \rVert} \right),
          \qquad \kappa(u) = e^{\alpha (u - 1)}

which is a Gaussian in the difference of the two directions, since u − 1 is minus half its square.
Mairal 2016, "End-to-end kernel learning with supervised convolutional kernel networks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import sparse
from sklearn.cluster import kmeans_plusplus

from coursekit.types import FloatArray

_MAX_ITER: Final = 30
# Below this share of the largest eigenvalue, float32 has noise and no signal.
_LEAST_EIGENVALUE: Final = 1e-7
_SAME: Final = 1 - 1e-12  # cosine of directions that are one direction


@dataclass(frozen=True, eq=False)
class KernelLayer:
    """What a layer has learnt, ready to be applied.

    Parameters
    ----------
    filters : (K, d) float64
        Unit vectors Z, the anchors of the approximation.
    root : (K, K) float64
        κ(ZᵀZ)^(−1/2).
    size : int
        Side of the sub-patches; d is size² times the channels.
    subsampling : int
        Distance between the pooled places.
    alpha : float
        α of the kernel.
    centred : bool
        Whether each sub-patch's mean is taken off.
    """

    filters: FloatArray
    root: FloatArray
    size: int
    subsampling: int
    alpha: float
    centred: bool

    def __call__(self, maps: FloatArray) -> FloatArray:
        """Map (N, h, w, C) to (N, m, m', K), in the dtype of `maps`."""
        directions, lengths = normalised(sub_patches(maps, self.size, centred=self.centred))
        responses = directions @ self.filters.T.astype(maps.dtype)  # (N, h', w', K), cosines
        responses -= 1
        responses *= self.alpha
        np.exp(responses, out=responses)
        responses *= lengths
        # Pooling and the root are both linear: the cheaper order.
        return pooled(responses, self.subsampling) @ self.root.astype(maps.dtype)


def sub_patches(maps: FloatArray, size: int, *, centred: bool) -> FloatArray:
    """Return every sub-patch of (N, h, w, C) maps as a row: (N, h', w', C·size²)."""
    windows = sliding_window_view(maps, (size, size), axis=(1, 2))  # (N, h', w', C, size, size)
    # Not −1 for the last: that is undefined for N = 0.
    rows = windows.reshape(*windows.shape[:3], maps.shape[3] * size**2)
    return rows - rows.mean(axis=-1, keepdims=True) if centred else rows


def normalised(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split (…, d) rows into directions and lengths (…, 1); a zero row has no direction: zeros."""
    lengths = np.sqrt(np.einsum("...d,...d->...", rows, rows))[..., None]
    return rows / np.where(lengths > 0, lengths, 1), lengths


def inverse_root(filters: FloatArray, alpha: float) -> FloatArray:
    """Return κ(ZᵀZ)^(−1/2), on the eigenvectors that carry signal."""
    values, vectors = np.linalg.eigh(np.exp(alpha * (filters @ filters.T - 1)))
    signal = values > _LEAST_EIGENVALUE * values[-1]
    vectors = vectors[:, signal]
    root: FloatArray = (vectors / np.sqrt(values[signal])) @ vectors.T
    return root


def pooled(responses: FloatArray, subsampling: int) -> FloatArray:
    """Pool (N, h, w, K) with Gaussian weights, the same down and across: (N, m, m', K)."""
    N, h, w, K = responses.shape
    down, across = (pooling_weights(n, subsampling).astype(responses.dtype) for n in (h, w))
    rows = down @ responses.reshape(N, h, w * K)  # (N, m, w·K)
    both: FloatArray = across @ rows.reshape(-1, w, K)  # (N·m, m', K)
    return both.reshape(N, len(down), len(across), K)


def pooling_weights(n: int, subsampling: int) -> FloatArray:
    r"""Return the (m, n) weights of n places for ⌊n / subsampling⌋ cells, at least one.

    The weight falls with the distance d from the cell's centre as exp(−(d / subsampling)²), and
    the weights of a cell sum to 1. What is left over is shared between the two borders.
    """
    m = max(1, n // subsampling)
    centres = (n - 1) / 2 + subsampling * (np.arange(m) - (m - 1) / 2)
    weights = np.exp(-(((np.arange(n) - centres[:, None]) / subsampling) ** 2))
    normed: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return normed


def spherical_kmeans(
    directions: FloatArray, n_filters: int, random_state: np.random.RandomState
) -> FloatArray:
    r"""Find unit vectors that maximise :math:`\sum_t \max_k z_k^\top x_t` by Lloyd's iterations.

    A filter that no direction chooses moves to one that is represented worst.

    Parameters
    ----------
    directions : (n, d) float64
        Unit vectors.
    n_filters : int
        K.
    random_state : RandomState
        Of the k-means++ start.

    Returns
    -------
    (K, d) float64
        Unit vectors.

    Raises
    ------
    ValueError
        If there are fewer than K distinct directions.
    """
    if len(directions) < n_filters:
        raise ValueError(
            f"expected at least {n_filters} distinct sub-patches, got {len(directions)}"
        )
    start, _ = kmeans_plusplus(directions, n_filters, random_state=random_state)
    filters: FloatArray = start
    previous = None
    for _ in range(_MAX_ITER):
        cosines = directions @ filters.T  # (n, K)
        nearest = cosines.argmax(axis=1)
        if previous is not None and np.array_equal(nearest, previous):
            break
        previous = nearest
        members = (np.ones(len(nearest)), (nearest, np.arange(len(nearest))))
        chosen = sparse.csr_array(members, shape=(n_filters, len(nearest)))
        filters, lengths = normalised(chosen @ directions)
        lost = np.flatnonzero(lengths[:, 0] == 0)
        worst = np.argsort(cosines.max(axis=1), kind="stable")[: len(lost)]
        filters[lost] = directions[worst]
    n_same = np.count_nonzero(np.triu(filters @ filters.T > _SAME, k=1).any(axis=0))
    if n_same:
        n_distinct = n_filters - n_same
        raise ValueError(f"expected at least {n_filters} distinct sub-patches, got {n_distinct}")
    return filters
