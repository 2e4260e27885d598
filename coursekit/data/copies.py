"""*Copies*: find the photo that a copy was made from, among distractors.

After INRIA Copydays, whose photos have to be downloaded; here every original ships.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import PIL

from coursekit.data import transformations
from coursekit.data._storage import cached_image, data_folder
from coursekit.data.benchmark import Benchmark
from coursekit.data.photos import Photo
from coursekit.data.places import places
from coursekit.data.wheel_photos import WheelPhoto, wheel_photos
from coursekit.types import Image

__all__ = ["COPY_KINDS", "Copy", "Step", "copies"]


@dataclass(frozen=True)
class Step:
    """One transformation of `coursekit.data.transformations`, with its options.

    Parameters
    ----------
    name : str
        The function's name.
    options : tuple of (str, value)
        Its arguments, by name.

    Examples
    --------
    >>> print(Step("jpeg", (("quality", 10),)))
    jpeg(quality=10)
    """

    name: str
    options: tuple[tuple[str, Any], ...]

    def __call__(self, image: Image) -> Image:
        """Transform an image, (H, W, 3) uint8."""
        result: Image = getattr(transformations, self.name)(image, **dict(self.options))
        return result

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.options)})"


@dataclass(frozen=True)
class Copy:
    """A copy of a photo: made when it is first read, then kept in the cache folder.

    All 270 copies of the set take a few seconds to make and 90 MB to keep, in the folder that the
    environment variable ``COURSEKIT_DATA`` names or else in the user's cache folder.

    Parameters
    ----------
    original : Photo or WheelPhoto
        What it is a copy of.
    kind : str
        One of `COPY_KINDS`.
    steps : tuple of Step
        What was done to the original, in this order.

    Examples
    --------
    >>> copy = copies().queries[10]
    >>> copy.name, copy.title
    ('flower_jpeg', 'Dahlia: jpeg(quality=30)')
    """

    original: Photo | WheelPhoto
    kind: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The original's name and the kind."""
        return f"{self.original.name}_{self.kind}"

    @property
    def title(self) -> str:
        """What the photo shows, and what was done to it."""
        return f"{self.original.title}: {', then '.join(map(str, self.steps))}"

    @property
    def credit(self) -> str:
        """The line to print under the copy: the original's, and that it was changed again."""
        return f"{self.original.credit}, then {', '.join(step.name for step in self.steps)}"

    def make(self) -> Image:
        """Make the copy from the original's pixels, without the cache.

        Returns
        -------
        (H, W, 3) uint8, RGB
        """
        image = self.original.load()
        for step in self.steps:
            image = step(image)
        return image

    def load(self) -> Image:
        """Read the pixels.

        Returns
        -------
        (H, W, 3) uint8, RGB
            A fresh array, which the caller may write to.
        """
        return cached_image(data_folder() / _cache_name() / f"{self.name}.npz", self.make)


def _step(name: str, **options: Any) -> Step:
    return Step(name, tuple(options.items()))


# From faint to severe; the i-th original gets the (i mod 6)-th of each kind.
_RECIPES: Final[Mapping[str, tuple[tuple[Step, ...], ...]]] = {
    "crop": tuple(
        (_step("crop", removed=removed, centre=centre),)
        for removed, centre in [
            (0.1, (0.5, 0.5)),
            (0.3, (0.0, 1.0)),
            (0.5, (1.0, 0.5)),
            (0.6, (0.2, 0.2)),
            (0.7, (0.5, 1.0)),
            (0.8, (0.5, 0.5)),
        ]
    ),
    "jpeg": tuple((_step("jpeg", quality=quality),) for quality in (75, 30, 15, 10, 8, 5)),
    "rotation": tuple((_step("rotate", degrees=angle),) for angle in (5, -10, 20, -45, 90, 180)),
    "scale": tuple(
        (_step("scale", factor=factor),) for factor in (0.7, 0.5, 0.35, 0.25, 0.2, 0.15)
    ),
    "blur": tuple((_step("blur", sigma=sigma),) for sigma in (1, 2, 3, 4, 6, 8)),
    "scan": tuple(
        (_step("print_scan", noise=noise, sigma=sigma, seed=seed),)
        for seed, (noise, sigma) in enumerate(
            [(4, 0.8), (8, 0.8), (12, 1), (16, 1.2), (24, 1.5), (32, 2)]
        )
    ),
    "light": tuple(
        (_step("relight", gamma=gamma, shade=shade),)
        for gamma, shade in [(0.7, 0), (1.5, 0.2), (0.5, 0.5), (2, 0.7), (0.35, 0.3), (3, 0.8)]
    ),
    "perspective": tuple(
        (_step("perspective", tilt=tilt, side=side),)
        for tilt, side in [
            (0.2, "left"),
            (0.35, "top"),
            (0.5, "right"),
            (0.6, "bottom"),
            (0.7, "left"),
            (0.8, "right"),
        ]
    ),
    "strong": (
        (
            _step("crop", removed=0.5, centre=(0.3, 0.6)),
            _step("rotate", degrees=12),
            _step("jpeg", quality=8),
        ),
        (
            _step("perspective", tilt=0.4, side="top"),
            _step("print_scan", noise=16, sigma=1.2, seed=6),
            _step("rotate", degrees=-4),
        ),
        (
            _step("scale", factor=0.25),
            _step("jpeg", quality=20),
            _step("scale", factor=3),
            _step("relight", gamma=1.8, shade=0.4),
        ),
        (
            _step("crop", removed=0.7, centre=(0.6, 0.4)),
            _step("relight", gamma=0.5),
            _step("print_scan", noise=20, sigma=1.2, seed=7),
        ),
        (
            _step("rotate", degrees=90),
            _step("crop", removed=0.5, centre=(0.5, 0.3)),
            _step("blur", sigma=3),
            _step("jpeg", quality=15),
        ),
        (
            _step("crop", removed=0.7, centre=(0.4, 0.4)),
            _step("perspective", tilt=0.7, side="left"),
            _step("scale", factor=0.4),
            _step("jpeg", quality=8),
        ),
    ),
}

COPY_KINDS: Final = tuple(_RECIPES)
"""The kinds of copies, in the order of each original's queries."""


def copies() -> Benchmark[Photo | WheelPhoto | Copy]:
    """Make the set *Copies*: 270 copies of 30 photos, to be found among 163.

    Each original is copied once in each of nine ways (`COPY_KINDS`), in six strengths that take
    turns so that each is met five times. The database holds the originals and, as distractors,
    all other photos that are not for learning; learning is that of `places`.

    Returns
    -------
    Benchmark of Photo, WheelPhoto (the database) and Copy (the queries)
        One positive a query, its original, whose name is its group. No query is in the
        database.

    References
    ----------
    Douze, Jégou, Sandhawalia, Amsaleg & Schmid 2009, "Evaluation of GIST descriptors for
    web-scale image search", with INRIA Copydays; the transformations and strengths are ours.

    Examples
    --------
    >>> benchmark = copies()
    >>> len(benchmark.learning), len(benchmark.database), len(benchmark.queries)
    (85, 163, 270)
    """
    shipped = places()
    singles = tuple(one for one in shipped.database if one.group is None)
    originals = wheel_photos() + singles[::3][:28]
    others = tuple(one for one in shipped.database if one not in originals)
    database = originals + others
    queries = tuple(
        Copy(original, kind, recipes[i % len(recipes)])
        for i, original in enumerate(originals)
        for kind, recipes in _RECIPES.items()
    )
    positives = np.array([[one is query.original for one in database] for query in queries])
    return Benchmark(
        learning=shipped.learning,
        database=database,
        queries=queries,
        positives=positives,
        kind=np.array([query.kind for query in queries]),
        group=np.array([query.original.name for query in queries]),
    )


@cache
def _cache_name() -> str:
    """Name the cache after all that the pixels depend on, so that a change makes a new one."""
    sources = inspect.getsource(transformations) + repr(_RECIPES) + PIL.__version__
    return f"copies-{hashlib.sha256(sources.encode()).hexdigest()[:12]}"
