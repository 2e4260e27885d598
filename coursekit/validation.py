"""Checks at the public border, in one form: ``argument: what was expected, got what came``.

Each check returns its argument in the form the code behind it relies on, so that a caller
validates once and never again.
"""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from coursekit.types import FloatArray, Image, Loadable

__all__ = [
    "as_floating",
    "as_image",
    "as_matrix",
    "check_choice",
    "check_finite",
    "check_flag",
    "check_integer",
    "check_positive",
    "read_image",
]

T = TypeVar("T")


def as_matrix(
    values: Any,
    name: str,
    *,
    columns: int | None = None,
    match: str = "",
    symbols: str = "(T, D)",
    finite: bool = True,
) -> FloatArray:
    """Return `values` as a finite floating matrix, C-contiguous, without copying if it is one.

    Parameters
    ----------
    values : (n, d) array-like of integers or floats
        n = 0 is allowed. Integers become float32; float16, float32 and float64 are kept.
    name : str
        The caller's argument, for the message.
    columns : int, optional
        The d that is required.
    match : str, optional
        The argument that d has to agree with, for the message.
    symbols : str, default "(T, D)"
        How the shape is written in messages.
    finite : bool, default True
        False leaves NaN and infinity to a caller that meets them anyway, and saves a pass.

    Returns
    -------
    (n, d) floating

    Raises
    ------
    TypeError
        If `values` is not numeric (complex, strings, objects).
    ValueError
        If it is not a matrix, has another number of columns, or holds NaN or infinity.
    """
    matrix = as_floating(values, name)
    if matrix.ndim != 2:
        raise ValueError(f"{name}: expected shape {symbols}, got {matrix.shape}")
    if columns is not None and matrix.shape[1] != columns:
        first = symbols.strip("()").split(",")[0]
        reason = f" to match {match}" if match else ""
        raise ValueError(f"{name}: expected shape ({first}, {columns}){reason}, got {matrix.shape}")
    if matrix.shape[1] == 0:
        raise ValueError(f"{name}: expected at least one dimension, got shape {matrix.shape}")
    if finite:
        check_finite(matrix, name)
    return np.ascontiguousarray(matrix)


def as_floating(values: Any, name: str) -> FloatArray:
    """Return `values` as a floating array of any shape; integers become float32.

    Parameters
    ----------
    values : array-like of integers or floats
    name : str
        The caller's argument, for the message.

    Returns
    -------
    floating array of the same shape

    Raises
    ------
    TypeError
        If `values` is not numeric.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # a ragged list
        raise TypeError(f"{name}: expected an array of numbers, got {error}") from error
    if array.dtype.kind in "iu":
        return array.astype(np.float32)
    if array.dtype.kind != "f":
        raise TypeError(f"{name}: expected integers or floats, got dtype {array.dtype}")
    return array


def check_finite(array: FloatArray, name: str) -> None:
    """Refuse NaN and infinity.

    Parameters
    ----------
    array : floating array
    name : str
        The caller's argument, for the message.

    Raises
    ------
    ValueError
        Naming the first offending index.
    """
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        at = ", ".join(map(str, where))
        raise ValueError(f"{name}: expected finite values, got {array[where]} at [{at}]")


def as_image(values: Any, name: str = "image") -> Image:
    """Return `values` if it is an RGB image.

    Parameters
    ----------
    values : (H, W, 3) uint8
    name : str, default "image"
        The caller's argument, for the message.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    TypeError
        If `values` is not an array of uint8.
    ValueError
        If its shape is not (H, W, 3) with H, W ≥ 1.
    """
    dtype = getattr(values, "dtype", type(values).__name__)
    if not isinstance(values, np.ndarray) or values.dtype != np.uint8:
        raise TypeError(f"{name}: expected a uint8 array (H, W, 3), got {dtype}")
    if values.ndim != 3 or values.shape[2] != 3 or 0 in values.shape:
        raise ValueError(f"{name}: expected shape (H, W, 3), got {values.shape}")
    return values


def read_image(image: Image | Loadable) -> Image:
    """Return an image's pixels, which are read first if it is a photo or a file.

    Parameters
    ----------
    image : (H, W, 3) uint8, or an object with ``load()``

    Returns
    -------
    (H, W, 3) uint8
        Not checked: `as_image` does that.
    """
    return image.load() if isinstance(image, Loadable) else image


def check_choice(value: T, name: str, choices: Collection[T]) -> T:
    """Return `value` if it is one of `choices`.

    Parameters
    ----------
    value : object
    name : str
        The caller's argument, for the message.
    choices : collection
        What is allowed.

    Returns
    -------
    object
        `value`

    Raises
    ------
    ValueError
        If `value` is none of them.
    """
    if value not in choices:
        expected = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: expected one of {expected}, got {value!r}")
    return value


def check_integer(value: Any, name: str, *, at_least: int = 1, at_most: int | None = None) -> int:
    """Return `value` as an int within bounds.

    Parameters
    ----------
    value : int
        NumPy integers are accepted, bools and floats are not.
    name : str
        The caller's argument, for the message.
    at_least, at_most : int
        Bounds, both included.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If `value` is not an integer.
    ValueError
        If it is out of bounds.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected an integer, got {value!r}")
    number = int(value)
    if number < at_least or (at_most is not None and number > at_most):
        bounds = f"≥ {at_least}" if at_most is None else f"in [{at_least}, {at_most}]"
        raise ValueError(f"{name}: expected an integer {bounds}, got {number}")
    return number


def check_positive(value: Any, name: str, *, or_zero: bool = False) -> float:
    """Return `value` as a finite float > 0.

    Parameters
    ----------
    value : float
    name : str
        The caller's argument, for the message.
    or_zero : bool, default False
        Whether 0 is allowed as well.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If it is not finite or not positive.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    if or_zero and not 0 <= float(value) < np.inf:
        raise ValueError(f"{name}: expected a finite number ≥ 0, got {value}")
    if not or_zero and not 0 < float(value) < np.inf:
        raise ValueError(f"{name}: expected a finite number > 0, got {value}")
    return float(value)


def check_flag(value: Any, name: str) -> bool:
    """Return `value` if it is True or False, and not something that merely counts as true.

    Parameters
    ----------
    value : bool
    name : str
        The caller's argument, for the message.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        If `value` is anything else, such as the name of a norm.
    """
    if value is True or value is False or isinstance(value, np.bool_):
        return bool(value)
    raise TypeError(f"{name}: expected True or False, got {value!r}")
