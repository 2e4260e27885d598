"""Stored figure against re-drawn figure.

nbval leaves pictures out. How far they may differ stands in `tests.notebooks.tolerance`.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.notebooks.tolerance import EXACT


def pictures(outputs: list[Any]) -> list[bytes]:
    """Return the PNG files among a cell's outputs, in order."""
    found = (output.get("data", {}).get("image/png") for output in outputs)
    return [base64.b64decode(text) for text in found if text]


def compare(
    stored: list[bytes], drawn: list[bytes], prefix: Path, tolerance: float = EXACT.figure
) -> list[str]:
    """Return what differs between the figures of a cell; an empty list when nothing does.

    Parameters
    ----------
    stored, drawn : lists of PNG files
    prefix : Path
        Where the pictures of a difference are written: `prefix`-1-stored.png, -drawn, -difference.
    tolerance : float
        Largest root mean squared difference, over all pixels and channels, in levels (0 to 255).

    Returns
    -------
    list of str
    """
    if len(stored) != len(drawn):
        return [f"figures: expected {len(stored)}, got {len(drawn)}"]
    problems = []
    for number, (before, after) in enumerate(zip(stored, drawn, strict=True), start=1):
        problem = _difference(_pixels(before), _pixels(after), tolerance)
        if problem:
            where = prefix.with_name(f"{prefix.name}-{number}")
            problems.append(f"figure {number}: {problem}; see {_write(where, before, after)}")
    return problems


def rms(stored: NDArray[np.uint8], drawn: NDArray[np.uint8]) -> float:
    """Return the root mean squared difference of two pictures of one shape, in levels."""
    gaps = stored.astype(np.float64) - drawn.astype(np.float64)
    return float(np.sqrt(np.mean(gaps**2)))


def _difference(stored: NDArray[np.uint8], drawn: NDArray[np.uint8], tolerance: float) -> str:
    if stored.shape != drawn.shape:
        return f"expected {_size(stored)} pixels, got {_size(drawn)}"
    distance = rms(stored, drawn)
    if distance > tolerance:
        return f"expected an RMS difference ≤ {tolerance}, got {distance:.2f}"
    return ""


def _pixels(png: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA"))


def _size(pixels: NDArray[np.uint8]) -> str:
    return f"{pixels.shape[1]}×{pixels.shape[0]}"


def _write(where: Path, stored: bytes, drawn: bytes) -> Path:
    """Write both pictures, and their difference where the sizes allow; return the last path."""
    where.parent.mkdir(parents=True, exist_ok=True)
    for name, png in (("stored", stored), ("drawn", drawn)):
        where.with_name(f"{where.name}-{name}.png").write_bytes(png)
    before, after = _pixels(stored), _pixels(drawn)
    if before.shape != after.shape:
        return where.with_name(f"{where.name}-drawn.png")
    gaps = np.abs(before.astype(np.int16) - after.astype(np.int16)).astype(np.uint8)
    path = where.with_name(f"{where.name}-difference.png")
    Image.fromarray(255 - gaps[..., :3]).save(path)
    return path
