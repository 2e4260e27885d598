"""Images in files of one's own, read when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from coursekit.types import Image

__all__ = ["ImageFile"]


@dataclass(frozen=True)
class ImageFile:
    """An image in a file, or a part of it.

    Parameters
    ----------
    name : str
        Identifier, unique within a set.
    path : Path
        Any format that Pillow reads.
    box : (left, top, right, bottom), optional
        The part to use, in pixels of the file, rounded; by default all.
    max_side : int, optional
        Reduce the whole image so that its longer side has at most this many pixels; a part is
        reduced by the same factor. By default the size stays.
    """

    name: str
    path: Path
    box: tuple[float, float, float, float] | None = None
    max_side: int | None = None

    def load(self) -> Image:
        """Read the pixels, as they are stored: a camera's orientation tag is not followed.

        Returns
        -------
        (H, W, 3) uint8, RGB
            A fresh array, which the caller may write to.

        Raises
        ------
        ValueError
            If the file is no image that can be read; the message names it.
        """
        try:
            with PillowImage.open(self.path) as file:
                whole = file.convert("RGB")
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{self.path}: expected an image, got: {error}") from error
        factor = min(1.0, (self.max_side or np.inf) / max(whole.size))
        part = whole
        if self.box is not None:
            left, top, right, bottom = map(round, self.box)
            part = whole.crop((left, top, right, bottom))
        if factor < 1:
            width, height = (max(1, round(factor * side)) for side in part.size)
            part = part.resize((width, height), PillowImage.Resampling.LANCZOS)
        return np.array(part)
