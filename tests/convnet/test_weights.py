"""The weights that ship: what they are, what their card says, and that training was worth it."""

from __future__ import annotations

import csv
import re
from functools import partial
from importlib.resources import as_file, files

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from benchmarks.train_backbone import Recipe
from coursekit.convnet.backbones import backbone
from coursekit.convnet.describe import describe
from coursekit.data import places
from coursekit.pooling import gem
from coursekit.retrieval import mean_average_precision

FOLDER = files("coursekit.convnet") / "weights"


@pytest.fixture(scope="module")
def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def log() -> list[dict[str, str]]:
    with (FOLDER / "training_log.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_half_precision_within_four_megabytes(card):
    with as_file(FOLDER / "course_net.safetensors") as path:
        weights = load_file(path)
        size = path.stat().st_size
    assert {one.dtype for one in weights.values()} == {torch.float16}
    assert all(torch.isfinite(one).all() for one in weights.values())
    assert size <= 4e6
    assert f"{size / 1e6:.2f} MB" in card
    assert f"{sum(one.numel() for one in weights.values()):,}".replace(",", " ") in card


def test_the_card_says_what_the_log_says(card, log):
    phases = [log[Recipe().epochs - 1], log[-1]]
    for title, column in (
        ("validation, top 1 of 200 classes", "val_top1"),
        ("validation, top 5", "val_top5"),
        ("a changed photo finds its original among 2000", "val_match"),
    ):
        first, both = (f"{float(line[column]):.3f}" for line in phases)
        assert f"| {title} | {first} | {both} |" in card
    minutes = sum(float(line["seconds"]) for line in log) / 60
    assert f"{minutes:.0f} minutes" in card
    curve = re.findall(r"^\| (\d+) \| (0\.\d+) \| (\d\.\d+) \|$", card, flags=re.MULTILINE)
    assert len(curve) >= 5
    by_epoch = {line["epoch"]: line for line in log}
    for epoch, top1, loss in curve:
        assert float(top1) == pytest.approx(float(by_epoch[epoch]["val_top1"]), abs=6e-4)
        assert float(loss) == pytest.approx(float(by_epoch[epoch]["train_loss"]), abs=6e-3)


def test_the_log_is_of_the_recipe_that_the_command_follows(card, log):
    recipe = Recipe()
    n_epochs = recipe.epochs + recipe.view_epochs
    assert [int(line["epoch"]) for line in log] == list(range(1, n_epochs + 1))
    sides = [recipe.small_side] * recipe.small_epochs
    sides += [recipe.side] * (n_epochs - recipe.small_epochs)
    assert [int(line["side"]) for line in log] == sides
    assert f"- {recipe.epochs} epochs of 84 000 photos: the first {recipe.small_epochs} on" in card
    assert f"- {recipe.view_epochs} epochs of views" in card
    rates = [float(line["rate"]) for line in log]
    assert max(rates[: recipe.epochs]) == pytest.approx(recipe.peak_rate, rel=0.01)
    assert 0 < max(rates[recipe.epochs :]) <= recipe.view_rate


def test_trained_weights_beat_random_ones_by_more_than_a_tenth():
    """GeM on Places, at 256 pixels to be quick; the card's figures are at 384."""
    gallery = places()
    images = [photo.load() for photo in gallery.database]
    Q = len(gallery.queries)
    found = {}
    for pretrained in (True, False):
        V = describe(images, backbone(pretrained=pretrained), partial(gem, p=3.0), side=256)
        found[pretrained] = mean_average_precision(
            V[:Q] @ V.T, gallery.positives, exclude=gallery.exclude
        ).mean
    assert found[True] - found[False] > 0.10, found


def test_maps_are_finite_and_not_negative_on_extreme_images():
    network = backbone()
    for value in (0, 255):
        image = np.full((64, 48, 3), value, dtype=np.uint8)
        maps = network(network.preprocess(image)[None])
        assert torch.isfinite(maps).all()
        assert (maps >= 0).all()
