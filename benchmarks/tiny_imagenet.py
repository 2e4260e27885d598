"""Tiny ImageNet (Stanford CS231n, Le & Yang 2015) as two arrays; for training only, never shipped.

Two forms are read: the official folder `tiny-imagenet-200/` (100 000 photos to train on), and
contact sheets, `train0.zip` … `train3.zip` and `val.zip`: one JPEG a class, of tiles of 64×64.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

__all__ = ["N_CLASSES", "Labelled", "read_tiny_imagenet"]

N_CLASSES = 200
SIDE = 64
Labelled: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (N, 64, 64, 3) RGB, (N,)


def read_tiny_imagenet(folder: Path) -> tuple[Labelled, Labelled]:
    """Read the photos to train on and those to validate on.

    Labels are 0 … 199, in the order of the WordNet identifiers.

    Raises
    ------
    FileNotFoundError
        If `folder` holds neither form.
    """
    if (folder / "wnids.txt").is_file():
        ids = sorted((folder / "wnids.txt").read_text(encoding="utf-8").split())
        return _read_files(_train_files(folder, ids)), _read_files(_val_files(folder, ids))
    sheets = sorted(folder.glob("train*.zip"))
    if not sheets or not (folder / "val.zip").is_file():
        raise FileNotFoundError(
            f"data: expected tiny-imagenet-200/ (unpacked) or train*.zip and val.zip in {folder}"
        )
    parts = [_read_sheets(path) for path in tqdm(sheets, desc="reading", unit="zip")]
    photos, labels = (np.concatenate(one) for one in zip(*parts, strict=True))
    return (photos, labels), _read_sheets(folder / "val.zip")


def _read_sheets(path: Path) -> Labelled:
    photos, labels = [], []
    with zipfile.ZipFile(path) as sheets:
        for label, name in enumerate(sorted(sheets.namelist())):
            sheet = np.asarray(Image.open(io.BytesIO(sheets.read(name))).convert("RGB"))
            n_rows, n_columns = sheet.shape[0] // SIDE, sheet.shape[1] // SIDE
            tiles = sheet.reshape(n_rows, SIDE, n_columns, SIDE, 3).swapaxes(1, 2)
            photos.append(tiles.reshape(-1, SIDE, SIDE, 3))
            labels.append(np.full(n_rows * n_columns, label))
    return np.concatenate(photos), np.concatenate(labels)


def _train_files(folder: Path, ids: list[str]) -> Iterator[tuple[Path, int]]:
    for label, one in enumerate(ids):
        for path in sorted((folder / "train" / one / "images").iterdir()):
            yield path, label


def _val_files(folder: Path, ids: list[str]) -> Iterator[tuple[Path, int]]:
    with (folder / "val" / "val_annotations.txt").open(encoding="utf-8", newline="") as file:
        for name, one, *_ in csv.reader(file, delimiter="\t"):
            yield folder / "val" / "images" / name, ids.index(one)


def _read_files(files: Iterator[tuple[Path, int]]) -> Labelled:
    paths, labels = zip(*files, strict=True)
    photos = np.empty((len(paths), SIDE, SIDE, 3), dtype=np.uint8)
    for photo, path in zip(photos, tqdm(paths, desc="reading", unit="photo"), strict=True):
        photo[:] = np.asarray(Image.open(path).convert("RGB"))
    return photos, np.array(labels)
