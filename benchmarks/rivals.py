"""What a reader would write first, and what other libraries offer: the contenders."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from skimage.feature import fisher_vector, learn_gmm
from sklearn.cluster import KMeans

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
