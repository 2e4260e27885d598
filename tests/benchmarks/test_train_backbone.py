"""The command that trains the network that ships, on a set made here in the form it reads."""

from __future__ import annotations

import csv
import io
import math
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from benchmarks import augmentation
from benchmarks.augmentation import augment, disturb
from benchmarks.tiny_imagenet import read_tiny_imagenet
from benchmarks.train_backbone import Recipe, learning_rate, train
from coursekit.convnet.course_net import CourseNet

N_CLASSES = 8


def sheet(label, n_rows, n_columns):
    """Tiles of one colour, which the label decides, with noise."""
    rng = np.random.default_rng(label)
    colour = 64 + 128 * np.array([label & 1, label >> 1 & 1, label >> 2 & 1])
    pixels = colour + rng.normal(0, 20, (64 * n_rows, 64 * n_columns, 3))
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    for name, n_rows, n_columns in (("train0", 2, 3), ("train1", 2, 3), ("val", 2, 2)):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as sheets:
            for label in reversed(range(N_CLASSES)):
                sheets.writestr(f"n{label:08}.jpg", sheet(label, n_rows, n_columns))
    return folder


RECIPE = Recipe(
    epochs=3,
    small_epochs=2,
    small_side=32,
    side=48,
    batch=16,
    peak_rate=0.02,
    warm_up=0.1,
    view_epochs=2,
    view_rate=0.01,
)


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    return train(*read_tiny_imagenet(folder), RECIPE, tmp_path_factory.mktemp("out"))


def test_reads_contact_sheets(folder):
    (photos, labels), (val, val_labels) = read_tiny_imagenet(folder)
    assert photos.shape == (96, 64, 64, 3)
    assert val.shape == (32, 64, 64, 3)
    assert np.bincount(labels).tolist() == [12] * N_CLASSES
    assert np.bincount(val_labels).tolist() == [4] * N_CLASSES
    bright = photos.mean(axis=(1, 2)) > 128
    np.testing.assert_array_equal(bright @ [1, 2, 4], labels)


def test_reads_the_official_folder(folder, tmp_path):
    (photos, labels), (val, val_labels) = read_tiny_imagenet(folder)
    ids = [f"n{label:08}" for label in range(N_CLASSES)]
    (tmp_path / "wnids.txt").write_text("\n".join(reversed(ids)) + "\n")
    annotations = []
    (tmp_path / "val" / "images").mkdir(parents=True)
    for i, (photo, label) in enumerate(zip(photos, labels, strict=True)):
        images = tmp_path / "train" / ids[label] / "images"
        images.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(images / f"{i:04}.png")
    for i, (photo, label) in enumerate(zip(val, val_labels, strict=True)):
        Image.fromarray(photo).save(tmp_path / "val" / "images" / f"{i}.png")
        annotations.append(f"{i}.png\t{ids[label]}\t0\t0\t62\t62\n")
    (tmp_path / "val" / "val_annotations.txt").write_text("".join(annotations))
    read, read_val = read_tiny_imagenet(tmp_path)
    order = np.argsort(labels, kind="stable")
    np.testing.assert_array_equal(read[0], photos[order])
    np.testing.assert_array_equal(read[1], labels[order])
    np.testing.assert_array_equal(read_val[0], val)
    np.testing.assert_array_equal(read_val[1], val_labels)


def test_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^data: expected tiny-imagenet-200/"):
        read_tiny_imagenet(tmp_path)


def test_learns_and_logs(run):
    assert [line["epoch"] for line in run.log] == [1, 2, 3, 4, 5]
    assert [line["side"] for line in run.log] == [32, 32, 48, 48, 48]
    naming, comparing = run.log[:3], run.log[3:]
    assert naming[-1]["train_loss"] < naming[0]["train_loss"]
    assert naming[-1]["rate"] < 0.2 * RECIPE.peak_rate
    assert comparing[-1]["train_loss"] < comparing[0]["train_loss"]
    assert comparing[-1]["rate"] < 0.2 * RECIPE.view_rate
    assert all(0 <= line["val_top1"] <= line["val_top5"] <= 1 for line in run.log)
    assert ["val_match" in line for line in run.log] == [False, False, True, True, True]
    assert all(0 <= line["val_match"] <= 1 for line in run.log[2:])
    with (run.folder / "log.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["val_match"] for line in lines] == [
        str(line.get("val_match", "")) for line in run.log
    ]


def test_weights_are_those_of_the_network_in_half_precision(run):
    path = run.folder / "course_net.safetensors"
    weights = load_file(path)
    assert {one.dtype for one in weights.values()} == {torch.float16}
    network = CourseNet()
    missing = network.load_state_dict(
        {key: one.float() for key, one in weights.items()}, strict=False
    )
    assert not missing.unexpected_keys
    assert all("num_batches_tracked" in key for key in missing.missing_keys)
    assert path.stat().st_size < 4e6


@pytest.mark.parametrize("done", [1, 4])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    folder, tmp_path, run, monkeypatch, done
):
    from benchmarks.train_backbone import Run

    whole = Run.train_epoch

    def interrupted(self, photos, labels):
        if self.epoch == done:
            raise KeyboardInterrupt
        whole(self, photos, labels)

    sets = read_tiny_imagenet(folder)
    monkeypatch.setattr(Run, "train_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(*sets, RECIPE, tmp_path)
    monkeypatch.setattr(Run, "train_epoch", whole)
    again = train(*sets, RECIPE, tmp_path)

    def figures(log):
        return [{k: v for k, v in line.items() if k != "seconds"} for line in log]

    assert figures(again.log) == figures(run.log)
    for one, other in zip(again.model.parameters(), run.model.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="made with another recipe"):
        train(*sets, Recipe(epochs=1), tmp_path)


def test_the_rate_warms_up_then_falls_to_zero():
    rates = [learning_rate(step, 1000, peak=0.5, warm_up=0.06) for step in range(1000)]
    peak = int(np.argmax(rates))
    assert peak == pytest.approx(60, abs=1)
    assert rates[peak] == pytest.approx(0.5)
    assert np.all(np.diff(rates[:peak]) > 0)
    assert np.all(np.diff(rates[peak + 1 :]) < 0)
    assert rates[-1] < 1e-5


def pixels(views):
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return views * std + mean


@pytest.mark.parametrize(
    "change", [lambda x: augment(x, 48, 0.3), lambda x: disturb(x, 48)], ids=["augment", "disturb"]
)
def test_changed_photos_stay_in_range_and_differ(change):
    torch.manual_seed(0)
    photos = torch.rand(40, 3, 64, 64) * 255
    views = change(photos)
    assert views.shape == (40, 3, 48, 48)
    assert torch.isfinite(views).all()
    assert pixels(views).min() > -1e-5
    assert pixels(views).max() < 1 + 1e-5
    assert not torch.equal(views, change(photos))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_crop_of_everything_is_the_photo_turned(monkeypatch, quarters):
    """Or that mirrored: half of the views are flipped."""
    monkeypatch.setattr(augmentation, "_RATIO", 1.0)
    torch.manual_seed(2)
    photos = torch.rand(8, 3, 64, 64)
    angle = torch.full((8,), quarters * math.pi / 2)
    views = augmentation._crop(photos * 255, 64, 1.0, angle)
    expected = torch.rot90(photos, quarters, dims=(2, 3))
    mirrored = expected.flip(3)
    plain = (views - expected).abs().amax(dim=(1, 2, 3)) < 1e-3
    flipped = (views - mirrored).abs().amax(dim=(1, 2, 3)) < 1e-3
    assert (plain ^ flipped).all()
    assert plain.any()
    assert flipped.any()


def test_blur_takes_detail_and_keeps_the_mean():
    torch.manual_seed(3)
    photos = torch.rand(50, 3, 64, 64)
    blurred = augmentation._blur(photos.clone())
    share = blurred.std(dim=(1, 2, 3)) / photos.std(dim=(1, 2, 3))
    assert torch.isclose(share, torch.ones(())).float().mean() > 0.2  # two widths of five are 0
    assert (share < 0.2).any()
    torch.testing.assert_close(blurred.mean(), photos.mean(), atol=1e-2, rtol=0)
