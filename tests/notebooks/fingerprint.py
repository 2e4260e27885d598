"""The checksum of two photos' features: does SIFT give here what stored outputs were made with?

`tests.notebooks.store` writes it beside the outputs. No name of a platform enters into it: what
counts is whether the features are the same, byte for byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FILE = "features.sha256"  # in the folder of the chapters
PHOTOS = ("umayyad_0", "skull_2")


@dataclass(frozen=True)
class Fingerprint:
    """A checksum, and the version of OpenCV with which it came."""

    checksum: str
    opencv: str

    def __str__(self) -> str:
        return f"sha256 {self.checksum[:12]}… (OpenCV {self.opencv})"


@cache
def here() -> Fingerprint:
    """Compute the features of the two photos on this machine; takes half a second."""
    import cv2

    from coursekit.data import photo
    from coursekit.features import sift

    digest = hashlib.sha256()
    for name in PHOTOS:
        found = sift(photo(name).load())
        for array in (found.descriptors, found.positions, found.scales, found.angles):
            values = np.ascontiguousarray(array, dtype="<f4")
            digest.update(repr(values.shape).encode() + values.tobytes())
    return Fingerprint(digest.hexdigest(), cv2.__version__)


def write(chapters: Path) -> None:
    """Write the fingerprint of this machine beside the stored outputs."""
    made = here()
    line = f"{made.checksum}  SIFT of {' and '.join(PHOTOS)}, OpenCV {made.opencv}\n"
    (chapters / FILE).write_text(line, encoding="utf-8")


def read(chapters: Path) -> Fingerprint | None:
    """Return the fingerprint that is stored; None if there is none."""
    path = chapters / FILE
    if not path.exists():
        return None
    checksum, *_, opencv = path.read_text(encoding="utf-8").split()
    return Fingerprint(checksum, opencv)
