"""OpenCV on one path through its code, so that its bytes follow neither processor nor threads.

OpenCV and Intel's IPP, which it calls, have several versions of the same function and take the
fastest one that the processor has. They round differently, and SIFT's thresholds turn a last bit
into a feature more or less. Three switches lead to the plain version: `cv2.setUseOptimized` and
`cv2.setNumThreads`, which hold for the whole process, and `cv2.ipp.setUseIPP`, which holds for
the calling thread only. So OpenCV's own threads would still use IPP, and only the caller may work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread

import cv2

__all__ = ["plain_opencv"]


@contextmanager
def plain_opencv() -> Iterator[None]:
    """Run OpenCV's plain code, on the calling thread alone, and leave its switches as they were.

    May be nested, and entered by several threads at a time. Until the last one is out, whatever
    else the process asks of OpenCV is slower too.
    """
    use_ipp = cv2.ipp.useIPP()
    _process.enter()
    try:
        cv2.ipp.setUseIPP(False)
        yield
    finally:
        cv2.ipp.setUseIPP(use_ipp)
        _process.leave()


class _Process:
    """The switches of the whole process: the first one in sets them, the last one out restores.

    If each saved and restored for itself, a second thread would save what the first had set, and
    restore that in the end.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._inside = 0
        self._before = (True, 0)

    def enter(self) -> None:
        with self.lock:
            if self._inside == 0:
                self._before = cv2.useOptimized(), cv2.getNumThreads()
                _switch(use_optimized=False, n_threads=1)
            self._inside += 1

    def leave(self) -> None:
        with self.lock:
            self._inside -= 1
            if self._inside == 0:
                _switch(*self._before)

    def after_fork(self) -> None:
        """Forget the threads that were inside: a forked process has only the one that forked."""
        self.lock.release()
        if self._inside:
            self._inside = 0
            _switch(*self._before)


def _switch(use_optimized: bool, n_threads: int) -> None:
    # 0 and 1 both mean the caller alone, but 1 also waits for the end of OpenCV's threads: for ever
    # in a forked process, which does not have them.
    cv2.setNumThreads(n_threads if n_threads > 1 else 0)
    # It also sets IPP and OpenCL for the thread that calls it: so one where nobody else works.
    thread = Thread(target=cv2.setUseOptimized, args=(use_optimized,))
    thread.start()
    thread.join()


_process = _Process()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=_process.lock.acquire,
        after_in_parent=_process.lock.release,
        after_in_child=_process.after_fork,
    )
