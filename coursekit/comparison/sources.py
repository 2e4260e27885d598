"""What methods start from: the local descriptors, or the maps, of each image.

Several methods share a source; it is computed once for a set of images. A source first learns from
images that are not evaluated, as scikit-learn's transformers do, though most have nothing to learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, Self

import numpy as np

from coursekit.types import FloatArray, Image, Loadable, LocalFeatures
from coursekit.validation import read_image

__all__ = ["SOURCES", "Source"]

# Half of OpenCV's contrast threshold: more patches, as in the chapter on VLAD.
_N_FEATURES: Final = 1000
_CONTRAST: Final = 0.02
_SIDE: Final = 384  # longer side that the network is given, in pixels
_BATCH: Final = 4  # the first maps of 16 such photos do not fit into a cache: a quarter slower
_PATCH: Final = 64  # side to which MOP's patches are brought, in pixels


class Source(Protocol):
    """Anything that learns from images and then gives the features of each.

    A source with an attribute `note` says in it what it learnt; the table keeps it.
    """

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Learn from images that are not evaluated."""

    def transform(self, images: Sequence[Image | Loadable]) -> list[Any]:
        """Compute the features of each image."""


class Sift:
    """RootSIFT at the points that SIFT detects."""

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Learn nothing."""
        return self

    def transform(self, images: Sequence[Image | Loadable]) -> list[LocalFeatures]:
        """Describe the strongest points of each image."""
        from coursekit.features import extract

        return extract(images, _detector(), n_jobs=-1)


class Colours:
    """The colour histogram of Swain & Ballard 1991: a baseline that sees no form at all."""

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Learn nothing."""
        return self

    def transform(self, images: Sequence[Image | Loadable]) -> list[FloatArray]:
        """Count each image's colours, (64,): four levels of red, green and blue, square roots."""
        return [self._histogram(read_image(image)) for image in images]

    @staticmethod
    def _histogram(image: Image) -> FloatArray:
        red, green, blue = np.moveaxis(image >> 6, -1, 0)  # 256 levels to 4
        counts = np.bincount((16 * red + 4 * green + blue).ravel(), minlength=64)
        shares: FloatArray = np.sqrt(counts / counts.sum(), dtype=np.float32)
        return shares


class Ckn:
    """Convolutional kernel descriptors of the patches that SIFT detects, learnt without labels."""

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Learn the anchors from patches of these images."""
        from coursekit.features import PatchCKN, extract, extract_patches

        detector = partial(_detector(), n_features=100)
        patches = [
            extract_patches(read_image(image), found)
            for image, found in zip(images, extract(images, detector, n_jobs=-1), strict=True)
            if len(found)
        ]
        self._ckn = PatchCKN().fit(np.concatenate(patches))
        return self

    def transform(self, images: Sequence[Image | Loadable]) -> list[LocalFeatures]:
        """Describe the patches at the strongest points of each image."""
        from coursekit.features import extract

        return extract(images, self._describe, n_jobs=-1)

    def _describe(self, image: Image) -> LocalFeatures:
        return self._ckn.describe(image, _detector()(image))


@dataclass
class Maps:
    """The last maps of a network, (C, h, w) float32 for each image."""

    pretrained: bool = True

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Learn nothing."""
        return self

    def transform(self, images: Sequence[Image | Loadable]) -> list[FloatArray]:
        """Run the network on each image, its longer side at 384 pixels."""
        from coursekit.convnet.backbones import backbone
        from coursekit.convnet.describe import maps_by_shape

        network = backbone(pretrained=self.pretrained)
        found: dict[int, FloatArray] = {}
        for indices, maps in maps_by_shape(images, network, side=_SIDE, batch_size=_BATCH):
            found.update(zip(indices, maps.numpy(), strict=True))
        return [found[i] for i in range(len(images))]


class Patches:
    """GeM of the network's maps over the photo and over its patches of two sizes, for MOP."""

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Learn nothing."""
        return self

    def transform(self, images: Sequence[Image | Loadable]) -> list[list[FloatArray]]:
        """Describe the whole, the patches of 128 pixels and those of 64, of a short side of 256."""
        from torch import nn

        from coursekit.convnet.backbones import backbone
        from coursekit.pooling import GeM, mop_activations

        network = backbone()
        pooled = nn.Sequential(network, GeM()).eval()
        return [
            mop_activations(network.preprocess(read_image(image)), pooled, input_size=_PATCH)
            for image in images
        ]


@dataclass
class Tuned:
    """GeM vectors of a network whose last blocks were trained with p, on views, without labels.

    Parameters
    ----------
    blocks : int, default 1
        How many of the network's last blocks are trained.
    n_epochs : int, default 8
        At most so many.
    """

    blocks: int = 1
    n_epochs: int = 8
    note: str = ""

    def fit(self, images: Sequence[Image | Loadable]) -> Self:
        """Train on random views of these images; `note` says which p was learnt."""
        from coursekit.comparison.tuning import tune
        from coursekit.convnet.backbones import backbone
        from coursekit.pooling import GeM

        self._network, self._pool = backbone(), GeM()
        layers: Any = self._network.network
        parts = list(layers.blocks)[-self.blocks :]
        self.note = tune(self._network, self._pool, images, trainable=parts, n_epochs=self.n_epochs)
        return self

    def transform(self, images: Sequence[Image | Loadable]) -> list[FloatArray]:
        """Describe each image by one vector (256,)."""
        from coursekit.convnet.describe import describe

        return list(describe(images, self._network, self._pool, side=_SIDE, batch_size=_BATCH))


def _detector() -> Callable[..., LocalFeatures]:
    from coursekit.features import sift

    return partial(sift, n_features=_N_FEATURES, contrast_threshold=_CONTRAST)


SOURCES: Final[Mapping[str, Callable[[], Source]]] = {
    "colours": Colours,
    "sift": Sift,
    "ckn": Ckn,
    "maps": Maps,
    "patches": Patches,
    "tuned": Tuned,
    "random_maps": partial(Maps, pretrained=False),
}
"""Each source by the name that a method asks for it."""
