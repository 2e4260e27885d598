r"""The maps of a convolutional network as local features: one descriptor for each place.

At each of the H·W places, the C channels are a descriptor of what the network sees there, so that
VLAD or a Fisher vector can be built on a network as on SIFT. Torch is only loaded by a network.

Slides S46 and S52; Gong et al. 2014; Arandjelović et al. 2016: "a dense descriptor extractor".
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from coursekit.convnet import ReceptiveField
from coursekit.convnet.imagenet import MEAN, STD
from coursekit.types import FloatArray, Image, LocalFeatures
from coursekit.validation import as_floating, as_image, check_finite, check_integer

if TYPE_CHECKING:
    import torch

__all__ = ["maps_to_features", "network_features"]


def maps_to_features(
    maps: ArrayLike | torch.Tensor,
    image_shape: tuple[int, int],
    *,
    receptive_field: ReceptiveField | None = None,
) -> LocalFeatures:
    r"""Read the maps of one image place by place.

    .. math:: x_t = (m_{1ij}, \dots, m_{Cij}), \qquad t = i W + j

    Parameters
    ----------
    maps : (C, H, W) array or tensor, or (1, C, H, W)
        Of one image; a batch holds images of one size: ``[maps_to_features(m, shape) for m in
        batch]``. Tensors may be on any device and may require gradients, which are not followed.
    image_shape : (int, int)
        Height and width of the image that the network was given, in pixels.
    receptive_field : ReceptiveField, optional
        What the neurons see, from `coursekit.convnet.receptive_field`. By default the maps are
        taken to tile the image.

    Returns
    -------
    LocalFeatures
        H·W descriptors of C numbers, row by row, in the dtype of `maps` (bfloat16 becomes
        float32); `positions` are the centres of the receptive fields and `scales` their sides,
        in pixels. Without `receptive_field`, those of the tiles, and the longer side of a tile.

    Raises
    ------
    TypeError, ValueError
        If `maps` is not numeric, not finite or not of one image, or `image_shape` is no size.

    References
    ----------
    Slides S46, S52; Arandjelović et al. 2016.

    Examples
    --------
    >>> maps = np.arange(12.0).reshape(3, 2, 2)  # 3 channels, 2×2 places
    >>> features = maps_to_features(maps, (64, 96))
    >>> features.descriptors[1].tolist(), features.positions[1].tolist(), features.scales[1]
    ([1.0, 5.0, 9.0], [71.5, 15.5], np.float32(48.0))
    """
    values = _as_one_map(maps)
    C, H, W = values.shape
    height, width = _as_shape(image_shape)
    if receptive_field is None:
        # A pixel's centre has whole coordinates, so that the image begins at −½.
        y, x = ((np.arange(n) + 0.5) * side / n - 0.5 for n, side in ((H, height), (W, width)))
        scale = max(height / H, width / W)
    else:
        size, stride, first = receptive_field
        y, x = (first + stride * np.arange(n) for n in (H, W))
        scale = size
    positions = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)  # (H·W, 2), row by row
    return LocalFeatures(
        values.reshape(C, -1).T.copy(),  # (H·W, C)
        positions.astype(np.float32),
        np.full(H * W, scale, dtype=np.float32),
        (height, width),
    )


def network_features(
    image: Image,
    network: Callable[[torch.Tensor], torch.Tensor],
    *,
    receptive_field: ReceptiveField | None = None,
    mean: tuple[float, float, float] = MEAN,
    std: tuple[float, float, float] = STD,
) -> LocalFeatures:
    """Run a network on an image and read its maps; fit for `extract`, as `sift` is.

    Parameters
    ----------
    image : (H, W, 3) uint8, RGB
    network : torch.nn.Module, or a function of tensors
        From (1, 3, H, W) to (1, C, H', W'): the convolutional part, such as ``vgg16().features``.
        A module must be in evaluation mode; it is run on its own device and in its own dtype.
    receptive_field : ReceptiveField, optional
        See `maps_to_features`.
    mean, std : (float, float, float)
        Of the channels in [0, 1], taken off and divided by; by default those of ImageNet.

    Returns
    -------
    LocalFeatures
        As of `maps_to_features`.

    Raises
    ------
    TypeError, ValueError
        If `image` is no RGB image of uint8, the module is in training mode, an option is out of
        range, or the result is no stack of maps.

    References
    ----------
    Slides S46, S52; Gong et al. 2014; Arandjelović et al. 2016.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Conv2d(3, 16, kernel_size=8, stride=8).eval()
    >>> network_features(np.zeros((48, 64, 3), dtype=np.uint8), network).descriptors.shape
    (48, 16)
    """
    import torch

    image = as_image(image)
    if getattr(network, "training", False):
        raise ValueError("network: expected evaluation mode, got training mode; call .eval()")
    centre, spread = _as_channels(mean, "mean"), _as_channels(std, "std")
    if spread.min() <= 0:
        raise ValueError(f"std: expected numbers > 0, got {spread.min()}")
    pixels = (image / np.float32(255) - centre) / spread
    batch = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())  # (1, 3, H, W)
    if isinstance(network, torch.nn.Module):
        weight = next(network.parameters(), batch)
        batch = batch.to(weight.device, weight.dtype)
    with torch.no_grad():
        maps = network(batch)
    try:
        return maps_to_features(maps, image.shape[:2], receptive_field=receptive_field)
    except (TypeError, ValueError) as error:
        raise type(error)(f"network: {error}") from error


def _as_one_map(maps: Any) -> FloatArray:
    torch = sys.modules.get("torch")  # who passes a tensor has loaded it
    if torch is not None and isinstance(maps, torch.Tensor):
        maps = maps.detach().cpu()
        maps = (maps.float() if maps.dtype == torch.bfloat16 else maps).numpy()
    values = as_floating(maps, "maps")
    if values.ndim == 4 and len(values) == 1:
        values = values[0]
    if values.ndim != 3 or 0 in values.shape:
        raise ValueError(
            f"maps: expected shape (C, H, W) or (1, C, H, W) with C, H, W ≥ 1, got {values.shape}"
        )
    check_finite(values, "maps")
    return values


def _as_shape(image_shape: Any) -> tuple[int, int]:
    if not isinstance(image_shape, tuple) or len(image_shape) != 2:
        raise ValueError(f"image_shape: expected (H, W), got {image_shape!r}")
    height, width = (check_integer(side, f"image_shape[{i}]") for i, side in enumerate(image_shape))
    return height, width


def _as_channels(values: Any, name: str) -> FloatArray:
    channels = as_floating(values, name).astype(np.float32, copy=False)
    if channels.shape != (3,):
        raise ValueError(f"{name}: expected 3 numbers, one a channel, got shape {channels.shape}")
    check_finite(channels, name)
    return channels
