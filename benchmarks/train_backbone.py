"""``python -m benchmarks.train_backbone --data DIR``: train the network that ships.

One command from the photos of Tiny ImageNet to the weights, in two phases: the network learns to
name what a photo shows, then to know a photo again that was changed, while it goes on naming. The
model card says how long it took on two cores with AMX. The run may be interrupted at any time: the
same command goes on from the last epoch. Every random number comes from the seed, so that a machine
repeats its run.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import math
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.augmentation import augment, disturb, normalise
from benchmarks.tiny_imagenet import N_CLASSES, Labelled, read_tiny_imagenet
from coursekit.convnet.course_net import CourseNet
from coursekit.pooling import gem
from coursekit.training import info_nce

N_SEARCHED: Final = 2000  # photos among which a disturbed one is looked for, to validate


@dataclass(frozen=True)
class Recipe:
    """What the weights depend on, besides the photos.

    The first epochs see smaller crops: they cost half as much and teach nearly as much. Each phase
    has a rate of its own that warms up and falls to zero.
    """

    epochs: int = 40  # of classification alone
    small_epochs: int = 29
    small_side: int = 48
    side: int = 64
    batch: int = 128
    peak_rate: float = 0.5
    warm_up: float = 0.06  # share of the steps
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    least_area: float = 0.3
    view_epochs: int = 5  # of views and classification
    view_rate: float = 0.05
    temperature: float = 0.1
    seed: int = 7


class Classifier(nn.Module):
    """The network, the mean over its maps, and a linear layer that training throws away."""

    def __init__(self) -> None:
        super().__init__()
        self.network = CourseNet()
        self.linear = nn.Linear(CourseNet.n_channels, N_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (B, 200)."""
        scores: Tensor = self.linear(self.network(x).mean(dim=(2, 3)))
        return scores


def learning_rate(step: int, n_steps: int, peak: float, warm_up: float) -> float:
    """Return the rate of a step: linear warm-up over a share of them, then a cosine to zero."""
    first = warm_up * n_steps
    if step < first:
        return peak * (step + 1) / first
    return peak * 0.5 * (1 + math.cos(math.pi * (step - first) / (n_steps - first)))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay the weights of convolutions and the linear layer; no bias, no batch normalisation."""
    weights = [one for one in model.parameters() if one.ndim > 1]
    others = [one for one in model.parameters() if one.ndim <= 1]
    return [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


class Run:
    """One training run: the state that a checkpoint holds, and what to do with it."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.seed)
        self.model = Classifier().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.SGD(
            parameter_groups(self.model, recipe.weight_decay),
            lr=recipe.peak_rate,
            momentum=recipe.momentum,
            nesterov=True,
        )
        self.log: list[dict[str, float]] = []
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.log)

    @property
    def comparing(self) -> bool:
        """Whether the next epoch is one of views."""
        return self.epoch >= self.recipe.epochs

    def half_precision(self) -> AbstractContextManager[None]:
        """Compute in bfloat16 where the processor multiplies it: three times as fast."""
        fast = self.device.type == "cuda" or torch.cpu._is_amx_tile_supported()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=fast)

    def save(self) -> None:
        """Write the checkpoint beside the old one, then put it in its place: never half a file."""
        state = {
            "recipe": asdict(self.recipe),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "log": self.log,
        }
        new = self.folder / "checkpoint.new"
        torch.save(state, new)
        new.replace(self.folder / "checkpoint.pt")
        with (self.folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
            columns = dict.fromkeys(name for line in self.log for name in line)
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.log)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one of the same recipe."""
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["recipe"] != asdict(self.recipe):
            raise ValueError(f"{path}: made with another recipe; choose another --out")
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.log = state["log"]

    def train_epoch(self, photos: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
        """See every photo once, in an order and with crops that depend on seed and epoch only."""
        recipe, started = self.recipe, time.perf_counter()
        torch.manual_seed(recipe.seed * 1000 + self.epoch)
        side = recipe.small_side if self.epoch < recipe.small_epochs else recipe.side
        per_epoch = len(photos) // recipe.batch
        self.model.train()
        sums = torch.zeros(2, device=self.device)  # of the loss, of photos named rightly
        n_epochs = recipe.epochs + recipe.view_epochs
        order = torch.randperm(len(photos)).numpy()
        for i in tqdm(range(per_epoch), f"epoch {self.epoch + 1}/{n_epochs}", mininterval=5):
            rate = self._set_rate(i, per_epoch)
            chosen = order[i * recipe.batch : (i + 1) * recipe.batch]
            x = _as_batch(photos[chosen], self.device)
            y = torch.from_numpy(labels[chosen]).to(self.device)
            loss, named = self._compare(x, y) if self.comparing else self._classify(x, y, side)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            sums += torch.stack([loss.detach(), named])
        loss_mean, top1 = (sums / per_epoch).tolist()
        self.log.append(
            {
                "epoch": self.epoch + 1,
                "side": side,
                "rate": round(rate, 6),
                "train_loss": round(loss_mean, 4),
                "train_top1": round(top1, 4),
                "seconds": round(time.perf_counter() - started, 1),
            }
        )

    def _set_rate(self, i: int, per_epoch: int) -> float:
        """Set the rate of the i-th step of this epoch; each phase warms up and cools down."""
        recipe = self.recipe
        before, n, peak = (
            (recipe.epochs, recipe.view_epochs, recipe.view_rate)
            if self.comparing
            else (0, recipe.epochs, recipe.peak_rate)
        )
        step = (self.epoch - before) * per_epoch + i
        rate = learning_rate(step, n * per_epoch, peak, recipe.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def _classify(self, photos: Tensor, labels: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Return the loss of naming each photo, and the share of those named rightly."""
        with self.half_precision():
            scores = self.model(augment(photos, side, self.recipe.least_area))
        return self._naming_loss(scores, labels)

    def _compare(self, photos: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of naming two views of each photo and of telling which two match.

        One view is changed as in classification, the other much more; GeM describes both.
        """
        side = self.recipe.side
        views = torch.cat([augment(photos, side, self.recipe.least_area), disturb(photos, side)])
        with self.half_precision():
            maps = self.model.network(views)
            scores = self.model.linear(maps.mean(dim=(2, 3)))
        first, second = gem(maps.float()).chunk(2)
        matching = info_nce(first, second, temperature=self.recipe.temperature)
        loss, named = self._naming_loss(scores, labels.repeat(2))
        return loss + matching, named

    def _naming_loss(self, scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        loss = nn.functional.cross_entropy(
            scores.float(), labels, label_smoothing=self.recipe.label_smoothing
        )
        return loss, (scores.argmax(dim=1) == labels).float().mean()

    @torch.no_grad()
    def validate(self, photos: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
        """Add what the network does with photos that it has not seen to the log's last line.

        Of whole photos, the accuracy; once classification alone has ended, also for how many of
        `N_SEARCHED` photos the disturbed one has its original as nearest neighbour among them.
        """
        self.model.eval()
        ranks = torch.cat(list(self._ranks(photos, labels)))
        for k in (1, 5):
            self.log[-1][f"val_top{k}"] = round((ranks < k).float().mean().item(), 4)
        if self.epoch >= self.recipe.epochs:
            self.log[-1]["val_match"] = round(self._share_matched(photos), 4)

    def _ranks(
        self, photos: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]
    ) -> Iterator[Tensor]:
        for start in range(0, len(photos), 500):
            part = slice(start, start + 500)
            with self.half_precision():
                scores = self.model(normalise(_as_batch(photos[part], self.device) / 255))
            own = scores.gather(1, torch.from_numpy(labels[part]).to(self.device)[:, None])
            yield (scores > own).sum(dim=1)

    def _share_matched(self, photos: np.ndarray[Any, Any]) -> float:
        torch.manual_seed(self.recipe.seed)  # the same changes after every epoch
        step = max(1, len(photos) // N_SEARCHED)
        x = _as_batch(photos[::step][:N_SEARCHED], self.device)
        both = []
        for views in (normalise(x / 255), disturb(x, self.recipe.side)):
            with self.half_precision():
                maps = torch.cat([self.model.network(part) for part in torch.split(views, 500)])
            both.append(nn.functional.normalize(gem(maps.float()), dim=1))
        nearest = (both[1] @ both[0].T).argmax(dim=1)
        return (nearest == torch.arange(len(x), device=self.device)).float().mean().item()


def _as_batch(photos: np.ndarray[Any, Any], device: torch.device) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32."""
    return torch.from_numpy(photos).to(device).permute(0, 3, 1, 2).float()


def keep_memory() -> None:
    """Let the C library keep what is freed: fresh pages for every map cost a third of the time."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, musl has not
        if mallopt is not None:
            trim_threshold, mmap_max = -1, -4
            mallopt(trim_threshold, 2**31 - 1)
            mallopt(mmap_max, 0)


def export(model: Classifier, path: Path) -> None:
    """Write the network without its classifier, in float16."""
    state = model.network.state_dict().items()
    half = {k: v.cpu().half().contiguous() for k, v in state if "num_batches" not in k}
    save_file(half, path)


def train(train_set: Labelled, val_set: Labelled, recipe: Recipe, folder: Path) -> Run:
    """Train or go on, and write checkpoint, log and weights into `folder`."""
    run = Run(recipe, folder)
    run.resume()
    while run.epoch < recipe.epochs + recipe.view_epochs:
        run.train_epoch(*train_set)
        run.validate(*val_set)
        run.save()
        print(run.log[-1], flush=True)
    export(run.model, folder / "course_net.safetensors")
    return run


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of Tiny ImageNet")
    parser.add_argument(
        "--out", type=Path, default=Path("_training"), help="checkpoint, log, weights"
    )
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--small-epochs", type=int, default=Recipe.small_epochs)
    parser.add_argument("--view-epochs", type=int, default=Recipe.view_epochs)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    given = parser.parse_args()
    keep_memory()
    recipe = Recipe(
        epochs=given.epochs,
        small_epochs=given.small_epochs,
        view_epochs=given.view_epochs,
        seed=given.seed,
    )
    train(*read_tiny_imagenet(given.data), recipe, given.out)


if __name__ == "__main__":
    main()
