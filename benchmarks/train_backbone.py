"""``python -m benchmarks.train_backbone --data DIR``: train the network that ships.

One command from the photos of Tiny ImageNet to the weights: about an hour on two cores with AMX,
minutes on a GPU. It may be interrupted at any time: the same command goes on from the last epoch.
Every random number comes from the seed, so that a machine repeats its own run.
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
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.tiny_imagenet import N_CLASSES, Labelled, read_tiny_imagenet
from coursekit.convnet.course_net import CourseNet
from coursekit.convnet.imagenet import MEAN, STD


@dataclass(frozen=True)
class Recipe:
    """What the weights depend on, besides the photos.

    The first epochs see smaller crops: they cost half as much and teach nearly as much.
    """

    epochs: int = 40
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


def augment(photos: Tensor, side: int, least_area: float) -> Tensor:
    """Crop, flip, jitter and normalise a batch at once: (B, 3, H, W) in [0, 255] to side × side.

    Crops have 100·`least_area` to 100 % of the area and sides of ratio 3:4 to 4:3; brightness,
    contrast and saturation change by up to 40 %.
    """
    n = len(photos)

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(n, device=photos.device).uniform_(low, high)

    area, ratio = uniform(least_area, 1), torch.exp(uniform(-math.log(4 / 3), math.log(4 / 3)))
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    theta = torch.zeros(n, 2, 3, device=photos.device)
    theta[:, 0, 0] = width * torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    theta[:, 1, 1] = height
    theta[:, 0, 2], theta[:, 1, 2] = uniform(-1, 1) * (1 - width), uniform(-1, 1) * (1 - height)
    grid = nn.functional.affine_grid(theta, [n, 3, side, side], align_corners=False)
    x = nn.functional.grid_sample(
        photos / 255, grid, padding_mode="reflection", align_corners=False
    )
    brightness, contrast, saturation = (uniform(0.6, 1.4)[:, None, None, None] for _ in range(3))
    grey = x.mean(dim=1, keepdim=True)
    x = grey + saturation * (x - grey)
    level = grey.mean(dim=(2, 3), keepdim=True)
    return normalise((brightness * (level + contrast * (x - level))).clamp(0, 1))


def normalise(x: Tensor) -> Tensor:
    """Take off the channels' means and divide by their standard deviations."""
    mean, std = (torch.tensor(one, device=x.device)[:, None, None] for one in (MEAN, STD))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


def learning_rate(step: int, n_steps: int, recipe: Recipe) -> float:
    """Return the rate of a step: linear warm-up, then a cosine down to zero."""
    warm_up = recipe.warm_up * n_steps
    if step < warm_up:
        return recipe.peak_rate * (step + 1) / warm_up
    return recipe.peak_rate * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (n_steps - warm_up)))


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
            writer = csv.DictWriter(file, self.log[0])
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
        total, right = torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        bar = tqdm(range(per_epoch), f"epoch {self.epoch + 1}/{recipe.epochs}", mininterval=5)
        order = torch.randperm(len(photos)).numpy()
        for i in bar:
            rate = learning_rate(self.epoch * per_epoch + i, recipe.epochs * per_epoch, recipe)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            chosen = order[i * recipe.batch : (i + 1) * recipe.batch]
            x = augment(_as_batch(photos[chosen], self.device), side, recipe.least_area)
            y = torch.from_numpy(labels[chosen]).to(self.device)
            with self.half_precision():
                scores = self.model(x)
            loss = nn.functional.cross_entropy(
                scores.float(), y, label_smoothing=recipe.label_smoothing
            )
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            total += loss.detach()
            right += (scores.argmax(dim=1) == y).sum()
        self.log.append(
            {
                "epoch": self.epoch + 1,
                "side": side,
                "rate": round(rate, 6),
                "train_loss": round(total.item() / per_epoch, 4),
                "train_top1": round(right.item() / (per_epoch * recipe.batch), 4),
                "seconds": round(time.perf_counter() - started, 1),
            }
        )

    @torch.no_grad()
    def validate(self, photos: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
        """Add the accuracy on whole photos, in full precision, to the last line of the log."""
        self.model.eval()
        ranks = torch.cat(list(self._ranks(photos, labels)))
        for k in (1, 5):
            self.log[-1][f"val_top{k}"] = round((ranks < k).float().mean().item(), 4)

    def _ranks(
        self, photos: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]
    ) -> Iterator[Tensor]:
        for start in range(0, len(photos), 500):
            part = slice(start, start + 500)
            with self.half_precision():
                scores = self.model(normalise(_as_batch(photos[part], self.device) / 255))
            own = scores.gather(1, torch.from_numpy(labels[part]).to(self.device)[:, None])
            yield (scores > own).sum(dim=1)


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
    while run.epoch < recipe.epochs:
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
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    given = parser.parse_args()
    keep_memory()
    recipe = Recipe(epochs=given.epochs, small_epochs=given.small_epochs, seed=given.seed)
    train(*read_tiny_imagenet(given.data), recipe, given.out)


if __name__ == "__main__":
    main()
