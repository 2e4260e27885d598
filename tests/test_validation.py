"""Each check returns what the code behind it may rely on, or names argument, need and find."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit import validation as check


@pytest.mark.parametrize(
    ("given", "kept"),
    [("float16", "float16"), ("float32", "float32"), ("float64", "float64"), ("uint8", "float32")],
)
def test_floats_keep_their_dtype_and_integers_become_float32(given, kept):
    assert check.as_matrix(np.ones((2, 3), given), "x").dtype == kept


def test_a_float_matrix_is_not_copied():
    matrix = np.ones((2, 3))
    assert check.as_matrix(matrix, "x") is matrix


def test_a_transposed_matrix_becomes_contiguous():
    assert check.as_matrix(np.ones((2, 3)).T, "x").flags.c_contiguous


def test_no_rows_are_allowed():
    assert check.as_matrix(np.zeros((0, 3)), "x", columns=3).shape == (0, 3)


def test_first_infinity_is_located():
    matrix = np.zeros((2, 3), np.float32)
    matrix[1, 2] = np.inf
    with pytest.raises(ValueError, match=r"^x: expected finite values, got inf at \[1, 2\]$"):
        check.as_matrix(matrix, "x")


IMAGE = np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check.as_matrix(np.zeros(3), "x"), ValueError,
         r"^x: expected shape \(T, D\), got \(3,\)$"),
        (lambda: check.as_matrix(np.zeros((5, 2)), "x", columns=3, match="centroids"), ValueError,
         r"^x: expected shape \(T, 3\) to match centroids, got \(5, 2\)$"),
        (lambda: check.as_matrix(np.zeros((5, 2)), "c", columns=3, symbols="(K, D)"), ValueError,
         r"^c: expected shape \(K, 3\), got \(5, 2\)$"),
        (lambda: check.as_matrix(np.zeros((5, 0)), "x"), ValueError,
         r"^x: expected at least one dimension, got shape \(5, 0\)$"),
        (lambda: check.as_matrix([["a"]], "x"), TypeError,
         r"^x: expected integers or floats, got dtype <U1$"),
        (lambda: check.as_matrix(np.ones((1, 1), complex), "x"), TypeError,
         r"^x: expected integers or floats, got dtype complex128$"),
        (lambda: check.as_matrix([[1.0], [1.0, 2.0]], "x"), TypeError,
         r"^x: expected an array of numbers, got "),
        (lambda: check.as_image(IMAGE.astype(float)), TypeError,
         r"^image: expected a uint8 array \(H, W, 3\), got float64$"),
        (lambda: check.as_image("photo.jpg"), TypeError,
         r"^image: expected a uint8 array \(H, W, 3\), got str$"),
        (lambda: check.as_image(IMAGE[..., 0]), ValueError,
         r"^image: expected shape \(H, W, 3\), got \(4, 5\)$"),
        (lambda: check.as_image(IMAGE[:0]), ValueError,
         r"^image: expected shape \(H, W, 3\), got \(0, 5, 3\)$"),
        (lambda: check.check_choice("l3", "norm", ("l1", "l2", None)), ValueError,
         r"^norm: expected one of 'l1', 'l2', None, got 'l3'$"),
        (lambda: check.check_integer(0, "n_words"), ValueError,
         r"^n_words: expected an integer ≥ 1, got 0$"),
        (lambda: check.check_integer(9, "k", at_least=0, at_most=7), ValueError,
         r"^k: expected an integer in \[0, 7\], got 9$"),
        (lambda: check.check_integer(2.0, "n_words"), TypeError,
         r"^n_words: expected an integer, got 2\.0$"),
        (lambda: check.check_integer(True, "n_words"), TypeError,
         r"^n_words: expected an integer, got True$"),
        (lambda: check.check_positive(0, "sigma"), ValueError,
         r"^sigma: expected a finite number > 0, got 0$"),
        (lambda: check.check_positive(float("nan"), "sigma"), ValueError,
         r"^sigma: expected a finite number > 0, got nan$"),
        (lambda: check.check_positive("1", "sigma"), TypeError,
         r"^sigma: expected a number, got '1'$"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_good_input_passes_through():
    assert check.as_image(IMAGE) is IMAGE
    assert check.check_choice(None, "norm", ("l1", None)) is None
    assert check.check_integer(np.int64(3), "n_words") == 3
    assert check.check_positive(np.float32(0.5), "sigma") == 0.5
