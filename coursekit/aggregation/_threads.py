"""Threads that share rows out among themselves, each computing its products alone.

A BLAS with threads of its own spends more on their meeting than on products that fit the cache, and
far more where another process keeps a core busy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

Map = Callable[..., Iterator[Any]]


@contextmanager
def products_on_one_thread() -> Iterator[int]:
    """Keep BLAS to the calling thread, and give the number of threads that it was allowed.

    The first caller in limits, the last one out restores: if each restored for itself, what came in
    second would restore the limit.
    """
    _limit.enter()
    try:
        yield _limit.allowed
    finally:
        _limit.leave()


@contextmanager
def row_workers() -> Iterator[Map]:
    """Give a `map` that runs on as many threads as BLAS is allowed."""
    with products_on_one_thread() as allowed, ThreadPoolExecutor(allowed) as pool:
        yield pool.map


@cache
def _blas() -> Any:
    """Return the libraries that multiply; looking for them takes some milliseconds."""
    return ThreadpoolController().select(user_api="blas")


class _Limit:
    """The limit of the whole process."""

    def __init__(self) -> None:
        self.allowed = 1
        self._lock = Lock()
        self._inside = 0
        self._set: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self.allowed = max((one["num_threads"] for one in _blas().info()), default=1)
                self._set = _blas().limit(limits=1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._set.restore_original_limits()


_limit = _Limit()
