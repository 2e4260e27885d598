r"""From photographs of any size to one vector each: resize, run the network, pool.

No photo is distorted or cropped: the longer side becomes `side` pixels and the shape is kept. A
batch holds photos of one shape; padding them to one shape before the network would change their
maps near the border, since convolutions see the padding.

Radenović et al. 2019 (several scales); slides S46–S52.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from PIL import Image as PillowImage
from sklearn.preprocessing import normalize
from torch import Tensor

from coursekit.convnet.backbones import Backbone
from coursekit.types import FloatArray, Image, Loadable
from coursekit.validation import as_image, check_integer, check_positive, read_image

__all__ = ["describe", "maps_by_shape", "resize"]


def resize(image: Image, side: int) -> Image:
    """Scale an image so that its longer side has `side` pixels; the other keeps the ratio.

    Parameters
    ----------
    image : (H, W, 3) uint8, RGB
    side : int
        In pixels.

    Returns
    -------
    (h, w, 3) uint8
        Bilinear, over the whole footprint of a pixel when it shrinks.

    Raises
    ------
    TypeError, ValueError
        If `image` is no RGB image of uint8, or `side` is not an integer ≥ 1.

    Examples
    --------
    >>> resize(np.zeros((300, 400, 3), dtype=np.uint8), 256).shape
    (192, 256, 3)
    """
    height, width = as_image(image).shape[:2]
    factor = check_integer(side, "side") / max(height, width)
    shape = max(1, round(width * factor)), max(1, round(height * factor))
    resampling = PillowImage.Resampling.BILINEAR
    return np.asarray(PillowImage.fromarray(image).resize(shape, resampling))


def maps_by_shape(
    images: Iterable[Image | Loadable], network: Backbone, *, side: int = 384, batch_size: int = 16
) -> Iterator[tuple[list[int], Tensor]]:
    """Run a network on images of any size, those of one shape together.

    Parameters
    ----------
    images : iterable of N (H, W, 3) uint8 or of objects with ``load()``
        Images, or photos, which are read where they are needed: at most `batch_size` images of
        each shape are held.
    network : Backbone
        In evaluation mode.
    side : int, default 384
        Longer side that images are scaled to, in pixels.
    batch_size : int, default 16

    Yields
    ------
    indices : list of B int
        Which images these are, counted from 0.
    maps : (B, C, H', W') tensor
        On the network's device.

    Raises
    ------
    TypeError, ValueError
        If an image is no RGB image of uint8, an option is out of range, or the network is in
        training mode.
    """
    check_integer(batch_size, "batch_size")
    if network.training:
        raise ValueError("network: expected evaluation mode, got training mode; call .eval()")
    waiting: dict[tuple[int, ...], list[tuple[int, Image]]] = defaultdict(list)
    for i, image in enumerate(images):
        small = resize(as_image(read_image(image), f"images[{i}]"), side)
        same = waiting[small.shape]
        same.append((i, small))
        if len(same) == batch_size:
            yield _run(network, waiting.pop(small.shape))
    for same in waiting.values():
        yield _run(network, same)


@torch.inference_mode()
def _run(network: Backbone, batch: list[tuple[int, Image]]) -> tuple[list[int], Tensor]:
    weight = next(network.parameters())
    x = torch.stack([network.preprocess(image) for _, image in batch])
    return [i for i, _ in batch], network(x.to(weight.device, weight.dtype))


def describe(
    images: Sequence[Image | Loadable],
    network: Backbone,
    pool: Callable[[Tensor], Tensor],
    *,
    side: int = 384,
    scales: Sequence[float] = (1.0,),
    batch_size: int = 16,
) -> FloatArray:
    r"""Compute the vector of each image: its maps pooled, at one scale or several.

    .. math:: v = \frac{\sum_s v_s / \|v_s\|}{\| \sum_s v_s / \|v_s\| \|}

    Parameters
    ----------
    images : sequence of N (H, W, 3) uint8 or of objects with ``load()``
        Gone through once a scale.
    network : Backbone
        In evaluation mode.
    pool : callable
        From maps (B, C, H', W') to (B, dim): `mac`, `GeM()`, ``partial(rmac, levels=2)`` …
    side : int, default 384
        Longer side at scale 1, in pixels.
    scales : sequence of float, default (1.0,)
        For example ``(1, 0.7071, 0.5)``.
    batch_size : int, default 16

    Returns
    -------
    (N, dim) float32
        Of norm 1; a zero vector stays zero.

    Raises
    ------
    TypeError, ValueError
        As of `maps_by_shape`, or if there is no scale or one that is not positive.

    References
    ----------
    Radenović et al. 2019, over several scales with the mean of normalised vectors.

    Examples
    --------
    >>> from coursekit.convnet.backbones import backbone
    >>> from coursekit.pooling import mac
    >>> images = [np.zeros((48, 64, 3), dtype=np.uint8), np.ones((64, 64, 3), dtype=np.uint8)]
    >>> describe(images, backbone(), mac, side=128).shape
    (2, 256)
    """
    factors = [check_positive(scale, f"scales[{i}]") for i, scale in enumerate(scales)]
    if not factors:
        raise ValueError("scales: expected at least one, got none")
    total: FloatArray | None = None
    for factor in factors:
        scaled = max(1, round(check_integer(side, "side") * factor))
        vectors = _pooled(images, network, pool, scaled, batch_size)
        total = vectors if total is None else total + vectors
    assert total is not None
    unit: FloatArray = normalize(total)
    return unit


def _pooled(
    images: Iterable[Image | Loadable],
    network: Backbone,
    pool: Callable[[Tensor], Tensor],
    side: int,
    batch_size: int,
) -> FloatArray:
    rows: dict[int, FloatArray] = {}
    for indices, maps in maps_by_shape(images, network, side=side, batch_size=batch_size):
        with torch.inference_mode():
            vectors = pool(maps).float().cpu().numpy()
        rows.update(zip(indices, vectors, strict=True))
    if not rows:
        raise ValueError("images: expected at least one, got none")
    unit: FloatArray = normalize(np.stack([rows[i] for i in range(len(rows))]))
    return unit
