"""What methods start from: the local descriptors, or the maps, of each image.

Several methods share a source; it is computed once for a set of images. Sources learn nothing:
what is learnt, encoders learn. So their features are shared by all draws too, but for a network
whose weights are random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import numpy as np

from coursekit.types import FloatArray, Image, Loadable, LocalFeatures
from coursekit.validation import read_image

if TYPE_CHECKING:
    from coursekit.convnet.backbones import Backbone

__all__ = ["SOURCES", "Source"]

# Half of OpenCV's contrast threshold: more patches, as in the chapter on VLAD.
_N_FEATURES: Final = 1000
_CONTRAST: Final = 0.02
_SIDE: Final = 384  # longer side that the network is given, in pixels
_BATCH: Final = 4  # the first maps of 16 such photos do not fit into a cache: a quarter slower
_PATCH: Final = 64  # side to which MOP's patches are brought, in pixels
_PATCHES: Final = 16  # of them at once, for the same reason


class Source(Protocol):
    """Anything that gives the features of images."""

    chance: ClassVar[bool]
    """Whether another `random_state` gives other features."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[Any]:
        """Compute the features of each image."""


@dataclass
class _Fixed:
    """A source without chance, which looks at no seed."""

    random_state: int = 0
    chance: ClassVar[bool] = False


class Sift(_Fixed):
    """RootSIFT at the points that SIFT detects."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[LocalFeatures]:
        """Describe the strongest points of each image."""
        from coursekit.features import extract

        return extract(images, _detector(), n_jobs=-1)


class SiftPatches(_Fixed):
    """The grey patches (32, 32) at the points that SIFT detects: a patch is a descriptor here."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[LocalFeatures]:
        """Cut out the patches at the strongest points of each image, each (1024,)."""
        from coursekit.features import extract

        return extract(images, self._patches, n_jobs=-1)

    @staticmethod
    def _patches(image: Image) -> LocalFeatures:
        from coursekit.features import extract_patches

        found = _detector()(image)
        patches = extract_patches(image, found)
        return found.with_descriptors(patches.reshape(len(patches), -1))


class Colours(_Fixed):
    """The colour histogram of Swain & Ballard 1991: a baseline that sees no form at all."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[FloatArray]:
        """Count each image's colours, (64,): four levels of red, green and blue, square roots."""
        return [self._histogram(read_image(image)) for image in images]

    @staticmethod
    def _histogram(image: Image) -> FloatArray:
        red, green, blue = np.moveaxis(image >> 6, -1, 0)  # 256 levels to 4
        counts = np.bincount((16 * red + 4 * green + blue).ravel(), minlength=64)
        shares: FloatArray = np.sqrt(counts / counts.sum(), dtype=np.float32)
        return shares


class Maps(_Fixed):
    """The last maps of a network, (C, h, w) float32 for each image."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[FloatArray]:
        """Run the network on each image, its longer side at 384 pixels."""
        from coursekit.convnet.describe import maps_by_shape

        found: dict[int, FloatArray] = {}
        batches = maps_by_shape(images, self._network(), side=_SIDE, batch_size=_BATCH)
        for indices, maps in batches:
            found.update(zip(indices, maps.numpy(), strict=True))
        return [found[i] for i in range(len(images))]

    def _network(self) -> Backbone:
        from coursekit.convnet.backbones import backbone

        return backbone()


class MiddleMaps(Maps):
    """The maps before the last block of the network, above which layers are trained."""

    def _network(self) -> Backbone:
        from coursekit.comparison.tuning import network_parts

        return network_parts()[0]


class RandomMaps(Maps):
    """The last maps of a network whose weights are drawn at random."""

    chance: ClassVar[bool] = True

    def _network(self) -> Backbone:
        from coursekit.convnet.backbones import backbone

        return backbone(pretrained=False, seed=self.random_state)


class Patches(_Fixed):
    """GeM of the network's maps over the photo and over its patches of two sizes, for MOP."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[list[FloatArray]]:
        """Describe the whole, the patches of 128 pixels and those of 64, of a short side of 256."""
        from torch import nn

        from coursekit.convnet.backbones import backbone
        from coursekit.pooling import GeM, mop_activations

        network = backbone()
        pooled = nn.Sequential(network, GeM()).eval()
        options: dict[str, Any] = {"input_size": _PATCH, "batch_size": _PATCHES}
        return [
            mop_activations(network.preprocess(read_image(image)), pooled, **options)
            for image in images
        ]


def _detector() -> Callable[..., LocalFeatures]:
    from coursekit.features import sift

    return partial(sift, n_features=_N_FEATURES, contrast_threshold=_CONTRAST)


SOURCES: Final[Mapping[str, Callable[..., Source]]] = {
    "colours": Colours,
    "sift": Sift,
    "sift_patches": SiftPatches,
    "maps": Maps,
    "patches": Patches,
    "middle_maps": MiddleMaps,
    "random_maps": RandomMaps,
}
"""Each source by the name that a method asks for it; it is called with `random_state`."""
