"""The layers of a convolutional network by hand, in NumPy: what they compute, in a few lines each.

Maps are (C, H, W), or (N, C, H, W) for several images, as in torch. Sums are formed in the dtype
of the maps, at least float32. Slides S26–S43.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from coursekit.types import FloatArray
from coursekit.validation import as_floating, check_finite, check_integer

__all__ = ["avg_pool2d", "conv2d", "fully_connected", "max_pool2d", "relu"]

Pair: TypeAlias = int | tuple[int, int]  # (vertical, horizontal), or one number for both


def fully_connected(x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> FloatArray:
    r"""Connect every output to every number of the input (*couche entièrement connectée*).

    .. math:: y_f = \sum_d W_{fd} \, x_d + b_f

    Parameters
    ----------
    x : (D,) or (C, H, W) array, or (N, D) or (N, C, H, W) for several inputs
        Maps are stretched into vectors of D = C·H·W numbers, channel by channel, row by row.
        N = 0 is allowed.
    weight : (F, D) array
    bias : (F,) array, optional

    Returns
    -------
    (F,) or (N, F) floating, of the dtype of `x`

    Raises
    ------
    TypeError, ValueError
        If an array is not numeric, not finite or not of the shape above.

    References
    ----------
    Slides S26–S27.

    Examples
    --------
    >>> image = np.ones((3, 32, 32))
    >>> fully_connected(image, np.full((10, 3072), 0.5)).shape
    (10,)
    """
    values = as_floating(x, "x")
    if values.ndim not in (1, 2, 3, 4):
        raise ValueError(
            f"x: expected shape (D,), (N, D), (C, H, W) or (N, C, H, W), got {values.shape}"
        )
    check_finite(values, "x")
    n_inputs = () if values.ndim % 2 else values.shape[:1]
    D = int(np.prod(values.shape[len(n_inputs) :]))
    dtype = _working(values)
    matrix, offsets = _as_parameters(weight, bias, (D,), f"(F, {D})", dtype)
    vectors = values.reshape(*n_inputs, D).astype(dtype, copy=False)
    return (vectors @ matrix.T + offsets).astype(values.dtype, copy=False)


def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
) -> FloatArray:
    r"""Slide filters over the maps; each number out is one dot product (*convolution*).

    .. math:: y_{fij} = \sum_{c, u, v} W_{fcuv} \; x_{c,\, si + u - p,\, sj + v - p} + b_f

    for stride s and p rows and columns of zeros on each side. As everywhere in deep learning this
    is the cross-correlation: the filter is not turned round.

    Parameters
    ----------
    x : (C, H, W) or (N, C, H, W) array
        Maps, or an image with its channels first. N = 0 is allowed.
    weight : (F, C, k, l) array
        F filters; each always extends the full depth C.
    bias : (F,) array, optional
    stride, padding : int or (int, int), default 1 and 0
        For both directions, or (vertical, horizontal).

    Returns
    -------
    (F, H', W') or (N, F, H', W') floating, of the dtype of `x`
        Sides as of `output_size`.

    Raises
    ------
    TypeError, ValueError
        If an array is not numeric, not finite or not of the shape above, an option is out of
        range, or the filters are larger than the padded maps.

    References
    ----------
    Slides S28–S36.

    Examples
    --------
    Six filters of 5×5×3, each a dot product of 75 dimensions at every position:

    >>> conv2d(np.ones((3, 32, 32)), np.ones((6, 3, 5, 5))).shape
    (6, 28, 28)
    """
    maps = _as_maps(x)
    C = maps.shape[-3]
    dtype = _working(maps)
    filters, offsets = _as_parameters(weight, bias, (C, None, None), f"(F, {C}, k, l)", dtype)
    windows = _windows(
        maps.astype(dtype, copy=False), filters.shape[2:], stride, padding, fill=0
    )  # (…, C, H', W', k, l)
    y = np.tensordot(windows, filters, axes=((-5, -2, -1), (1, 2, 3))) + offsets  # (…, H', W', F)
    return np.ascontiguousarray(np.moveaxis(y, -1, -3), dtype=maps.dtype)


def relu(x: ArrayLike) -> FloatArray:
    r"""Replace negative numbers by zero (*unité linéaire rectifiée*).

    .. math:: y = \max(x, 0)

    Parameters
    ----------
    x : array of any shape
        Empty is allowed.

    Returns
    -------
    floating array of the same shape, of the dtype of `x`

    Raises
    ------
    TypeError, ValueError
        If `x` is not numeric or not finite.

    References
    ----------
    Slides S34–S35.

    Examples
    --------
    >>> relu([-1.5, 0.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    """
    values = as_floating(x, "x")
    check_finite(values, "x")
    rectified: FloatArray = np.maximum(values, 0)
    return rectified


def max_pool2d(
    x: ArrayLike, size: Pair = 2, *, stride: Pair | None = None, padding: Pair = 0
) -> FloatArray:
    r"""Keep the largest number of each window, map by map (*max pooling*).

    .. math:: y_{cij} = \max_{0 \le u, v < k} x_{c,\, si + u,\, sj + v}

    Padding never wins: it counts as −∞. Rows and columns that are left over at the bottom and at
    the right do not count.

    Parameters
    ----------
    x : (C, H, W) or (N, C, H, W) array
        N = 0 is allowed.
    size : int or (int, int), default 2
        Window, for both directions or (vertical, horizontal).
    stride : int or (int, int), optional
        Step between windows; by default `size`.
    padding : int or (int, int), default 0
        At most half of `size`, so that each window holds a number.

    Returns
    -------
    (C, H', W') or (N, C, H', W') floating, of the dtype of `x`
        Sides as of `output_size`.

    Raises
    ------
    TypeError, ValueError
        If `x` is not numeric, not finite or not of the shape above, an option is out of range,
        or the window is larger than the padded maps.

    References
    ----------
    Slides S41–S42.

    Examples
    --------
    >>> max_pool2d([[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]).tolist()
    [[[6.0, 8.0], [3.0, 4.0]]]
    """
    windows = _pooling_windows(_as_maps(x), size, stride, padding, fill=-np.inf)
    largest: FloatArray = windows.max(axis=(-2, -1))
    return largest


def avg_pool2d(
    x: ArrayLike, size: Pair = 2, *, stride: Pair | None = None, padding: Pair = 0
) -> FloatArray:
    r"""Average each window, map by map (*average pooling*).

    .. math:: y_{cij} = \frac{1}{k^2} \sum_{0 \le u, v < k} x_{c,\, si + u,\, sj + v}

    Padding counts as zeros, as torch counts it: the divisor is always the size of the window.

    Parameters
    ----------
    x, size, stride, padding
        As for `max_pool2d`.

    Returns
    -------
    (C, H', W') or (N, C, H', W') floating, of the dtype of `x`
        Sides as of `output_size`.

    Raises
    ------
    TypeError, ValueError
        As `max_pool2d` does.

    References
    ----------
    Slides S41, S43.

    Examples
    --------
    >>> avg_pool2d([[[1, 2, 2, 4], [2, 3, 6, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]).tolist()
    [[[2.0, 5.0], [2.0, 2.0]]]
    """
    maps = _as_maps(x)
    windows = _pooling_windows(maps, size, stride, padding, fill=0)
    mean: FloatArray = windows.mean(axis=(-2, -1), dtype=_working(maps))
    return mean.astype(maps.dtype, copy=False)


def _windows(
    maps: FloatArray, size: tuple[int, ...], stride: Pair, padding: Pair, *, fill: float
) -> FloatArray:
    """View every window of `size`, without a copy: (…, H', W', k, l)."""
    (down, right), (rows, columns) = _pair(stride, "stride"), _pair(padding, "padding", at_least=0)
    H, W = maps.shape[-2:]
    if H + 2 * rows < size[0] or W + 2 * columns < size[1]:
        least = f"{max(size[0] - 2 * rows, 1)} × {max(size[1] - 2 * columns, 1)}"
        raise ValueError(f"x: expected maps of at least {least} for a window, got {H} × {W}")
    borders = [(0, 0)] * (maps.ndim - 2) + [(rows, rows), (columns, columns)]
    padded = np.pad(maps, borders, constant_values=fill) if rows or columns else maps
    return sliding_window_view(padded, size, axis=(-2, -1))[..., ::down, ::right, :, :]


def _pooling_windows(
    maps: FloatArray, size: Pair, stride: Pair | None, padding: Pair, *, fill: float
) -> FloatArray:
    window, border = _pair(size, "size"), _pair(padding, "padding", at_least=0)
    for side, added in zip(window, border, strict=True):
        if added > side // 2:
            raise ValueError(f"padding: expected at most half of size {side}, got {added}")
    return _windows(maps, window, window if stride is None else stride, border, fill=fill)


def _as_maps(x: Any) -> FloatArray:
    maps = as_floating(x, "x")
    if maps.ndim not in (3, 4) or 0 in maps.shape[-3:]:
        expected = "(C, H, W) or (N, C, H, W) with C, H, W ≥ 1"
        raise ValueError(f"x: expected shape {expected}, got {maps.shape}")
    check_finite(maps, "x")
    return maps


def _as_parameters(
    weight: Any, bias: Any, inputs: tuple[int | None, ...], symbols: str, dtype: np.dtype[Any]
) -> tuple[FloatArray, FloatArray]:
    """Return `weight` and `bias` (zeros if there is none) in `dtype`."""
    filters = as_floating(weight, "weight")
    matches = filters.ndim == 1 + len(inputs) and 0 not in filters.shape
    if not matches or any(
        n not in (None, m) for n, m in zip(inputs, filters.shape[1:], strict=True)
    ):
        raise ValueError(f"weight: expected shape {symbols} to match x, got {filters.shape}")
    check_finite(filters, "weight")
    F = len(filters)
    offsets = np.zeros(F, dtype) if bias is None else as_floating(bias, "bias")
    if offsets.shape != (F,):
        raise ValueError(f"bias: expected shape ({F},) to match weight, got {offsets.shape}")
    check_finite(offsets, "bias")
    return filters.astype(dtype, copy=False), offsets.astype(dtype, copy=False)


def _pair(value: Any, name: str, *, at_least: int = 1) -> tuple[int, int]:
    if not isinstance(value, tuple):
        value = (value, value)
    if len(value) != 2:
        raise ValueError(f"{name}: expected an integer or a pair, got {value}")
    vertical, horizontal = (check_integer(side, name, at_least=at_least) for side in value)
    return vertical, horizontal


def _working(values: FloatArray) -> np.dtype[Any]:
    return np.promote_types(values.dtype, np.float32)
