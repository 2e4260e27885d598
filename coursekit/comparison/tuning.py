"""Training as the comparison does it: on random views of the photos to learn on, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import nn

from coursekit.convnet.backbones import Backbone
from coursekit.pooling import GeM
from coursekit.training import fine_tune
from coursekit.types import Image, Loadable

__all__ = ["tune"]

_SIDE: Final = 192  # of the views, in pixels


def tune(
    network: Backbone,
    pool: nn.Module,
    images: Sequence[Image | Loadable],
    *,
    trainable: Sequence[nn.Module] = (),
    n_epochs: int,
    seed: int,
) -> str:
    """Train a pooling layer, and parts of the network if asked, in place, and say what came of it.

    Parameters
    ----------
    network, pool, images, trainable, n_epochs, seed
        As in `coursekit.training.fine_tune`.

    Returns
    -------
    str
        The exponent p of a `GeM`, after how many epochs the loss was least, and that loss.
    """
    run = fine_tune(
        network, pool, images, trainable=trainable, n_epochs=n_epochs, side=_SIDE, seed=seed
    )
    learnt = f"p = {pool.state_dict()['p'].item():.2f} " if isinstance(pool, GeM) else ""
    before, after = run.epochs[0], run.epochs[run.best]
    return (
        f"{learnt}after {run.best} epochs; loss on photos kept apart"
        f" {before.validation_loss:.4f} before, {after.validation_loss:.4f} after"
    )
