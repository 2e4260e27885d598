"""The photographs that ship with the course, each with its author and licence.

246 photos under free licences: 20 groups of views of one place or object, and photos of other
things (distractors). `README.md` beside this file tells where they come from.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast, get_args

import numpy as np
from PIL import Image as PillowImage

from coursekit.types import Image
from coursekit.validation import check_choice

__all__ = ["Photo", "Subset", "groups", "photo", "photos"]

Subset = Literal["group", "pair", "distractor"]

_FOLDER = files(__name__)


@dataclass(frozen=True)
class Photo:
    """One photograph: what it shows, whom to credit, and where it comes from.

    Parameters
    ----------
    name : str
        Identifier, and the stem of the file's name.
    title : str
        What the photo shows, in a few words.
    group : str or None
        The place or object shown, shared by all photos of it; ``None`` for a distractor.
    subset : {"group", "pair", "distractor"}
        A group of 3 to 6 photos, a group of 2, or a photo of something else.
    author : str
        As the source repository gives it.
    licence : str
        Short name, for example ``"CC BY-SA 3.0"``.
    licence_file : str
        The file of the repository that states the licence.
    repository, commit, path, blob : str
        The photo's place on GitHub: ``owner/name``, and git's identifiers.
    source_page : str or None
        The photo's own page, where the repository gives one.

    Examples
    --------
    >>> tower = photo("eiffel_3")
    >>> tower.title, tower.author, tower.licence
    ('Eiffel Tower, view 4', 'Mustang Joe', 'CC0 1.0')
    >>> tower.load().shape
    (264, 264, 3)
    """

    name: str
    title: str
    group: str | None
    subset: Subset
    author: str
    licence: str
    licence_file: str
    repository: str
    commit: str
    path: str
    blob: str
    source_page: str | None

    @property
    def credit(self) -> str:
        """The line to print under the photo: author, licence, source, change made."""
        return f"{self._credited}, {self.licence}, from {self._source}, resized"

    @property
    def _credited(self) -> str:
        if self.author == "named on the source page":
            return f"author named on {self.source_page}"
        unnamed = self.author.startswith(("named ", "not stated"))
        return f"author {self.author}" if unnamed else self.author

    @property
    def _source(self) -> str:
        return f"{self.repository} (path {self.path}, commit {self.commit[:10]})"

    def load(self) -> Image:
        """Read the pixels.

        Returns
        -------
        (H, W, 3) uint8, RGB
            A fresh array, which the caller may write to. The longer side is at most 480 pixels.
        """
        with (_FOLDER / "images" / f"{self.name}.jpg").open("rb") as file:
            return np.array(PillowImage.open(file).convert("RGB"))


def photo(name: str) -> Photo:
    """Find one photo by its name.

    Parameters
    ----------
    name : str
        For example ``"eiffel_0"``; `photos` lists them all.

    Returns
    -------
    Photo

    Raises
    ------
    ValueError
        If there is no such photo; the message offers the closest names.

    Examples
    --------
    >>> photo("skull_0").group
    'skull'
    """
    by_name = {one.name: one for one in _table()}
    if name not in by_name:
        raise ValueError(_unknown("name", "the name of a photo", name, by_name))
    return by_name[name]


def photos(*, group: str | None = None, subset: Subset | None = None) -> tuple[Photo, ...]:
    """List the photos, always in the same order: the groups, one after the other, then the rest.

    Parameters
    ----------
    group : str, optional
        Only the photos of this place or object; `groups` lists them.
    subset : {"group", "pair", "distractor"}, optional
        Only the photos of this subset.

    Returns
    -------
    tuple of Photo
        Empty if no photo is in both.

    Raises
    ------
    ValueError
        If there is no such group (the message offers the closest names) or subset.

    Examples
    --------
    >>> len(photos()), len(photos(subset="distractor"))
    (246, 170)
    >>> [view.name for view in photos(group="umayyad")]
    ['umayyad_0', 'umayyad_1']
    """
    if group is not None and group not in groups():
        raise ValueError(_unknown("group", "the name of a group", group, groups()))
    if subset is not None:
        check_choice(subset, "subset", get_args(Subset))
    return tuple(
        one
        for one in _table()
        if (group is None or one.group == group) and (subset is None or one.subset == subset)
    )


def groups() -> tuple[str, ...]:
    """List the groups: the places and objects that are shown by several photos.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> len(groups()), groups()[-5:]
    (20, ('bananas', 'skull', 'eiffel', 'umayyad', 'sports_bag'))
    """
    return tuple(dict.fromkeys(one.group for one in _table() if one.group is not None))


@cache
def _table() -> tuple[Photo, ...]:
    lines = (_FOLDER / "photos.csv").read_text(encoding="utf-8").split("\n")
    return tuple(_photo_of(row) for row in csv.DictReader(lines))


def _photo_of(row: dict[str, str]) -> Photo:
    texts = {key: row[key] for key in row.keys() - {"group", "subset", "source_page"}}
    return Photo(
        **texts,
        group=row["group"] or None,
        subset=cast(Subset, row["subset"]),
        source_page=row["source_page"] or None,
    )


def _unknown(argument: str, expected: str, got: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(str(got), known, n=3)
    hint = f" (did you mean {', '.join(map(repr, close))}?)" if close else ""
    return f"{argument}: expected {expected}{hint}, got {got!r}"
