"""What a reader would write first, and what other libraries offer: the contenders."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from skimage.feature import fisher_vector, learn_gmm
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from coursekit.types import FloatArray, IntArray


def numpy_words(descriptors: FloatArray, centroids: FloatArray) -> IntArray:
    """Nearest words from the full matrix of squared distances."""
    squares = (
        (descriptors**2).sum(axis=1)[:, None]
        - 2 * descriptors @ centroids.T
        + (centroids**2).sum(axis=1)
    )
    words: IntArray = squares.argmin(axis=1)
    return words


def faiss_words(descriptors: FloatArray, centroids: FloatArray) -> IntArray:
    """Nearest words from an exact index of faiss, built on the spot."""
    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(centroids)
    words: IntArray = index.search(descriptors, 1)[1][:, 0]
    return words


def numpy_vlad(descriptors: FloatArray, centroids: FloatArray) -> FloatArray:
    """VLAD with distances in full and ``np.add.at``."""
    return _sum_residuals(descriptors, centroids, numpy_words(descriptors, centroids))


def one_hot_vlad(descriptors: FloatArray, centroids: FloatArray) -> FloatArray:
    """VLAD with distances in full and a product with the one-hot assignments."""
    words = numpy_words(descriptors, centroids)
    members = np.eye(len(centroids), dtype=descriptors.dtype)[words]  # (T, K)
    sums = members.T @ descriptors - members.sum(axis=0)[:, None] * centroids
    return _length_one(sums)


def faiss_vlad(descriptors: FloatArray, centroids: FloatArray) -> FloatArray:
    """VLAD with faiss for the words and ``np.add.at``."""
    return _sum_residuals(descriptors, centroids, faiss_words(descriptors, centroids))


def numpy_bag_of_words(descriptors: FloatArray, centroids: FloatArray) -> FloatArray:
    """Histogram with distances in full."""
    return _shares(numpy_words(descriptors, centroids), len(centroids))


def faiss_bag_of_words(descriptors: FloatArray, centroids: FloatArray) -> FloatArray:
    """Histogram with faiss for the words."""
    return _shares(faiss_words(descriptors, centroids), len(centroids))


class SkimageFisherVector:
    """Improved Fisher vector of scikit-image, which has no VLAD: another, larger encoding."""

    def __init__(self, descriptors: FloatArray, n_components: int) -> None:
        # A huge tolerance stops at once: how good the mixture is does not change the time.
        options = {"covariance_type": "diag", "tol": 1e9, "random_state": 0}
        learn: Any = learn_gmm  # untyped
        self.gmm = learn([descriptors], n_modes=n_components, gm_args=options)

    def __call__(self, descriptors: FloatArray) -> FloatArray:
        """Encode one set."""
        encode: Any = fisher_vector
        vector: FloatArray = encode(descriptors, self.gmm, improved=True)
        return vector


def sklearn_kmeans(descriptors: FloatArray, start: FloatArray, n_iterations: int) -> FloatArray:
    """k-means of scikit-learn from given centroids, in the dtype of the descriptors."""
    model = KMeans(len(start), init=start, n_init=1, max_iter=n_iterations, tol=0)
    centroids: FloatArray = model.fit(descriptors).cluster_centers_
    return centroids


def sklearn_codebook(descriptors: FloatArray, n_words: int, seed: int) -> FloatArray:
    """k-means of scikit-learn, with the start and the end that it chooses."""
    centroids: FloatArray = KMeans(n_words, random_state=seed).fit(descriptors).cluster_centers_
    return centroids


def faiss_kmeans(descriptors: FloatArray, start: FloatArray, n_iterations: int) -> FloatArray:
    """k-means of faiss from given centroids."""
    K, D = start.shape
    model = faiss.Kmeans(D, K, niter=n_iterations, max_points_per_centroid=len(descriptors))
    model.train(descriptors, init_centroids=start)
    return np.asarray(model.centroids)


def _sum_residuals(descriptors: FloatArray, centroids: FloatArray, words: IntArray) -> FloatArray:
    sums = np.zeros_like(centroids)
    np.add.at(sums, words, descriptors - centroids[words])
    return _length_one(sums)


def _length_one(sums: FloatArray) -> FloatArray:
    vector: FloatArray = sums.ravel() / np.linalg.norm(sums)
    return vector


def _shares(words: IntArray, n_words: int) -> FloatArray:
    counts: FloatArray = np.bincount(words, minlength=n_words) / np.float32(len(words))
    return counts


def numpy_supervector(
    descriptors: FloatArray, centroids: FloatArray, *, s: float = 1e-3, sigma: float | None = None
) -> FloatArray:
    """Super-vector with distances in full and products with all γ."""
    squares = (
        (descriptors**2).sum(axis=1)[:, None]
        - 2 * descriptors @ centroids.T
        + (centroids**2).sum(axis=1)
    )
    if sigma is None:
        gamma = np.eye(len(centroids), dtype=descriptors.dtype)[squares.argmin(axis=1)]
    else:
        gamma = np.exp((squares.min(axis=1, keepdims=True) - squares) / (2 * sigma**2))
        gamma /= gamma.sum(axis=1, keepdims=True)
    root = np.sqrt(gamma.mean(axis=0))[:, None]
    sums = gamma.T @ descriptors - gamma.sum(axis=0)[:, None] * centroids
    residuals = sums / (len(descriptors) * np.where(root > 0, root, 1))
    return _length_one(np.hstack([s * root, residuals]))


def numpy_fisher_vector(
    descriptors: FloatArray, weights: FloatArray, means: FloatArray, variances: FloatArray
) -> FloatArray:
    """Improved Fisher vector, [means][variances], with squares expanded."""
    gamma = np.exp(_log_posteriors(descriptors, weights, means, variances))
    first, second = gamma.T @ descriptors, gamma.T @ descriptors**2
    mass = gamma.sum(axis=0)[:, None]
    root = len(descriptors) * np.sqrt(weights)[:, None]
    by_mean = (first - mass * means) / np.sqrt(variances) / root
    by_sigma = (second - 2 * first * means + mass * (means**2 - variances)) / variances
    vector = np.concatenate([by_mean.ravel(), (by_sigma / (2**0.5 * root)).ravel()])
    return _length_one(np.sign(vector) * np.sqrt(np.abs(vector)))


def skimage_fisher_vector(
    descriptors: FloatArray, weights: FloatArray, means: FloatArray, variances: FloatArray
) -> FloatArray:
    """Improved Fisher vector of scikit-image, of three blocks: [weights][means][variances]."""
    encode: Any = fisher_vector
    vector: FloatArray = encode(
        descriptors, _sklearn_mixture(weights, means, variances), improved=True
    )
    return vector


def sklearn_whole_mixture(
    descriptors: FloatArray, n_components: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """EM of scikit-learn, with the start and the end that it chooses."""
    model = GaussianMixture(n_components, covariance_type="diag", random_state=0).fit(descriptors)
    return model.weights_, model.means_, model.covariances_


def log_likelihood(
    descriptors: FloatArray, weights: FloatArray, means: FloatArray, variances: FloatArray
) -> float:
    """Average log-likelihood of a mixture, from scikit-learn."""
    return float(_sklearn_mixture(weights, means, variances).score(descriptors))


def _sklearn_mixture(
    weights: FloatArray, means: FloatArray, variances: FloatArray
) -> GaussianMixture:
    model = GaussianMixture(len(means), covariance_type="diag")
    model.weights_, model.means_, model.covariances_ = weights, means, variances
    model.precisions_cholesky_ = 1 / np.sqrt(variances)
    return model


def _log_posteriors(
    descriptors: FloatArray, weights: FloatArray, means: FloatArray, variances: FloatArray
) -> FloatArray:
    squares = (
        descriptors**2 @ (1 / variances).T
        - 2 * descriptors @ (means / variances).T
        + (means**2 / variances).sum(axis=1)
    )
    logs: FloatArray = np.log(weights) - (np.log(variances).sum(axis=1) + squares) / 2
    logs -= logs.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return logs
