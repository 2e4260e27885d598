"""The revisited Oxford and Paris buildings, with their three protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np

from coursekit.data._archives import read_pickle
from coursekit.data._sources import REMOTES, images_of, opened
from coursekit.data.benchmark import Benchmark
from coursekit.data.image_files import ImageFile
from coursekit.data.photos import Photo
from coursekit.data.places import places
from coursekit.validation import check_choice

__all__ = ["RevisitedProtocol", "roxford5k", "rparis6k"]

RevisitedProtocol = Literal["easy", "medium", "hard"]


def roxford5k(
    *,
    protocol: RevisitedProtocol = "medium",
    max_side: int | None = 1024,
    progress: bool = True,
) -> Benchmark[Photo | ImageFile]:
    """Load the revisited Oxford buildings: 70 queries among 4,993 photos (1.9 GB).

    Parameters
    ----------
    protocol : {"easy", "medium", "hard"}, default "medium"
        What counts. Easy: positives are the easy photos, hard ones are junk; medium: both are
        positives; hard: positives are the hard photos, easy ones are junk. Photos on which
        the building can hardly be recognised are junk throughout.
    max_side, progress
        As for `holidays`.

    Returns
    -------
    Benchmark of ImageFile
        A query is the part of its photo that shows the building; it is not in the database.
        Kind and group are the building. Learning is that of `places`; papers learn on Paris for
        Oxford and the other way round, which `dataclasses.replace` does:
        ``replace(roxford5k(), learning=rparis6k().database)``.

    Raises
    ------
    DownloadError, TypeError, ValueError
        As for `holidays`. The ground truth is a pickle, and one that holds more than plain data
        is refused.

    References
    ----------
    Radenović, Iscen, Tolias, Avrithis & Chum 2018, "Revisiting Oxford and Paris: large-scale
    image retrieval benchmarking"; Philbin et al. 2007.
    """
    return _revisited("roxford5k", protocol, max_side, progress)


def rparis6k(
    *,
    protocol: RevisitedProtocol = "medium",
    max_side: int | None = 1024,
    progress: bool = True,
) -> Benchmark[Photo | ImageFile]:
    """Load the revisited Paris buildings: 70 queries among 6,322 photos (2.5 GB).

    Parameters
    ----------
    protocol, max_side, progress
        As for `roxford5k`.

    Returns
    -------
    Benchmark of ImageFile
        As for `roxford5k`.

    Raises
    ------
    DownloadError, TypeError, ValueError
        As for `roxford5k`.

    References
    ----------
    Radenović et al. 2018, as for `roxford5k`; Philbin et al. 2008, "Lost in quantization".
    """
    return _revisited("rparis6k", protocol, max_side, progress)


def _revisited(
    name: str, protocol: str, max_side: int | None, progress: bool
) -> Benchmark[Photo | ImageFile]:
    check_choice(protocol, "protocol", get_args(RevisitedProtocol))
    archives = [part for part in REMOTES[name] if part != "truth"]
    files = {one.name: one for one in images_of(name, archives, max_side, progress)}
    with opened(name, "truth", progress=progress) as path:
        truth = _read_truth(path)
    missing = [one for one in truth["imlist"] + truth["qimlist"] if one not in files]
    if missing:
        raise ValueError(f"{name}: expected an image named {missing[0]!r}, got none")
    queries = tuple(
        ImageFile(one, files[one].path, _box(answer), max_side)
        for one, answer in zip(truth["qimlist"], truth["gnd"], strict=True)
    )
    positives, junk = _PROTOCOLS[protocol]
    building = np.array([one.rsplit("_", 1)[0] for one in truth["qimlist"]])
    n_images = len(truth["imlist"])
    return Benchmark(
        learning=places().learning,
        database=tuple(files[one] for one in truth["imlist"]),
        queries=queries,
        positives=np.array([_marked(a, positives, n_images) for a in truth["gnd"]]),
        kind=building,
        group=building,
        junk=np.array([_marked(a, junk, n_images) for a in truth["gnd"]]),
    )


# Which lists of the ground truth are positives, and which are junk.
_PROTOCOLS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "easy": (["easy"], ["junk", "hard"]),
    "medium": (["easy", "hard"], ["junk"]),
    "hard": (["hard"], ["junk", "easy"]),
}


def _read_truth(path: Path) -> dict[str, Any]:
    truth = read_pickle(path)
    keys = {"gnd", "imlist", "qimlist"}
    if not isinstance(truth, dict) or not keys <= truth.keys():
        raise ValueError(f"{path}: expected a dictionary with {sorted(keys)}, got another object")
    lists = {key: list(truth[key]) for key in keys}
    if len(lists["gnd"]) != len(lists["qimlist"]):
        got = f"{len(lists['gnd'])} and {len(lists['qimlist'])}"
        raise ValueError(f"{path}: expected one answer for each query, got {got}")
    return lists


def _box(answer: Mapping[str, Any]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(edge) for edge in answer["bbx"])
    return left, top, right, bottom


def _marked(answer: Mapping[str, Any], lists: Sequence[str], n_images: int) -> Any:
    """Return (N,) bool: whether an image is in one of the lists of an answer."""
    mask = np.zeros(n_images, dtype=bool)
    for name in lists:
        mask[np.asarray(answer[name], dtype=np.intp)] = True
    return mask
