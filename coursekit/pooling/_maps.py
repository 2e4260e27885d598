"""What the pooling layers share: checks of maps and masks, and sums over pixels.

The checks look at types and sizes, never at values, which would cost a pass over memory and break
the graph of ``torch.compile``. The one exception, `rectangles`, says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor

# 384 KiB of float32: a few such pieces stay in the L2 cache, and the allocator hands out the same
# warm memory again, where a larger piece would be mapped (and faulted in) anew each time.
ELEMENTS_PER_PIECE = 96 * 1024

Pool = Callable[[Tensor, Tensor | None, Tensor | None], Tensor]


def check_maps(x: Any, mask: Any = None) -> None:
    """Refuse what is not a batch of maps, or a mask of another kind.

    Parameters
    ----------
    x : (B, C, H, W) floating tensor
        B = 0 is allowed.
    mask : (B, H, W) bool tensor, optional

    Raises
    ------
    TypeError
        If `x` is not a floating tensor or `mask` not a bool tensor.
    ValueError
        If a shape is not the one above, or C, H or W is 0.
    """
    check_floating(x, "x")
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(f"x: expected shape (B, C, H, W) with C, H, W ≥ 1, got {_sizes(x)}")
    if mask is None:
        return
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        raise TypeError(f"mask: expected a bool tensor, got {_kind(mask)}")
    B, _, H, W = x.shape
    if mask.shape != (B, H, W):
        raise ValueError(f"mask: expected shape {(B, H, W)} to match x, got {_sizes(mask)}")


def check_floating(value: Any, name: str) -> None:
    """Refuse what is not a floating tensor.

    Parameters
    ----------
    value : floating tensor
    name : str
        The caller's argument, for the message.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise TypeError(f"{name}: expected a floating tensor, got {_kind(value)}")


def check_shape(value: Tensor, name: str, shape: tuple[int, ...], match: str) -> None:
    """Refuse a tensor of another shape.

    Parameters
    ----------
    value : tensor
    name : str
        The caller's argument, for the message.
    shape : tuple of int
        What is required.
    match : str
        The argument that the shape has to agree with, for the message.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if value.shape != shape:
        raise ValueError(f"{name}: expected shape {shape} to match {match}, got {_sizes(value)}")


def working_dtype(x: Tensor) -> torch.dtype:
    """Return the dtype to compute in: float32 for half precision, else that of `x`."""
    return torch.promote_types(x.dtype, torch.float32)


def hide(x: Tensor, mask: Tensor | None, value: float) -> Tensor:
    """Return maps with `value` where the mask is False, whatever stood there, NaN included."""
    return x if mask is None else x.masked_fill(~mask[:, None], value)


def zero_if_empty(pooled: Tensor, mask: Tensor | None) -> Tensor:
    """Return pooled vectors (B, C) with zeros for the images whose mask is all False."""
    return pooled if mask is None else pooled.where(mask.flatten(1).any(1, keepdim=True), 0.0)


class Rectangles(NamedTuple):
    """The rectangle of each image that a mask leaves; height and width are 0 for an empty one."""

    top: Tensor  # (B,) int64, as the others
    left: Tensor
    height: Tensor
    width: Tensor


def rectangles(mask: Tensor) -> Rectangles:
    """Return the rectangle that each image's mask consists of.

    Parameters
    ----------
    mask : (B, H, W) bool

    Returns
    -------
    Rectangles

    Raises
    ------
    ValueError
        If a mask is no axis-aligned rectangle. This reads values, so a graph that is being
        compiled or exported leaves it out.
    """
    top, height, rows = _extent(mask.any(2))
    left, width, columns = _extent(mask.any(1))
    if not torch.compiler.is_compiling():
        wrong = ((rows[:, :, None] & columns[:, None]) != mask).flatten(1).any(1)
        if wrong.any():
            raise ValueError(
                "mask: expected an axis-aligned rectangle in each image, "
                f"got another shape in image {int(wrong.nonzero()[0])}"
            )
    return Rectangles(top, left, height, width)


def _extent(used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return first index and number of the True entries, and the run (B, n) that they would be."""
    first, count = used.to(torch.uint8).argmax(1), used.sum(1)
    index = torch.arange(used.shape[1], device=used.device)
    return first, count, (index >= first[:, None]) & (index < (first + count)[:, None])


def weighted_sum(x: Tensor, weights: Tensor) -> Tensor:
    """Add up the pixels of maps with one weight per pixel, as one matrix product.

    Parameters
    ----------
    x : (B, C, H, W) floating
    weights : (B, H, W) or (1, H, W) in the working dtype

    Returns
    -------
    (B, C) in the working dtype
    """
    columns = x.flatten(2).to(weights.dtype)  # (B, C, H·W)
    rows = weights.flatten(1)[:, None].expand(x.shape[0], -1, -1)  # (B, 1, H·W)
    with full_precision(x):
        return torch.bmm(rows, columns.mT).squeeze(1)


def full_precision(x: Tensor) -> AbstractContextManager[Any]:
    """Return a context in which autocast leaves products alone; entering autocast's costs time."""
    kind = x.device.type
    if torch.compiler.is_compiling() or torch.is_autocast_enabled(kind):
        return torch.autocast(kind, enabled=False)
    return nullcontext()


def lengths(vectors: Tensor, dim: int) -> Tensor:
    """Return L2 norms, with 1 in place of 0, so that dividing by them is safe.

    Parameters
    ----------
    vectors : floating tensor
    dim : int
        Along which the norm is taken; it is kept, with size 1.

    Returns
    -------
    floating tensor
        No square leaves the range of the dtype; the gradient of a zero vector's norm is 0.
    """
    # Not the norm of order ∞, which has no vector code.
    peak = vectors.detach().abs().amax(dim, keepdim=True)
    peak = peak.where(peak != 0, 1.0)
    norm: Tensor = peak * torch.linalg.vector_norm(vectors / peak, dim=dim, keepdim=True)
    return norm.where(norm != 0, 1.0)


def cuts_pay(x: Tensor) -> bool:
    """Tell whether to work in pieces: on a CPU, and not while a graph is being recorded."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def by_images(x: Tensor) -> tuple[Tensor, ...]:
    """Return maps image by image where cuts pay, else the batch as it is."""
    return torch.split(x, 1) if cuts_pay(x) else (x,)


def by_pieces(
    pool: Pool, x: Tensor, *, mask: Tensor | None = None, channels: Tensor | None = None
) -> Tensor:
    """Apply a pooling that treats each map by itself, piece by piece of what fits the cache.

    Parameters
    ----------
    pool : callable
        ``pool(x, mask, channels) -> (B, C, …)``.
    x : (B, C, H, W) floating
    mask : (B, H, W) bool, optional
    channels : (C,) floating, optional
        One number per channel.

    Returns
    -------
    (B, C, …), what `pool` gives for the whole
    """
    if not cuts_pay(x):
        return pool(x, mask, channels)
    _, C, H, W = x.shape
    n_images = max(1, ELEMENTS_PER_PIECE // (C * H * W))
    n_channels = max(1, ELEMENTS_PER_PIECE // (H * W))
    # `split`, since its gradient is one concatenation; that of slices fills a whole map per slice.
    images = torch.split(x, n_images)
    masks: Iterable[Tensor | None] = repeat(None) if mask is None else torch.split(mask, n_images)
    numbers: Iterable[Tensor | None] = (
        repeat(None) if channels is None else torch.split(channels, n_channels)
    )
    rows = []
    for maps, m in zip(images, masks, strict=False):
        groups = zip(torch.split(maps, n_channels, 1), numbers, strict=False)
        rows.append(torch.cat([pool(group, m, c) for group, c in groups], 1))
    return torch.cat(rows)


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__


def _sizes(value: Tensor) -> tuple[int, ...]:
    return tuple(value.shape)
