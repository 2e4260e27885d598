r"""A network on paper: how large its maps are, what a neuron sees, how many parameters it has.

A network is described by a list of its layers, from the image on; ReLU changes none of the three
and is left out. Windows are square here, as in VGG. Slides S26–S45.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from coursekit.validation import check_integer

__all__ = [
    "VGG16",
    "Convolution",
    "FullyConnected",
    "Layer",
    "Pooling",
    "ReceptiveField",
    "count_parameters",
    "output_size",
    "receptive_field",
]


@dataclass(frozen=True)
class Convolution:
    """A convolution layer: `n_filters` filters of `size` × `size` × `channels`.

    Parameters
    ----------
    channels, n_filters : int
        Depth of the input and of the output.
    size : int
        Side of each filter.
    stride, padding : int, default 1 and 0
        Step between positions; zeros added on each side.
    bias : bool, default True
        Whether each filter has a bias.
    """

    channels: int
    n_filters: int
    size: int
    stride: int = 1
    padding: int = 0
    bias: bool = True

    def __post_init__(self) -> None:
        for name in ("channels", "n_filters", "size", "stride"):
            check_integer(getattr(self, name), name)
        check_integer(self.padding, "padding", at_least=0)


@dataclass(frozen=True)
class Pooling:
    """A pooling layer, maximum or average, with windows of `size` × `size`.

    Parameters
    ----------
    size : int, default 2
        Side of the window.
    stride : int, optional
        Step between windows; by default `size`, so that they tile the map.
    padding : int, default 0
        Rows and columns added on each side.
    """

    size: int = 2
    stride: int | None = None
    padding: int = 0

    def __post_init__(self) -> None:
        check_integer(self.size, "size")
        if self.stride is not None:
            check_integer(self.stride, "stride")
        check_integer(self.padding, "padding", at_least=0)


@dataclass(frozen=True)
class FullyConnected:
    """A fully connected layer from `n_inputs` numbers to `n_outputs`.

    Parameters
    ----------
    n_inputs, n_outputs : int
    bias : bool, default True
        Whether each output has a bias.
    """

    n_inputs: int
    n_outputs: int
    bias: bool = True

    def __post_init__(self) -> None:
        check_integer(self.n_inputs, "n_inputs")
        check_integer(self.n_outputs, "n_outputs")


Layer: TypeAlias = Convolution | Pooling | FullyConnected


class ReceptiveField(NamedTuple):
    """The square of the image that one neuron sees, the same along x and y.

    Parameters
    ----------
    size : int
        Its side, in pixels.
    stride : int
        Step in the image, in pixels, from a neuron to its neighbour.
    first : float
        Centre of the first neuron's square, in pixels; the first pixel's own centre is 0.
    """

    size: int
    stride: int
    first: float


def output_size(n: int, size: int, *, stride: int = 1, padding: int = 0) -> int:
    r"""Count the positions of a window along one side of a map.

    .. math:: \left\lfloor \frac{n + 2 \cdot padding - size}{stride} \right\rfloor + 1

    Parameters
    ----------
    n : int
        Height or width of the map.
    size : int
        Side of the window: filter or pooling region.
    stride, padding : int, default 1 and 0
        Step between positions; rows or columns added on each side.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        If an argument is too small, or the window does not fit even once.

    References
    ----------
    Slides S31, S34–S36, S42.

    Examples
    --------
    >>> output_size(32, 5), output_size(28, 5), output_size(224, 2, stride=2)
    (28, 24, 112)
    """
    n, size = check_integer(n, "n"), check_integer(size, "size")
    stride = check_integer(stride, "stride")
    padding = check_integer(padding, "padding", at_least=0)
    if n + 2 * padding < size:
        raise ValueError(f"size: expected at most {n} + 2 · {padding}, got {size}")
    return (n + 2 * padding - size) // stride + 1


def receptive_field(layers: Sequence[Layer]) -> ReceptiveField:
    r"""Find what a neuron of the last layer sees of the image (*champ récepteur*).

    Layer by layer, for a window of side k, stride s and padding p:

    .. math:: r \leftarrow r + (k - 1) j, \qquad
              f \leftarrow f + \left(\tfrac{k - 1}{2} - p\right) j, \qquad j \leftarrow j s

    where r, j, f are size, stride and first centre, and 1, 1, 0 for the image itself.

    Parameters
    ----------
    layers : sequence of `Convolution` and `Pooling`
        From the image on. An empty one is the image itself.

    Returns
    -------
    ReceptiveField
        With zero padding, squares near the border reach beyond the image.

    Raises
    ------
    TypeError, ValueError
        If there is something else among the layers. A fully connected layer sees all of an image
        of fixed size; write it as the convolution that it is to a fully convolutional network.

    References
    ----------
    Slides S37–S40, S44–S45; Long et al. 2015 (404 pixels for VGG-16 made convolutional).

    Examples
    --------
    Two 3×3 filters in sequence see as much as one of 5×5:

    >>> receptive_field([Convolution(3, 64, 3), Convolution(64, 64, 3)])
    ReceptiveField(size=5, stride=1, first=2.0)
    """
    size, step, first = 1, 1, 0.0
    for i, layer in enumerate(_described(layers)):
        if isinstance(layer, FullyConnected):
            raise ValueError(f"layers[{i}]: expected a convolution or a pooling, got {layer}")
        size += (layer.size - 1) * step
        first += ((layer.size - 1) / 2 - layer.padding) * step
        step *= layer.size if layer.stride is None else layer.stride
    return ReceptiveField(size, step, first)


def count_parameters(layers: Sequence[Layer]) -> int:
    """Count the numbers that training has to find: weights and biases.

    Parameters
    ----------
    layers : sequence of `Convolution`, `Pooling` and `FullyConnected`
        In any order; pooling has none.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If there is something else among the layers.

    References
    ----------
    Slides S27, S33, S44; Simonyan & Zisserman 2014, table 2.

    Examples
    --------
    Six filters of 5×5×3, and a fully connected layer to as many numbers:

    >>> count_parameters([Convolution(3, 6, 5)])
    456
    >>> count_parameters([FullyConnected(32 * 32 * 3, 28 * 28 * 6)])
    14455392
    """
    return sum(_parameters(layer) for layer in _described(layers))


def _parameters(layer: Layer) -> int:
    match layer:
        case Convolution():
            return layer.n_filters * (layer.size**2 * layer.channels + layer.bias)
        case FullyConnected():
            return layer.n_outputs * (layer.n_inputs + layer.bias)
        case Pooling():
            return 0


def _described(layers: Sequence[Layer]) -> Sequence[Layer]:
    for i, layer in enumerate(layers):
        if not isinstance(layer, Convolution | Pooling | FullyConnected):
            raise TypeError(
                f"layers[{i}]: expected a Convolution, Pooling or FullyConnected, got {layer!r}"
            )
    return layers


def _vgg16() -> tuple[Layer, ...]:
    layers: list[Layer] = []
    channels = 3
    for n_convolutions, n_filters in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]:
        for _ in range(n_convolutions):
            layers.append(Convolution(channels, n_filters, 3, padding=1))
            channels = n_filters
        layers.append(Pooling(2))
    sizes = [7 * 7 * 512, 4096, 4096, 1000]  # 7 = 224 / 2⁵
    layers += [FullyConnected(n, m) for n, m in pairwise(sizes)]
    return tuple(layers)


VGG16: Final = _vgg16()
"""VGG-16 for images of 224×224×3: 18 layers of convolution and pooling, then 3 fully connected
ones [Simonyan & Zisserman 2014, table 1, D; slide S44]."""
