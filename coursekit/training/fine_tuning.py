r"""A small loop that trains a network and its pooling on photos without labels.

Two random views of one photo match, views of two photos do not: the contrastive loss pulls and
pushes. Part of the photos is kept apart; when the loss on them stops falling, training stops and
the best weights are put back. The same seed gives the same weights.

Radenović et al. 2019 take matching photos from 3-D reconstructions; there are none here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.convnet.backbones import Backbone
from coursekit.training.losses import contrastive_loss
from coursekit.training.views import random_view
from coursekit.types import Image, Loadable
from coursekit.validation import check_integer, check_positive, read_image

__all__ = ["Epoch", "FineTuning", "fine_tune"]


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Parameters
    ----------
    train_loss : float
        Mean over the batches; NaN before training, in the first entry.
    validation_loss : float
        On fixed views of the photos kept apart.
    """

    train_loss: float
    validation_loss: float


@dataclass(frozen=True)
class FineTuning:
    """How a training went.

    Parameters
    ----------
    epochs : list of Epoch
        The first is the state before training.
    best : int
        Which of them had the least loss on the photos kept apart: its weights were kept.
    """

    epochs: list[Epoch]
    best: int


def fine_tune(
    network: Backbone,
    pool: nn.Module,
    images: Sequence[Image | Loadable],
    *,
    trainable: Sequence[nn.Module] = (),
    n_epochs: int = 20,
    patience: int = 4,
    n_validation: int = 16,
    batch_size: int = 16,
    side: int = 224,
    rate: float = 1e-4,
    pool_rate: float = 1e-2,
    margin: float = 0.7,
    seed: int = 0,
    view: Callable[[Image, int, np.random.Generator], Image] = random_view,
    report: Callable[[Epoch], None] = lambda _: None,
) -> FineTuning:
    """Train a pooling layer, and parts of the network if asked, in place.

    Batch normalisation keeps its statistics, as is usual with few photos; all of the network that
    is not in `trainable` is left as it is.

    Parameters
    ----------
    network : Backbone
        In evaluation mode, where it stays.
    pool : torch.nn.Module
        `GeM()`, `NetVLAD.from_centroids(…)` …: its parameters are trained.
    images : sequence of (H, W, 3) uint8, or of objects with ``load()``
        At least `n_validation` + 2; read once. Never photos that are evaluated later.
    trainable : sequence of modules, default ()
        Parts of `network`, for example ``[network.network.blocks[-1]]``.
    n_epochs, patience : int, default 20 and 4
        At most so many passes; fewer when the last `patience` of them brought no better loss on
        the photos kept apart.
    n_validation : int, default 16
        How many photos are kept apart.
    batch_size : int, default 16
        Photos in a batch; each is there in two views.
    side : int, default 224
        Of the square views, in pixels.
    rate, pool_rate : float, default 1e-4 and 1e-2
        Of Adam, for the network's parts and for the pooling layer.
    margin : float, default 0.7
        See `contrastive_loss`.
    seed : int, default 0
        Of the split, the order and the views.
    view : callable, default random_view
        Makes a view of an image, of so many pixels, by chance of a generator.
    report : callable, optional
        Is told of each epoch.

    Returns
    -------
    FineTuning

    Raises
    ------
    TypeError, ValueError
        If there are too few images, nothing to train, an option is out of range, or the network is
        in training mode.
    FloatingPointError
        If the loss becomes infinite or NaN; the weights of the best epoch are put back.

    References
    ----------
    Radenović et al. 2019: the loss, and a larger rate for p. Chen et al. 2020: views as pairs.
    """
    _check(network, images, n_epochs, patience, n_validation, batch_size)
    run = _Run(network, pool, trainable, check_positive(margin, "margin"))
    run.optimiser = torch.optim.Adam(
        [
            {"params": run.parts, "lr": check_positive(rate, "rate")},
            {"params": run.pooling, "lr": check_positive(pool_rate, "pool_rate")},
        ]
    )
    rng = np.random.default_rng(check_integer(seed, "seed", at_least=0))
    order = rng.permutation(len(images))
    pixels = [read_image(one) for one in images]
    kept = [pixels[i] for i in order[:n_validation]]
    used = [pixels[i] for i in order[n_validation:]]
    fixed = list(_batches(network, kept, batch_size, side, view, rng))
    epochs = [Epoch(float("nan"), run.loss_on(fixed))]
    best = run.state()
    report(epochs[-1])
    try:
        while len(epochs) <= n_epochs and _best(epochs) >= len(epochs) - patience:
            loss = run.train(_batches(network, used, batch_size, side, view, rng))
            epochs.append(Epoch(loss, run.loss_on(fixed)))
            report(epochs[-1])
            if _best(epochs) == len(epochs) - 1:
                best = run.state()
    finally:
        run.restore(best)
    return FineTuning(epochs, _best(epochs))


def _best(epochs: Sequence[Epoch]) -> int:
    return int(np.argmin([epoch.validation_loss for epoch in epochs]))


def _batches(
    network: Backbone,
    photos: Sequence[Image],
    batch_size: int,
    side: int,
    view: Callable[[Image, int, np.random.Generator], Image],
    rng: np.random.Generator,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Two views of each photo, in a random order: (2B, 3, side, side) and which photo it is."""
    order = rng.permutation(len(photos))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        views = [view(photos[i], side, rng) for i in chosen for _ in range(2)]
        yield (
            torch.stack([network.preprocess(one) for one in views]),
            torch.from_numpy(np.repeat(chosen, 2)),
        )


class _Run:
    """The network and the pooling in training, and their best state."""

    optimiser: torch.optim.Optimizer

    def __init__(
        self, network: Backbone, pool: nn.Module, trainable: Sequence[nn.Module], margin: float
    ) -> None:
        self.network, self.pool, self.margin = network, pool, margin
        self.parts = [one for module in trainable for one in module.parameters()]
        self.pooling = list(pool.parameters())
        if not self.parts + self.pooling:
            raise ValueError("pool: expected parameters to train, got none, nor any in trainable")

    def vectors(self, x: Tensor) -> Tensor:
        # No gradient goes through a network that is frozen: nothing need be kept for it.
        with torch.set_grad_enabled(torch.is_grad_enabled() and bool(self.parts)):
            maps = self.network(x)
        vectors: Tensor = self.pool(maps)
        return vectors

    def train(self, batches: Iterator[tuple[Tensor, Tensor]]) -> float:
        losses = []
        for x, labels in batches:
            loss = contrastive_loss(self.vectors(x), labels, margin=self.margin)
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss became {loss.item()}; try a smaller rate")
            self.optimiser.zero_grad()
            # Only what is trained gets a gradient: the layers below need not be gone through.
            wanted = [*self.parts, *self.pooling]
            for one, slope in zip(wanted, torch.autograd.grad(loss, wanted), strict=True):
                one.grad = slope
            self.optimiser.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    @torch.no_grad()
    def loss_on(self, batches: Sequence[tuple[Tensor, Tensor]]) -> float:
        losses = [
            contrastive_loss(self.vectors(x), labels, margin=self.margin) for x, labels in batches
        ]
        return float(torch.stack(losses).mean())

    def state(self) -> list[Tensor]:
        return [one.detach().clone() for one in (*self.parts, *self.pooling)]

    def restore(self, state: list[Tensor]) -> None:
        with torch.no_grad():
            for one, old in zip((*self.parts, *self.pooling), state, strict=True):
                one.copy_(old)


def _check(
    network: Backbone,
    images: Sequence[Any],
    n_epochs: int,
    patience: int,
    n_validation: int,
    batch_size: int,
) -> None:
    check_integer(n_epochs, "n_epochs")
    check_integer(patience, "patience")
    check_integer(n_validation, "n_validation", at_least=2)
    check_integer(batch_size, "batch_size", at_least=2)
    if network.training:
        raise ValueError("network: expected evaluation mode, got training mode; call .eval()")
    if len(images) < n_validation + 2:
        raise ValueError(f"images: expected at least {n_validation + 2}, got {len(images)}")
