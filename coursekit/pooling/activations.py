"""The activations that MOP pools: a network run on an image and on patches of several sizes.

Slide S52; Gong, Wang, Guo & Lazebnik, ECCV 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from coursekit.types import FloatArray
from coursekit.validation import check_flag, check_integer

from ._maps import check_floating, working_dtype


def mop_patches(h: int, w: int, *, size: int, stride: int = 32) -> list[tuple[int, int]]:
    """Return where the square patches of one level begin, row by row (*grille de fenêtres*).

    One every `stride` pixels both ways, and a last one flush with the border where the stride does
    not end there: every pixel lies in a patch if `stride` ≤ `size`.

    Parameters
    ----------
    h, w : int ≥ 1
        Size of the image, in pixels.
    size : int in [1, min(h, w)]
        Side of the patches, in pixels.
    stride : int ≥ 1, default 32
        In pixels.

    Returns
    -------
    list of (int, int)
        Top and left of each patch, in pixels.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    References
    ----------
    Gong et al. 2014 and the authors' script, for the last patch; slide S52.

    Examples
    --------
    The paper's levels 2 and 3: 5×5 and 7×7 patches.

    >>> len(mop_patches(256, 256, size=128)), len(mop_patches(256, 256, size=64))
    (25, 49)
    >>> mop_patches(2, 5, size=2, stride=2)
    [(0, 0), (0, 2), (0, 3)]
    """
    h, w = check_integer(h, "h"), check_integer(w, "w")
    size = check_integer(size, "size", at_most=min(h, w))
    stride = check_integer(stride, "stride")
    return [(top, left) for top in _starts(h, size, stride) for left in _starts(w, size, stride)]


def _starts(n: int, size: int, stride: int) -> list[int]:
    last = n - size
    return [*range(0, last, stride), last]


def mop_activations(
    image: Tensor,
    network: Callable[[Tensor], Tensor],
    *,
    short_side: int = 256,
    patch_sizes: Sequence[int] = (128, 64),
    stride: int = 32,
    input_size: int | None = None,
    keep_aspect: bool = True,
    batch_size: int = 64,
) -> list[FloatArray]:
    """Run a network on an image and on the patches of each level; what `MOP` takes per image.

    Parameters
    ----------
    image : (C, H, W) floating tensor
        One image, in the form that the network takes (its mean taken off, and so on).
    network : torch.nn.Module, or a function of tensors
        From (n, C, h, w) to (n, D): up to a fully connected layer, as in the paper, or the maps of
        any ConvNet followed by a pooling layer, as in ``nn.Sequential(backbone, GeM())``. A module
        must be in evaluation mode; it is run on its own device and in its own dtype.
    short_side : int, default 256
        The image is first brought to this short side, in pixels.
    patch_sizes : sequence of int, default (128, 64)
        Side of the patches at level 2, 3, …, in pixels, at most `short_side`.
    stride : int, default 32
        From one patch to the next, in pixels; see `mop_patches`.
    input_size : int, optional
        Side to which patches are brought for the network, in pixels; by default `short_side`.
    keep_aspect : bool, default True
        False squeezes the image into a square first, as the paper does: a fully connected layer
        takes one size only.
    batch_size : int, default 64
        Patches per run of the network.

    Returns
    -------
    list of arrays: (1, D) of the whole image, then (n, D) of the n patches of each level
        Floating, of the dtype of the network (float32 for bfloat16). No gradient is followed.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above, or the network gives something else than (n, D).

    Notes
    -----
    A square image of the paper's size costs 1 + 25 + 49 runs on `input_size`² pixels. A smaller
    `input_size` is as much cheaper as it has fewer pixels, and shows the network coarser patches.

    References
    ----------
    Gong et al. 2014; slide S52.

    Examples
    --------
    >>> from torch import nn
    >>> from coursekit.pooling import MAC
    >>> network = nn.Sequential(nn.Conv2d(3, 16, kernel_size=8, stride=8), MAC()).eval()
    >>> levels = mop_activations(torch.zeros(3, 300, 450), network, input_size=32)
    >>> [activations.shape for activations in levels]
    [(1, 16), (45, 16), (77, 16)]
    """
    check_floating(image, "image")
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"image: expected shape (C, H, W), got {tuple(image.shape)}")
    short_side = check_integer(short_side, "short_side")
    input_size = short_side if input_size is None else check_integer(input_size, "input_size")
    batch_size = check_integer(batch_size, "batch_size")
    sizes = [
        check_integer(size, f"patch_sizes[{i}]", at_most=short_side)
        for i, size in enumerate(patch_sizes)
    ]
    square = not check_flag(keep_aspect, "keep_aspect")
    if getattr(network, "training", False):
        raise ValueError("network: expected evaluation mode, got training mode; call .eval()")
    weight = image
    if isinstance(network, torch.nn.Module):
        weight = next(network.parameters(), image)
    image = image.to(weight.device, working_dtype(weight))  # torch resizes no half precision
    with torch.no_grad():
        image = _resized(image[None], *_target(image, short_side, square))
        levels = [_run(network, image.to(weight.dtype))]
        for size in sizes:
            runs = [
                _run(network, _resized(batch, input_size, input_size).to(weight.dtype))
                for batch in _patches(image[0], size, stride, batch_size)
            ]
            levels.append(np.concatenate(runs))
    return levels


def _target(image: Tensor, short_side: int, square: bool) -> tuple[int, int]:
    """Return the height and width that have the short side wanted."""
    if square:
        return short_side, short_side
    _, H, W = image.shape
    short = min(H, W)
    # Rounded half up, in integers.
    return (2 * H * short_side + short) // (2 * short), (2 * W * short_side + short) // (2 * short)


def _resized(images: Tensor, h: int, w: int) -> Tensor:
    if images.shape[2:] == (h, w):
        return images
    return interpolate(images, (h, w), mode="bilinear", antialias=True)


def _patches(image: Tensor, size: int, stride: int, batch_size: int) -> Iterator[Tensor]:
    """Cut an image into patches, (at most `batch_size`, C, size, size) at a time."""
    corners = mop_patches(image.shape[1], image.shape[2], size=size, stride=stride)
    for first in range(0, len(corners), batch_size):
        yield torch.stack(
            [
                image[:, top : top + size, left : left + size]
                for top, left in corners[first : first + batch_size]
            ]
        )


def _run(network: Callable[[Tensor], Tensor], images: Tensor) -> FloatArray:
    found = network(images)
    check_floating(found, "network")
    if found.ndim != 2 or len(found) != len(images):
        raise ValueError(f"network: expected shape ({len(images)}, D), got {tuple(found.shape)}")
    found = found.float() if found.dtype == torch.bfloat16 else found
    values: FloatArray = found.cpu().numpy()
    return values
