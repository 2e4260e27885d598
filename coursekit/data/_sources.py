"""The files of the papers' data sets: their addresses and checksums, and the images in them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from scipy.io import loadmat

from coursekit.data._archives import unpack
from coursekit.data._download import Remote, fetch, forget_checksum
from coursekit.data._storage import data_folder
from coursekit.data.image_files import ImageFile
from coursekit.types import IntArray
from coursekit.validation import check_integer

__all__ = ["COUNTS", "REMOTES", "check_count", "images_of", "matrix_of", "opened"]

# Copydays moved here in 2022, as the authors of SSCD told their users; the old folder refuses.
_INRIA: Final = "http://pascal.inrialpes.fr/data2/holidays"
_INRIA_FTP: Final = "ftp://ftp.inrialpes.fr/pub/lear/douze/data"
_MIRROR: Final = "https://dl.fbaipublicfiles.com/vissl/datasets"
_OXFORD: Final = "https://www.robots.ox.ac.uk/~vgg/data"
# https, for want of a published checksum: the files of the truth are pickles.
_PRAGUE: Final = "https://cmp.felk.cvut.cz/revisitop/data/datasets"

# Copydays' checksums are those that users of the mirror published, each found in two projects;
# those of the flowers stand in torchvision. None means that we found no published one.
REMOTES: Final[Mapping[str, Mapping[str, Remote]]] = {
    "holidays": {
        "first half": Remote(f"{_INRIA_FTP}/jpg1.tar.gz"),
        "second half": Remote(f"{_INRIA_FTP}/jpg2.tar.gz"),
    },
    "copydays": {
        "original": Remote(
            f"{_MIRROR}/copydays_original.tar.gz",
            "sha256:8b85b7914fd0145bc258bde3440f6a622243ca91ee085fe2025ce7bdeb0bfb8e",
        ),
        "strong": Remote(
            f"{_MIRROR}/copydays_strong.tar.gz",
            "sha256:7852c64aa4a37e8329ce08159fc947c16f09c66737db0a2479a90fc9ae40760c",
        ),
        "crops": Remote(f"{_INRIA}/copydays_crop.tar.gz"),
        "jpeg": Remote(f"{_INRIA}/copydays_jpeg.tar.gz"),
    },
    # By 2022 Oxford had replaced its archives of buildings by these, with the faces blurred:
    # figures from before are from other pixels.
    "roxford5k": {
        "images": Remote(f"{_OXFORD}/oxbuildings/oxbuild_images-v1.tgz"),
        "truth": Remote(f"{_PRAGUE}/roxford5k/gnd_roxford5k.pkl"),
    },
    "rparis6k": {
        "images": Remote(f"{_OXFORD}/parisbuildings/paris_1-v1.tgz"),
        "more images": Remote(f"{_OXFORD}/parisbuildings/paris_2-v1.tgz"),
        "truth": Remote(f"{_PRAGUE}/rparis6k/gnd_rparis6k.pkl"),
    },
    "flowers": {
        "images": Remote(
            f"{_OXFORD}/flowers/102/102flowers.tgz", "md5:52808999861908f626f3c1f4e79d11fa"
        ),
        "classes": Remote(
            f"{_OXFORD}/flowers/102/imagelabels.mat", "md5:e0620be6f572b9609742df49c70aed4d"
        ),
        "split": Remote(f"{_OXFORD}/flowers/102/setid.mat", "md5:a5357ecc9cb78c4bef273ce3793fc85c"),
    },
}

# The images of each set: a part of it would give wrong figures without a word.
COUNTS: Final[dict[str, int]] = {
    "holidays": 1491,
    "copydays original": 157,
    "copydays strong": 229,
    "copydays crops": 9 * 157,
    "copydays jpeg": 9 * 157,
    "flowers": 8189,
}


@contextlib.contextmanager
def opened(name: str, part: str, *, progress: bool) -> Iterator[Path]:
    """Give a file of a set, downloaded if need be, to be read.

    If it turns out to be damaged (a `ValueError`), as an error page in its place is, its recorded
    checksum is taken back: the next download may differ.
    """
    folder = data_folder() / name
    remote = REMOTES[name][part]
    path = fetch(remote, folder, progress=progress)
    try:
        yield path
    except ValueError as error:
        forget_checksum(remote, folder)
        raise ValueError(f"{error}; delete {path.name} to download it again") from error


def images_of(
    name: str, parts: Sequence[str], max_side: int | None, progress: bool
) -> tuple[ImageFile, ...]:
    """List the images of some archives of a set, by name; download and unpack if need be."""
    if max_side is not None:
        max_side = check_integer(max_side, "max_side")
    paths: list[tuple[str, Path]] = []
    for part in parts:
        folder = data_folder() / name / REMOTES[name][part].name.split(".")[0]
        if not folder.exists():
            with opened(name, part, progress=progress) as archive:
                unpack(archive, folder, progress=progress)
        found = [path for path in folder.rglob("*.jpg") if not path.name.startswith(".")]
        # One level of folders is a part of the name where images of several share theirs.
        twice = len({path.name for path in found}) < len(found)
        paths += [
            (f"{path.parent.name}/{path.stem}" if twice else path.stem, path) for path in found
        ]
    return tuple(ImageFile(one, path, max_side=max_side) for one, path in sorted(paths))


def matrix_of(name: str, part: str, key: str, progress: bool) -> IntArray:
    """Read a list of integers from a Matlab file."""
    with opened(name, part, progress=progress) as path:
        try:
            return np.asarray(loadmat(path)[key]).ravel().astype(np.intp)
        except (ValueError, KeyError, NotImplementedError) as error:
            raise ValueError(f"{path}: expected Matlab's matrix {key!r}, got: {error}") from error


def check_count(what: str, got: int) -> None:
    """Refuse a set that is not whole."""
    if got != COUNTS[what]:
        raise ValueError(f"{what}: expected {COUNTS[what]} images, got {got}")
