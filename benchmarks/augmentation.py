"""What training does to the photos: crops and light for classification, harder changes for views.

A whole batch is changed at once; chance comes from torch's global generator.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.functional import gaussian_blur

from coursekit.convnet.imagenet import MEAN, STD

__all__ = ["augment", "disturb", "normalise"]

Range: TypeAlias = tuple[float, float]

_JITTER: Final[Range] = (0.6, 1.4)
_RATIO: Final = 4 / 3  # of the sides of a crop, at most
_DISTURBED_AREA: Final = 0.2  # of the photo, at least
_SIGMAS: Final = (0.0, 0.0, 0.8, 1.6, 3.0)  # of blur, in pixels of the view, equally likely
_QUARTERS: Final = 0.25  # share of the views that are turned by a multiple of 90°


def augment(photos: Tensor, side: int, least_area: float) -> Tensor:
    """Crop, flip, jitter and normalise: (B, 3, H, W) in [0, 255] to side × side.

    Crops have 100·`least_area` to 100 % of the area and sides of ratio 3:4 to 4:3; brightness,
    contrast and saturation change by up to 40 %.
    """
    x = _crop(photos, side, least_area)
    return normalise(_jitter(x, _JITTER, _JITTER, _JITTER).clamp(0, 1))


def disturb(photos: Tensor, side: int) -> Tensor:
    """Change photos as much as one can and still know them: (B, 3, H, W) to side × side.

    Crops down to a fifth, turned (a quarter of them by 90°, 180° or 270°, or not at all; the others
    by any angle, small ones more often) and sheared; blur; light of another strength, curve, colour
    and direction; grain.
    """
    n = len(photos)
    angle = math.pi * _uniform(photos, -1, 1) ** 3
    quarter = torch.randint(0, 4, (n,), device=photos.device) * (math.pi / 2)
    angle = torch.where(_uniform(photos, 0, 1) < _QUARTERS, quarter, angle)
    x = _crop(photos, side, _DISTURBED_AREA, angle, _uniform(photos, -0.2, 0.2))
    x = _jitter(_blur(x), _JITTER, (0.5, 1.4), (0.2, 1.5)).clamp(1e-4, 1)
    x = x ** torch.exp(_column(_uniform(photos, -1, 1)))
    ramp = torch.linspace(-1, 1, side, device=x.device)
    x = x * (1 + _column(_uniform(photos, -0.5, 0.5)) * ramp)
    tint = 1 + 0.15 * torch.randn(n, 3, 1, 1, device=x.device)
    strength = _uniform(photos, -0.12, 0.12).clamp(min=0)  # none for half of them
    x = x + _column(strength) * torch.randn(n, 1, side, side, device=x.device)
    return normalise((x * tint).clamp(0, 1))


def normalise(x: Tensor) -> Tensor:
    """Take off the channels' means and divide by their standard deviations."""
    mean, std = (torch.tensor(one, device=x.device)[:, None, None] for one in (MEAN, STD))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


def _uniform(photos: Tensor, low: float, high: float) -> Tensor:
    """One number for each photo."""
    return torch.empty(len(photos), device=photos.device).uniform_(low, high)


def _column(numbers: Tensor) -> Tensor:
    return numbers[:, None, None, None]


def _crop(
    photos: Tensor,
    side: int,
    least_area: float,
    angle: Tensor | None = None,
    shear: Tensor | None = None,
) -> Tensor:
    """Cut a rectangle of each photo, flip half of them, scale to side × side and to [0, 1]."""
    area = _uniform(photos, least_area, 1)
    ratio = torch.exp(_uniform(photos, -math.log(_RATIO), math.log(_RATIO)))
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    flip = torch.where(_uniform(photos, 0, 1) < 0.5, -1.0, 1.0)
    zero = torch.zeros_like(flip)
    cos, sin = (zero + 1, zero) if angle is None else (angle.cos(), angle.sin())
    x = _uniform(photos, -1, 1) * (1 - width)
    y = _uniform(photos, -1, 1) * (1 - height)
    across = torch.stack([width * flip * cos, width * flip * sin], dim=1)
    down = torch.stack([-height * sin, height * cos], dim=1)
    if shear is not None:
        down = down + torch.stack([width * shear, zero], dim=1)
    theta = torch.stack([across, down, torch.stack([x, y], dim=1)], dim=2)
    grid = affine_grid(theta, [len(photos), 3, side, side], align_corners=False)
    return grid_sample(photos / 255, grid, padding_mode="reflection", align_corners=False)


def _jitter(x: Tensor, brightness: Range, contrast: Range, saturation: Range) -> Tensor:
    bright, contrasted, saturated = (
        _column(_uniform(x, *one)) for one in (brightness, contrast, saturation)
    )
    grey = x.mean(dim=1, keepdim=True)
    x = grey + saturated * (x - grey)
    level = grey.mean(dim=(2, 3), keepdim=True)
    return bright * (level + contrasted * (x - level))


def _blur(x: Tensor) -> Tensor:
    """Blur each photo by one of the widths."""
    chosen = torch.randint(0, len(_SIGMAS), (len(x),), device=x.device)
    for i, sigma in enumerate(_SIGMAS):
        some = chosen == i
        if sigma and some.any():
            x[some] = gaussian_blur(x[some], 2 * math.ceil(2.5 * sigma) + 1, sigma)
    return x
