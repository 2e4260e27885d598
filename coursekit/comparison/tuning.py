"""Training as the comparison does it: on random views of the photos to learn on, without labels.

Only a pooling layer and the last block of the network are ever trained. So trainings with one seed
see the same views, and the same maps below that block: they are made once, for the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.convnet.backbones import Backbone, backbone
from coursekit.pooling import GeM
from coursekit.training import fine_tune, random_view
from coursekit.types import Image, Loadable

__all__ = ["network_parts", "tune"]

_SIDE: Final = 192  # of the views, in pixels
_BATCH: Final = 4  # the first maps of 32 views do not fit into a cache: half as slow again


def tune(
    pool: nn.Module,
    images: Sequence[Image | Loadable],
    *,
    last_block: bool,
    n_epochs: int,
    seed: int,
) -> tuple[nn.Module, str]:
    """Train a pooling layer in place, with the last block of our network below it if asked.

    Parameters
    ----------
    pool, images, n_epochs, seed
        As in `coursekit.training.fine_tune`.
    last_block : bool
        Whether to train it too; the rest of the network stays as it is.

    Returns
    -------
    block : torch.nn.Module
        From the maps before the last block to those after it.
    note : str
        The exponent p of a `GeM`, after how many epochs the loss was least, and that loss.
    """
    whole, block = network_parts()
    views, below = _shared(seed)
    network = Backbone(nn.Sequential(below, block), name=whole.name, n_channels=whole.n_channels)
    run = fine_tune(
        network.eval(),
        pool,
        images,
        trainable=[block] if last_block else [],
        n_epochs=n_epochs,
        side=_SIDE,
        seed=seed,
        view=views,
    )
    learnt = f"p = {pool.state_dict()['p'].item():.2f} " if isinstance(pool, GeM) else ""
    before, after = run.epochs[0], run.epochs[run.best]
    return block, (
        f"{learnt}after {run.best} epochs; loss on photos kept apart"
        f" {before.validation_loss:.4f} before, {after.validation_loss:.4f} after"
    )


def network_parts() -> tuple[Backbone, nn.Module]:
    """Return our network without its last block, and that block."""
    network = backbone()
    layers: Any = network.network
    block = layers.blocks[-1]
    layers.blocks = layers.blocks[:-1]
    return network, block


class _Views:
    """`random_view`, which makes a view once for each photo and state of the generator."""

    def __init__(self) -> None:
        self._made: dict[tuple[bytes, str], tuple[Image, Any]] = {}

    def __call__(self, image: Image, side: int, rng: np.random.Generator) -> Image:
        key = _digest(image), f"{side} {rng.bit_generator.state}"
        if key not in self._made:
            self._made[key] = random_view(image, side, rng), rng.bit_generator.state
        view, rng.bit_generator.state = self._made[key]
        return view


class _Below(nn.Module):
    """Our network below its last block, which runs once on each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.network, _ = network_parts()
        self._maps: dict[bytes, Tensor] = {}

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        key = _digest(x.numpy())
        if key not in self._maps:
            self._maps[key] = torch.cat([self.network(few) for few in torch.split(x, _BATCH)])
        return self._maps[key]


@lru_cache(maxsize=1)
def _shared(seed: int) -> tuple[_Views, _Below]:
    """Return what trainings with this seed share, and forget what those with another did."""
    return _Views(), _Below()


def _digest(array: np.ndarray[Any, Any]) -> bytes:
    return blake2b(np.ascontiguousarray(array).data).digest()
