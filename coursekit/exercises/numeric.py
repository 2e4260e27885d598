"""Reading what a student hands in as numbers, comparing it, and writing it in few digits."""

from __future__ import annotations

from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]

MAX_SHOWN = 24  # entries of an array that a reader still takes in at a glance


class NotNumbersError(TypeError):
    """What came is not an array of real numbers."""


def read_numbers(value: Any) -> Numbers:
    """Return a copy of `value` as an array of integers or floats, whatever container it came in.

    Parameters
    ----------
    value : number, array, or nested lists of numbers
        Exact fractions (`fractions.Fraction`) are read as floats.

    Returns
    -------
    array of integers or floats; a number gives shape ()

    Raises
    ------
    NotNumbersError
        Saying what came instead.
    """
    try:
        array = np.array(value, subok=False)
    except Exception as error:  # foreign objects raise what they like when they are converted
        raise NotNumbersError(f"{_describe(value)} whose rows do not form an array") from error
    if array.dtype.kind == "O":
        return _read_objects(array, value)
    if array.dtype.kind not in "iuf":
        raise NotNumbersError(f"values of dtype {array.dtype}")
    return array


def _read_objects(array: NDArray[Any], value: Any) -> NDArray[np.float64]:
    """Read numbers that NumPy keeps as objects: fractions, integers beyond 64 bits."""
    if not all(isinstance(entry, Real) for entry in array.flat):
        raise NotNumbersError(_describe(value))
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise NotNumbersError("a number beyond the range of floats") from error


def _describe(value: Any) -> str:
    """Name what came, without its address: "None", "a function", "a list"."""
    if value is None or value is Ellipsis:
        return repr(value)
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in tuple('aeiou') else 'a'} {name}"


def is_unanswered(value: Any) -> bool:
    """Say whether `value` is what an untouched stub leaves: None, ``...``, or a list with ``...``.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    if isinstance(value, list | tuple):
        return any(
            entry is Ellipsis or is_unanswered(entry) for entry in value if entry is not None
        )
    return value is None or value is Ellipsis


def agrees(got: Numbers, want: Numbers, tolerance: float) -> bool:
    """Say whether `got` is `want` up to rounding: same shape, finite, close.

    Parameters
    ----------
    got, want : arrays of numbers
        Where `want` holds integers, the values are compared exactly; the dtype of `got` is free.
    tolerance : float
        Largest error, relative to the largest entry of `want` (absolute where all are zero).

    Returns
    -------
    bool
    """
    return got.shape == want.shape and bool(np.all(_close(got, want, tolerance)))


def imitates(got: Numbers, wrong: Numbers, tolerance: float) -> bool:
    """Say whether `got` is the output of a wrong idea.

    Parameters
    ----------
    got, wrong : arrays of numbers
        NaN in `wrong` stands for "anything": where a wrong idea divides zero by zero, one student
        gets NaN and another has guarded the division.
    tolerance : float
        As in `agrees`.

    Returns
    -------
    bool
    """
    if got.shape != wrong.shape:
        return False
    return bool(np.all(_close(got, wrong, tolerance) | np.isnan(wrong)))


def _close(got: Numbers, want: Numbers, tolerance: float) -> NDArray[np.bool_]:
    if want.dtype.kind in "iu":
        return np.asarray(got == want)
    largest = float(np.max(np.abs(want[np.isfinite(want)]), initial=0.0))
    return np.asarray(np.abs(got - want) <= tolerance * (largest or 1.0))


def show(values: Any) -> str:
    """Write numbers with at most 4 significant digits, as nested lists; long arrays by shape.

    Parameters
    ----------
    values : number or array of numbers

    Returns
    -------
    str

    Examples
    --------
    >>> show(np.array([[1 / 3, -0.0], [2, 1e-17]]))
    '[[0.3333, 0], [2, 0]]'
    >>> show(np.zeros((0, 2)))
    'no rows, shape (0, 2)'
    """
    array = np.asarray(values)
    if array.ndim > 1 and len(array) == 0:
        return f"no rows, shape {array.shape}"
    if array.size > MAX_SHOWN:
        return f"an array of shape {array.shape}"
    finite = np.abs(array[np.isfinite(array)])
    noise = 1e-9 * float(finite.max(initial=0.0))  # what cancels to 1e-17 here may not elsewhere
    return _nested(array, noise)


def _nested(array: Numbers, noise: float) -> str:
    if array.ndim:
        return "[" + ", ".join(_nested(part, noise) for part in array) + "]"
    number = float(array)
    if abs(number) <= noise:
        return "0"
    if number.is_integer() and abs(number) < 1e9:
        return str(int(number))
    return f"{number:.4g}"


def show_form(values: Numbers) -> str:
    """Say what kind of value is expected, without saying the value.

    Parameters
    ----------
    values : array of numbers

    Returns
    -------
    str

    Examples
    --------
    >>> show_form(np.zeros((3, 2))), show_form(np.array(8))
    ('an array of shape (3, 2)', 'a whole number')
    """
    whole = values.dtype.kind in "iu"
    if values.ndim == 0:
        return "a whole number" if whole else "a number"
    return f"an array of {'whole numbers, ' if whole else ''}shape {values.shape}"
