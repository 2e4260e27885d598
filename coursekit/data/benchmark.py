"""What a method is evaluated on: one form for every set, shipped or downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from coursekit.types import BoolArray, Image, IntArray

__all__ = ["Benchmark", "NamedImage"]


class NamedImage(Protocol):
    """What a set is made of: an image with a name, read when it is needed."""

    @property
    def name(self) -> str:
        """Its identifier, which no other image of the set has."""

    def load(self) -> Image:
        """Read the pixels, (H, W, 3) uint8."""


ImageT_co = TypeVar("ImageT_co", bound=NamedImage, covariant=True)


@dataclass(frozen=True, eq=False)
class Benchmark(Generic[ImageT_co]):
    """A retrieval set with its true neighbours, and the images to learn on.

    The fields are what `coursekit.retrieval.mean_average_precision` takes:
    ``mean_average_precision(scores, b.positives, junk=b.junk, exclude=b.exclude)``.

    Parameters
    ----------
    learning : tuple of images
        For codebooks, PCA, whitening … None of them is evaluated.
    database : tuple of N images
        What is searched.
    queries : tuple of Q images
        What is looked for.
    positives : (Q, N) bool
        What should come first for each query; False for the query itself.
    kind : (Q,) str
        What kind of query each one is, to report figures apart.
    group : (Q,) str
        The place or the photo that each query comes from. Queries of one group are not
        independent: a confidence interval resamples groups.
    exclude : (Q,) integers in [0, N), optional
        Where the query itself stands in the database, to be left out of its own ranking;
        ``None`` if no query is in the database.
    junk : (Q, N) bool, optional
        What is neither right nor wrong, to be taken out before ranking.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.
    """

    learning: tuple[ImageT_co, ...]
    database: tuple[ImageT_co, ...]
    queries: tuple[ImageT_co, ...]
    positives: BoolArray
    kind: NDArray[np.str_]
    group: NDArray[np.str_]
    exclude: IntArray | None = None
    junk: BoolArray | None = None

    def __post_init__(self) -> None:
        Q, N = len(self.queries), len(self.database)
        expected = {
            "positives": (Q, N),
            "kind": (Q,),
            "group": (Q,),
            "exclude": (Q,),
            "junk": (Q, N),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
