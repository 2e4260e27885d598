r"""Networks cut before their pooling: one call for ours and for torchvision's.

A classification network is convolutions, then a pooling, then linear layers. What remains when it
is cut before the pooling maps an image of any size to C maps; MAC, GeM, NetVLAD … pool them.

Slides S40–S46; Tolias et al. 2016; Radenović et al. 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from typing import Any, Final

import torch
from torch import Tensor, nn

from coursekit.convnet.course_net import CourseNet
from coursekit.convnet.imagenet import MEAN, STD
from coursekit.types import Image
from coursekit.validation import as_image, check_choice, check_flag, check_integer

__all__ = ["BACKBONES", "Backbone", "backbone"]


class Backbone(nn.Module):
    """A network that maps normalised images to maps, with what it takes to normalise them.

    Parameters
    ----------
    network : torch.nn.Module
        From (B, 3, H, W) to (B, C, H', W').
    name : str
    n_channels : int
        C.
    mean, std : (float, float, float)
        Of the channels in [0, 1], with which the network was trained.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        n_channels: int,
        mean: tuple[float, float, float] = MEAN,
        std: tuple[float, float, float] = STD,
    ) -> None:
        super().__init__()
        self.network, self.name, self.n_channels = network, name, n_channels
        self.mean, self.std = mean, std

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps (B, C, H', W') of normalised images (B, 3, H, W)."""
        maps: Tensor = self.network(x)
        return maps

    def preprocess(self, image: Image) -> Tensor:
        """Normalise one image, at its own size.

        Parameters
        ----------
        image : (H, W, 3) uint8, RGB

        Returns
        -------
        (3, H, W) float32 tensor
        """
        pixels = torch.from_numpy(as_image(image).copy()).permute(2, 0, 1) / 255
        mean, std = (torch.tensor(one)[:, None, None] for one in (self.mean, self.std))
        return (pixels - mean) / std

    def extra_repr(self) -> str:
        """Return the name and the number of channels."""
        return f"name={self.name!r}, n_channels={self.n_channels}"


def backbone(name: str = "course_net", *, pretrained: bool = True, seed: int = 0) -> Backbone:
    """Make a network, cut before its pooling, in evaluation mode.

    Parameters
    ----------
    name : str
        ``"course_net"``, whose weights ship with the course, or one of torchvision's in
        `BACKBONES`; their weights are downloaded once, checked, and kept where torch keeps them.
    pretrained : bool, default True
        False leaves the weights random, to compare with.
    seed : int, default 0
        Of random weights; the caller's random state is left alone.

    Returns
    -------
    Backbone

    Raises
    ------
    ConnectionError
        If the weights cannot be downloaded; the message names the file and where to put it.
    TypeError, ValueError
        If there is no such network, or an option is of the wrong type.

    References
    ----------
    VGG: Simonyan & Zisserman 2015; ResNet: He et al. 2016. Cut as in Radenović et al. 2019: VGG
    and AlexNet before their last max pooling, ResNet before its average.

    Examples
    --------
    >>> network = backbone()
    >>> network(torch.zeros(1, 3, 240, 320)).shape
    torch.Size([1, 256, 15, 20])
    """
    check_choice(name, "name", BACKBONES)
    check_flag(pretrained, "pretrained")
    check_integer(seed, "seed", at_least=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BACKBONES[name](name, pretrained).eval()


def _course_net(name: str, pretrained: bool) -> Backbone:
    network = CourseNet()
    if pretrained:
        from safetensors.torch import load_file

        with as_file(files(__package__) / "weights" / "course_net.safetensors") as path:
            half = load_file(path)
        network.load_state_dict({key: one.float() for key, one in half.items()}, strict=False)
    return Backbone(network, name=name, n_channels=CourseNet.n_channels)


def _resnet(name: str, pretrained: bool) -> Backbone:
    whole, normalisation = _torchvision(name, pretrained)
    network = nn.Sequential(*list(whole.children())[:-2])  # without avgpool and fc
    return Backbone(network, name=name, n_channels=whole.fc.in_features, **normalisation)


def _stack(name: str, pretrained: bool) -> Backbone:
    """VGG and AlexNet: the last layer of their `features` is a max pooling."""
    whole, normalisation = _torchvision(name, pretrained)
    network = whole.features[:-1]
    n_channels = [one for one in network if isinstance(one, nn.Conv2d)][-1].out_channels
    return Backbone(network, name=name, n_channels=n_channels, **normalisation)


def _torchvision(name: str, pretrained: bool) -> tuple[Any, dict[str, Any]]:
    """Return torchvision's whole network, and the mean and std of its published weights."""
    from torchvision.models import get_model, get_model_weights

    weights = get_model_weights(name).DEFAULT
    network = get_model(name)
    if pretrained:
        network.load_state_dict(_published(name, weights))
    preset = weights.transforms()
    return network, {"mean": tuple(preset.mean), "std": tuple(preset.std)}


def _published(name: str, weights: Any) -> Mapping[str, Any]:
    """Download the weights, or say which file is missing and where it belongs."""
    try:
        state: Mapping[str, Any] = weights.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, HTTP error; wrong checksum
        folder = f"{torch.hub.get_dir()}/checkpoints"
        raise ConnectionError(
            f"name: the weights of {name!r} could not be downloaded ({error}); put"
            f" {weights.url} into {folder}, or use 'course_net', which ships with coursekit"
        ) from error
    return state


BACKBONES: Final[Mapping[str, Callable[[str, bool], Backbone]]] = {
    "course_net": _course_net,
    **dict.fromkeys(("alexnet", "vgg16", "vgg19"), _stack),
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), _resnet),
}
