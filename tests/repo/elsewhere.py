"""pytest as it would run elsewhere: `python -m tests.repo.elsewhere YEARS SEED IDS [options]`.

Moves the clock by some years and shuffles the listings of folders, before anything of pytest is
imported. The names of the tests are written to the file IDS, in their order. What a process gets
from outside (hash seed, time zone, locale, home, user), its caller changes.
"""

from __future__ import annotations

import datetime
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def move_clock(seconds: int) -> None:
    """Let the clock go wrong by some seconds; the time that something takes stays right."""
    clock, clock_ns = time.time, time.time_ns
    time.time = lambda: clock() + seconds
    time.time_ns = lambda: clock_ns() + seconds * 10**9
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name)))
    shift = datetime.timedelta(seconds=seconds)
    right = datetime.datetime

    class Kind(type):
        def __instancecheck__(cls, other: object) -> bool:
            return isinstance(other, right)

    class Moved(datetime.datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return right.now(tz) + shift

        today = now

    datetime.datetime = Moved  # type: ignore[misc]


def _of_now(convert: Callable[[float], Any]) -> Callable[..., Any]:
    def converted(seconds: float | None = None) -> Any:
        return convert(time.time() if seconds is None else seconds)

    return converted


def shuffle_listings(seed: int) -> None:
    """Let folders be listed in another order, as another file system would."""
    names, entries, rng = os.listdir, os.scandir, random.Random(seed)

    def listdir(path: Any = ".") -> list[Any]:
        found = names(path)
        rng.shuffle(found)
        return found

    class Entries(list[os.DirEntry[Any]]):
        """What `os.scandir` returns: an iterator, to be used with ``with`` or without."""

        def __init__(self, path: Any = ".") -> None:
            with entries(path) as found:
                super().__init__(found)
            rng.shuffle(self)

        def __next__(self) -> os.DirEntry[Any]:
            if not self:
                raise StopIteration
            return self.pop()

        def __iter__(self) -> Iterator[os.DirEntry[Any]]:
            return self

        def __enter__(self) -> Entries:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        def close(self) -> None:
            self.clear()

    os.listdir = listdir
    os.scandir = Entries  # type: ignore[assignment]


class Names:
    """A plugin that writes the names of the tests that were collected."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        names = [item.nodeid for item in session.items]
        self.path.write_text("\n".join(names), encoding="utf-8")


def main(years: str, seed: str, ids: str, *options: str) -> int:
    move_clock(int(years) * 365 * 86_400)
    shuffle_listings(int(seed))
    import pytest

    return pytest.main(list(options), plugins=[Names(Path(ids))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
