r"""The residual network that ships with the course: small, trained by us, made for pooling.

Fully convolutional, so that it takes images of any size; its last operation is a ReLU, so that its
maps are ≥ 0, as MAC, CroW and GeM expect; four halvings only, so that a photo of 384 pixels
still has maps of 24×24.

Slides S40–S46; He et al. 2016; the shortcuts that halve are those of He et al. 2019 ("ResNet-D").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from coursekit.convnet.architecture import Convolution, Layer

__all__ = ["CourseNet"]

STEM: Final = 32
WIDTHS: Final = (48, 96, 160, 256)
STRIDES: Final = (1, 2, 2, 2)


def _convolution(n_in: int, n_out: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution and batch normalisation; the latter's shift serves as bias."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(n_out),
    )


class _Block(nn.Module):
    """relu(shortcut(x) + two 3×3 convolutions of x), He et al. 2016."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(n_in, n_out, 3, stride)
        self.second = _convolution(n_out, n_out, 3)
        # Averaging before the 1×1 convolution: its stride would drop three values of four. The
        # average of a border that has no partner is that of the values present.
        halve: nn.Module = (
            nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
            if stride > 1
            else nn.Identity()
        )
        self.shortcut = nn.Sequential(halve, _convolution(n_in, n_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        residual = self.second(torch.relu_(self.first(x)))
        return torch.relu_(residual + self.shortcut(x))


class CourseNet(nn.Module):
    """A residual network of 1.55 million parameters: images in, 256 maps at 1/16 of the size out.

    A 3×3 convolution of stride 2, then four blocks of two 3×3 convolutions, with 48, 96, 160 and
    256 channels; the last three blocks halve. Its weights are random: `backbone("course_net")`
    gives the trained ones.

    Attributes
    ----------
    n_channels : int
        256, of the maps.

    References
    ----------
    He et al. 2016; slides S40–S46.

    Examples
    --------
    >>> network = CourseNet().eval()
    >>> network(torch.zeros(1, 3, 96, 128)).shape
    torch.Size([1, 256, 6, 8])
    >>> sum(weight.numel() for weight in network.parameters())
    1552832
    """

    n_channels: int = WIDTHS[-1]

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(3, STEM, 3, stride=2)
        inputs = (STEM, *WIDTHS)
        self.blocks = nn.Sequential(*map(_Block, inputs, WIDTHS, STRIDES))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps (B, 256, ⌈H/16⌉, ⌈W/16⌉) of normalised images (B, 3, H, W)."""
        maps: Tensor = self.blocks(torch.relu_(self.stem(x)))
        return maps

    @staticmethod
    def layers() -> Sequence[Layer]:
        """Return the longest path of convolutions, for `receptive_field`."""
        path = [Convolution(3, STEM, 3, stride=2, padding=1, bias=False)]
        for n_in, n_out, stride in zip((STEM, *WIDTHS), WIDTHS, STRIDES, strict=False):
            path.append(Convolution(n_in, n_out, 3, stride=stride, padding=1, bias=False))
            path.append(Convolution(n_out, n_out, 3, padding=1, bias=False))
        return path
