"""scikit-learn's own checks of estimators, on bags of one descriptor each.

The checks hand over a matrix (n, d). A thin adapter, for the tests only, turns it into n bags of
one descriptor; all that they look at besides (options, clones, pickles, names, errors) is ours.
"""

from __future__ import annotations

from typing import Any
from unittest import SkipTest

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import estimator_checks_generator

from coursekit.aggregation import VLAD, BagOfWords, FisherVector, PerDescriptor, SuperVector

# They run, but ask for scikit-learn's words, where we have one form of message for all arguments;
# for each of them a test of ours holds the message that is raised instead (`test_contract.py`,
# `test_bad_input.py`).
OTHER_WORDS = {
    "check_complex_data": "a TypeError, “expected integers or floats, got dtype complex128”",
    "check_dtype_object": "objects are refused, even if they hold numbers",
    "check_estimators_empty_data_messages": "“expected at least one dimension, got shape (1, 0)”",
    "check_estimators_nan_inf": "“expected finite values, got nan at [0, 0]”",
    "check_fit2d_1sample": "“expected at least 2 rows, got 1”",
    "check_fit2d_predict1d": "“expected shape (T, D), got ()”",
    "check_n_features_in_after_fitting": "“expected shape (T, 4) to match fit, got (1, 3)”",
}
NOT_FOR_BAGS = {
    "check_array_api_input": "NumPy only; skipped by scikit-learn itself",
    "check_estimator_sparse_array": "a bag is no sparse matrix; the adapter makes no bags of one",
    "check_estimator_sparse_matrix": "as above",
    "check_estimator_sparse_tag": "as above",
    "check_transformer_n_iter": "`max_iter` is that of k-means or EM, which keep their count",
}
EXCLUDED = OTHER_WORDS | NOT_FOR_BAGS


def one_descriptor_each(X: Any) -> Any:
    """Turn (n, d) into n bags of shape (1, d)."""
    return [row[None] for row in np.asarray(X)]


class OnRows:
    """Mixed into an encoder: rows in, vectors out."""

    def fit(self, X, y=None):
        return super().fit(one_descriptor_each(X), y)  # type: ignore[misc]

    def transform(self, X):
        return super().transform(one_descriptor_each(X))  # type: ignore[misc]


class BagOfWordsOnRows(OnRows, BagOfWords): ...


class FisherVectorOnRows(OnRows, FisherVector): ...


class SuperVectorOnRows(OnRows, SuperVector): ...


class VLADOnRows(OnRows, VLAD): ...


class PerDescriptorOnRows(OnRows, PerDescriptor):
    def transform(self, X):
        return np.concatenate(super().transform(X))


ESTIMATORS = {
    "BagOfWords": BagOfWordsOnRows(n_words=2),
    "BagOfWords tf-idf": BagOfWordsOnRows(n_words=2, tf_idf=True),
    "FisherVector": FisherVectorOnRows(n_components=2),
    "PerDescriptor": PerDescriptorOnRows(PCA(1)),
    "SuperVector": SuperVectorOnRows(n_words=2),
    "VLAD": VLADOnRows(n_words=2),
}


def name_of(check):
    return check.func.__name__


CHECKS = [
    pytest.param(instance, check, id=f"{name}-{name_of(check)}-{i}")
    for name, estimator in ESTIMATORS.items()
    for i, (instance, check) in enumerate(estimator_checks_generator(estimator))
    if name_of(check) not in EXCLUDED
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learn_agrees(estimator, check):
    with np.errstate(all="warn", under="ignore"):  # NumPy's defaults, for which they are written
        check(estimator)


def test_checks_that_are_left_out_exist_and_do_not_pass():
    estimator = VLADOnRows(n_words=2)
    checks = {
        name_of(check): (fresh, check) for fresh, check in estimator_checks_generator(estimator)
    }
    for name in EXCLUDED:
        fresh, check = checks[name]
        with pytest.raises((AssertionError, AttributeError, SkipTest, TypeError)):
            check(fresh)


def test_most_checks_run():
    assert len(CHECKS) >= 30 * len(ESTIMATORS)
