from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from coursekit.exercises.numeric import (
    NotNumbersError,
    agrees,
    imitates,
    is_unanswered,
    read_numbers,
    show,
)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (8192, "8192"),
        (256000, "256000"),
        (np.float64(1) / 3, "0.3333"),
        (123456.789, "1.235e+05"),
        (-0.0, "0"),
        (np.nan, "nan"),
        ([1, -np.inf], "[1, -inf]"),
        ([1.0, 1e-12], "[1, 0]"),
        ([1e-12], "[1e-12]"),
        ([], "[]"),
        (np.zeros((5, 5)), "an array of shape (5, 5)"),
    ],
)
def test_numbers_are_shown_in_few_digits(values, text):
    assert show(values) == text


@pytest.mark.parametrize(
    ("got", "verdict"),
    [
        ([1.0, 1000.0], True),
        ([1.09, 1000.0], True),  # 1e-4 of the largest entry, 1000
        ([1.11, 1000.0], False),
        ([np.nan, 1000.0], False),
        ([np.inf, 1000.0], False),
        ([[1.0, 1000.0]], False),
        (1.0, False),
    ],
)
def test_agreement_is_relative_to_the_largest_entry(got, verdict):
    assert agrees(np.array(got), np.array([1.0, 1000.0]), 1e-4) is verdict


def test_whole_numbers_agree_exactly():
    want = np.array([100000, 3])
    assert agrees(np.array([100000.0, 3.0]), want, 1e-4)
    assert not agrees(np.array([100001, 3]), want, 1e-4)


def test_zeros_agree_within_an_absolute_tolerance():
    assert agrees(np.full(3, 1e-5), np.zeros(3), 1e-4)
    assert not agrees(np.full(3, 1e-3), np.zeros(3), 1e-4)


def test_empty_arrays_agree_by_shape():
    assert agrees(np.zeros((0, 2)), np.zeros((0, 2)), 1e-4)
    assert not agrees(np.zeros((0, 3)), np.zeros((0, 2)), 1e-4)


def test_nan_of_a_wrong_idea_stands_for_anything():
    wrong = np.array([1.0, np.nan])
    assert imitates(np.array([1.0, 7.0]), wrong, 1e-4)
    assert imitates(np.array([1.0, np.nan]), wrong, 1e-4)
    assert not imitates(np.array([2.0, np.nan]), wrong, 1e-4)
    assert not imitates(np.array([np.nan, 7.0]), wrong, 1e-4)


def test_numbers_are_read_as_a_copy():
    original = np.zeros(2)
    read_numbers(original)[:] = 1
    assert original.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (Fraction(32, 45), 32 / 45),
        ([Fraction(1, 2), 3], [0.5, 3]),
        ([[0.25, Fraction(1, 3)]], [[0.25, 1 / 3]]),
        (10**30, 1e30),
    ],
)
def test_exact_numbers_are_read_as_floats(value, want):
    got = read_numbers(value)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, np.array(want, dtype=np.float64))


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (None, "None"),
        ([1, None], "a list"),
        ([Fraction(1, 2), "1/3"], "a list"),
        ([1, ...], "a list"),
        (10**400, "a number beyond the range of floats"),
    ],
)
def test_what_is_no_number_is_named(value, came):
    with pytest.raises(NotNumbersError, match=rf"^{came}$"):
        read_numbers(value)


@pytest.mark.parametrize("value", [None, ..., [...], ([1, 2], [[...]])])
def test_dots_are_unanswered(value):
    assert is_unanswered(value)


@pytest.mark.parametrize("value", [0, [], [None], "", np.zeros(3), [[1, 2]]])
def test_values_are_answers(value):
    assert not is_unanswered(value)
