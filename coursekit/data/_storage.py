"""Where data that does not ship is kept, and how it gets there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from platformdirs import user_cache_dir

from coursekit.types import Image

__all__ = ["VARIABLE", "cached_image", "data_folder", "written_whole"]

VARIABLE = "COURSEKIT_DATA"


def data_folder() -> Path:
    """Return the folder for downloads and caches, which may not exist yet.

    Returns
    -------
    Path
        What the environment variable ``COURSEKIT_DATA`` says, or else the user's cache folder.
    """
    return Path(
        os.environ.get(VARIABLE) or user_cache_dir("coursekit", appauthor=False)
    ).expanduser()


@contextlib.contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a path to write a file to; it becomes `target` only if nothing went wrong.

    Parameters
    ----------
    target : Path
        Replaced in one step, so that another process sees the old file or the new one.

    Yields
    ------
    Path
        A file beside `target`; whatever happens, it is gone afterwards.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        mask = os.umask(0)  # can only be read by being set
        os.umask(mask)
        draft.chmod(0o666 & ~mask)  # as of any new file: a draft is readable by its owner alone
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def cached_image(path: Path, make: Callable[[], Image]) -> Image:
    """Read an image from a file, or make it and write the file.

    Parameters
    ----------
    path : Path
        The file, whose checksum (that of zip) is verified. A file that is missing or damaged
        is written anew; where nothing can be written, the image is made each time.
    make : callable
        Makes the image, (H, W, 3) uint8.

    Returns
    -------
    (H, W, 3) uint8
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            image: Image = stored["pixels"]
            return image
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        image = make()
    with contextlib.suppress(OSError), written_whole(path) as draft, draft.open("wb") as new:
        np.savez(new, pixels=image)
    return image
