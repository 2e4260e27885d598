"""Bad input to every public callable: the argument, what was expected, what came."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from coursekit.aggregation import (
    VLAD,
    BagOfWords,
    Bags,
    PerDescriptor,
    as_bags,
    assign,
    bag_of_words,
    kmeans,
    residual_sums,
    vlad,
)

X = np.arange(12.0).reshape(6, 2)
C = np.array([[0.0, 0.0], [9.0, 9.0]])
HUGE = np.full((9, 2), 1e30, np.float32)  # the squares overflow
OFFSETS = np.array([0, 4, 6])


def soft(**options):
    return bag_of_words(X, C, **{"assignment": "soft", "sigma": 1.0, **options})


CASES = {
    # --- descriptors and centroids, the same for all
    "one descriptor": (lambda: vlad(X[0], C), ValueError,
        r"descriptors: expected shape \(T, D\), got \(2,\)"),
    "no dimension": (lambda: vlad(np.zeros((3, 0)), np.zeros((2, 0))), ValueError,
        r"centroids: expected at least one dimension, got shape \(2, 0\)"),
    "text": (lambda: vlad([["a", "b"]], C), TypeError,
        r"descriptors: expected integers or floats, got dtype <U1"),
    "ragged": (lambda: vlad([[1.0], [1.0, 2.0]], C), TypeError,
        r"descriptors: expected an array of numbers, got .+"),
    "complex": (lambda: assign(X + 1j, C), TypeError,
        r"descriptors: expected integers or floats, got dtype complex128"),
    "no words": (lambda: assign(X, np.zeros((0, 2))), ValueError,
        r"centroids: expected at least one word, got shape \(0, 2\)"),
    "one centroid as a vector": (lambda: assign(X, C[0]), ValueError,
        r"centroids: expected shape \(K, D\), got \(2,\)"),
    "other dimension": (lambda: residual_sums(X, np.ones((2, 3))), ValueError,
        r"descriptors: expected shape \(T, 3\) to match centroids, got \(6, 2\)"),
    "huge descriptors": (lambda: vlad(HUGE, 1e15 * C), ValueError,
        r"descriptors: expected magnitudes that float32 can square and add up, got 1e\+30"),
    "huge centroids": (lambda: vlad(X.astype(np.float32), HUGE), ValueError,
        r"centroids: expected magnitudes that float32 can square and add up, got 1e\+30"),
    "huge for float64": (lambda: vlad([[1e200, 1.0]], [[0.0, 0.0]]), ValueError,
        r"descriptors: expected magnitudes that float64 can square and add up, got 1e\+200"),
    "sums beyond float32": (lambda: residual_sums(HUGE * 1e8, 0 * C), ValueError,
        r"descriptors: expected magnitudes that float32 can square and add up, got 1e\+38"),
    "sums beyond float16": (lambda: vlad(np.full((9, 2), 3e4, np.float16), 0 * C, norm=False),
        ValueError, r"descriptors: expected magnitudes that float16 can square and add up, got .+"),
    # --- kmeans
    "no training set": (lambda: kmeans(np.zeros((0, 2)), 1), ValueError,
        r"descriptors: expected at least 1 rows, got 0"),
    "more words than points": (lambda: kmeans(X, 7), ValueError,
        r"descriptors: expected at least 7 rows, got 6"),
    "more words than distinct points": (lambda: kmeans(np.repeat(C, 5, axis=0), 3), ValueError,
        r"descriptors: expected 3 distinct points or more, got 2"),
    "all points equal": (lambda: kmeans(np.ones((9, 2)), 2), ValueError,
        r"descriptors: expected 2 distinct points or more, got 1"),
    "NaN in training": (lambda: kmeans([[0.0], [np.nan]], 1), ValueError,
        r"descriptors: expected finite values, got nan at \[1, 0\]"),
    "zero words": (lambda: kmeans(X, 0), ValueError,
        r"n_words: expected an integer ≥ 1, got 0"),
    "half a word": (lambda: kmeans(X, 1.5), TypeError,
        r"n_words: expected an integer, got 1.5"),
    "no start": (lambda: kmeans(X, 2, n_init=0), ValueError,
        r"n_init: expected an integer ≥ 1, got 0"),
    "automatic starts": (lambda: kmeans(X, 2, n_init="auto"), TypeError,
        r"n_init: expected an integer, got 'auto'"),
    "no iteration": (lambda: kmeans(X, 2, max_iter=0), ValueError,
        r"max_iter: expected an integer ≥ 1, got 0"),
    "negative seed": (lambda: kmeans(X, 2, random_state=-1), ValueError,
        r"random_state: expected an integer in \[0, 4294967295\], got -1"),
    "named seed": (lambda: kmeans(X, 2, random_state="x"), TypeError,
        r"random_state: expected an integer, got 'x'"),
    # --- bag_of_words
    "unknown assignment": (lambda: bag_of_words(X, C, assignment="firm"), ValueError,
        r"assignment: expected one of 'hard', 'soft', got 'firm'"),
    "unknown norm": (lambda: bag_of_words(X, C, norm="max"), ValueError,
        r"norm: expected one of 'l1', 'l2', None, got 'max'"),
    "votes for no word": (lambda: bag_of_words(X, C, n_assign=0), ValueError,
        r"n_assign: expected an integer ≥ 1, got 0"),
    "votes for too many words": (lambda: bag_of_words(X, C, n_assign=3), ValueError,
        r"n_assign: expected an integer in \[1, 2\], got 3"),
    "hard votes for all words": (lambda: bag_of_words(X, C, n_assign=None), TypeError,
        r"n_assign: expected an integer, got None"),
    "hard votes with sigma": (lambda: bag_of_words(X, C, sigma=1.0), ValueError,
        r"sigma: expected None with hard assignment, got 1.0"),
    "soft votes without sigma": (lambda: soft(sigma=None), TypeError,
        r"sigma: expected a number, got None"),
    "soft votes with sigma 0": (lambda: soft(sigma=0), ValueError,
        r"sigma: expected a finite number > 0, got 0"),
    # --- vlad
    "power 0": (lambda: vlad(X, C, power=0), ValueError,
        r"power: expected a finite number > 0, got 0"),
    "power above 1": (lambda: vlad(X, C, power=2), ValueError,
        r"power: expected a number in \(0, 1\], got 2"),
    "power by name": (lambda: vlad(X, C, power="sqrt"), TypeError,
        r"power: expected a number, got 'sqrt'"),
    "norm by name": (lambda: vlad(X, C, norm="l2"), TypeError,
        r"norm: expected True or False, got 'l2'"),
    "intra_norm by number": (lambda: vlad(X, C, intra_norm=1), TypeError,
        r"intra_norm: expected True or False, got 1"),
    # --- bags
    "no list of bags": (lambda: as_bags(7), TypeError,
        r"bags: expected a list of \(n_i, D\) arrays, got int"),
    "a generator of bags": (lambda: as_bags(iter([X])), TypeError,
        r"bags: expected a list of \(n_i, D\) arrays, got list_iterator"),
    "one image instead of a list": (lambda: as_bags(X), ValueError,
        r"bags\[0\]: expected shape \(T, D\), got \(2,\)"),
    "a bag of one descriptor": (lambda: as_bags([X, X, X, X[0]]), ValueError,
        r"bags\[3\]: expected shape \(T, D\), got \(2,\)"),
    "bags of two dimensions": (lambda: as_bags([X, np.ones((3, 5))]), ValueError,
        r"bags\[1\]: expected shape \(T, 2\) to match bags\[0\], got \(3, 5\)"),
    "a bag of text": (lambda: as_bags([X, [["a"]]]), TypeError,
        r"bags\[1\]: expected integers or floats, got dtype <U1"),
    "a bag of nothing": (lambda: as_bags([None]), TypeError,
        r"bags\[0\]: expected integers or floats, got dtype object"),
    "sets named as such": (lambda: Bags.from_sets([X, X[0]]), ValueError,
        r"sets\[1\]: expected shape \(T, D\), got \(2,\)"),
    "no sets": (lambda: Bags.from_sets([]), ValueError,
        r"sets: expected at least one set, got none"),
    "flat descriptors": (lambda: Bags(X[0], OFFSETS), ValueError,
        r"descriptors: expected shape \(N, D\), got \(2,\)"),
    "bags of text": (lambda: Bags(np.array([["a"]]), OFFSETS), TypeError,
        r"descriptors: expected integers or floats, got dtype <U1"),
    "fractional offsets": (lambda: Bags(X, OFFSETS / 1), ValueError,
        r"offsets: expected \(n \+ 1,\) integers, got float64 of shape \(3,\)"),
    "no offsets": (lambda: Bags(X, np.zeros(0, int)), ValueError,
        r"offsets: expected \(n \+ 1,\) integers, got int64 of shape \(0,\)"),
    "a late start": (lambda: Bags(X, OFFSETS[1:]), ValueError,
        r"offsets: expected a rise from 0 to 6, the number of descriptors, got \[4 6\]"),
    "an early end": (lambda: Bags(X, OFFSETS[:-1]), ValueError,
        r"offsets: expected a rise from 0 to 6, the number of descriptors, got \[0 4\]"),
    "a step back": (lambda: Bags(X, np.array([0, 5, 4, 6])), ValueError,
        r"offsets: expected a rise from 0 to 6, the number of descriptors, got \[0 5 4 6\]"),
    "places in part": (lambda: Bags(X, OFFSETS, positions=X), ValueError,
        r"scales: expected shape \(6,\), got \(\)"),
    "too few places": (lambda: Bags(X, OFFSETS, X[1:], X[:, 0], X[:2]), ValueError,
        r"positions: expected shape \(6, 2\), got \(5, 2\)"),
    "too many image shapes": (lambda: Bags(X, OFFSETS, X, X[:, 0], X), ValueError,
        r"image_shapes: expected shape \(2, 2\), got \(6, 2\)"),
    # --- estimators
    "no image to learn from": (lambda: VLAD(2).fit([]), ValueError,
        r"bags: expected at least one descriptor, got none in 0 images"),
    "only empty images": (lambda: VLAD(2).fit([X[:0], X[:0]]), ValueError,
        r"bags: expected at least one descriptor, got none in 2 images"),
    "no descriptor to lift to": (lambda: PerDescriptor(PCA(1)).fit([X[:0]]), ValueError,
        r"bags: expected at least one descriptor, got none in 1 images"),
    "NaN to lift": (lambda: PerDescriptor(PCA(1)).fit([X]).transform([X, X * np.nan]), ValueError,
        r"bags\[1\]: expected finite values, got nan at \[0, 0\]"),
    "another D to lift": (lambda: PerDescriptor(PCA(1)).fit([X]).transform([X[:, :1]]), ValueError,
        r"bags\[0\]: expected shape \(T, 2\) to match fit, got \(6, 1\)"),
    "Bags of another D": (lambda: VLAD(2).fit([X]).transform(Bags(X[:, :1], OFFSETS)), ValueError,
        r"bags: expected 2 dimensions to match fit, got 1"),
    "codebook of another D": (lambda: VLAD(centroids=np.ones((2, 3))).fit([X]), ValueError,
        r"centroids: expected shape \(K, 2\) to match the descriptors, got \(2, 3\)"),
    "too many words for the images": (lambda: VLAD(7).fit([X]), ValueError,
        r"descriptors: expected at least 7 rows, got 6"),
    "no draw": (lambda: VLAD(2, max_descriptors=0).fit([X]), ValueError,
        r"max_descriptors: expected an integer ≥ 1, got 0"),
    "VLAD option": (lambda: VLAD(2, power=3).fit([X]), ValueError,
        r"power: expected a number in \(0, 1\], got 3"),
    "BagOfWords option": (lambda: BagOfWords(2, norm="max").fit([X]), ValueError,
        r"norm: expected one of 'l1', 'l2', None, got 'max'"),
    "BagOfWords votes": (lambda: BagOfWords(2, n_assign=3).fit([X]), ValueError,
        r"n_assign: expected an integer in \[1, 2\], got 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_one_form(name):
    call, error, message = CASES[name]
    with pytest.raises(error, match=f"^{message}$"):
        call()
