"""The guard inside the kernel: a notebook reads coursekit, Python and its own empty directory.

`tests.notebooks.kernel` sends this file's text to a fresh kernel and calls `arm` before the first
cell. It therefore imports only the standard library and nothing of ours.

What a chapter may touch is what a reader has: the installation, coursekit with its photographs,
and the directory the notebook was opened in. Anything else (a file of the author's machine, the
network, another program) raises here, and is also written down, so that a cell which swallows the
exception is caught all the same. Python's audit hooks see what Python opens, not what C libraries
open by themselves (`cv2.imread`): the empty directory and the empty home catch most of those.
"""

from __future__ import annotations

import importlib.util
import os
import site
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# What Python and its libraries read of the system to know the machine, its clock and its fonts.
SYSTEM = (
    "/proc", "/sys", "/dev", "/etc/localtime", "/usr/share/zoneinfo",
    "/etc/fonts", "/usr/share/fonts", "/System/Library/Fonts", "/Library/Fonts",
    r"C:\Windows\Fonts",
)  # fmt: skip

# Programs that libraries ask about the machine: joblib for its cores, ctypes for its C library.
INQUIRIES = frozenset({"lscpu", "sysctl", "ldconfig"})

PROGRAM_EVENTS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
)
NETWORK_EVENTS = frozenset(
    f"socket.{call}"
    for call in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "getnameinfo")
) | {"socket.gethostbyname", "socket.gethostbyaddr"}
LISTING_EVENTS = frozenset({"os.listdir", "os.scandir"})
# Event → how many of its first arguments are paths that it changes.
CHANGING_EVENTS = {
    "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.truncate": 1, "os.chmod": 1,
    "os.rename": 2, "os.link": 2, "os.symlink": 2,
}  # fmt: skip
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC


class TrespassError(RuntimeError):
    """A notebook reached for something that its reader does not have."""


def arm(writable: Iterable[str], log: str) -> None:
    """Refuse, from now on and in this process, whatever lies outside of what a reader has.

    Parameters
    ----------
    writable : paths
        The notebook's own directories; they may be read and written.
    log : path
        File that receives one line for each refusal.
    """
    own = _normalised(writable)
    readable = own + _normalised((*SYSTEM, *_installation(), *_coursekit()))
    searched = _normalised(filter(None, sys.path))  # the import system lists these
    journal = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def refuse(what: str) -> None:
        message = f"notebook: expected to use coursekit and an empty directory only, {what}"
        os.write(journal, (message + "\n").encode())
        raise TrespassError(message)

    def inspect(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(arguments, readable, own, refuse)
        elif event in LISTING_EVENTS:
            path = _path(arguments[0] if arguments[0] is not None else ".")
            # Torch looks in each folder of sys.path for libraries: what is not there tells nothing.
            known = path is None or path in searched or not os.path.lexists(path)
            if not known and not _inside(path, readable):
                refuse(f"got a listing of {path}")
        elif event in CHANGING_EVENTS:
            for path in map(_path, arguments[: CHANGING_EVENTS[event]]):
                if path is not None and not _inside(path, own):
                    refuse(f"got {event} on {path}")
        elif event in NETWORK_EVENTS:
            refuse(f"got the network: {event} {_readable(arguments)}")
        elif event in PROGRAM_EVENTS:
            _check_program(event, arguments, refuse)

    sys.addaudithook(inspect)


def _check_open(
    arguments: tuple[Any, ...],
    readable: tuple[str, ...],
    own: tuple[str, ...],
    refuse: Callable[[str], None],
) -> None:
    path, _, flags = arguments
    place = _path(path)
    if place is None:
        return
    if flags & WRITING_FLAGS:
        if not _inside(place, own) and place != _normal(os.devnull):
            refuse(f"got a write to {place}")
    elif not _inside(place, readable):
        refuse(f"got a read of {place}")


def _check_program(event: str, arguments: tuple[Any, ...], refuse: Callable[[str], None]) -> None:
    program = Path(os.fsdecode(arguments[0] or "")).name
    if event != "subprocess.Popen" or program not in INQUIRIES:
        refuse(f"got another program: {event} {_readable(arguments)}")


def _path(value: Any) -> str | None:
    """Return a path as it is compared, None for an open descriptor."""
    if isinstance(value, int):
        return None
    return _normal(os.fsdecode(value))


def _normal(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _normalised(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_normal, paths)))


def _inside(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + os.sep) for root in roots)


def _installation() -> list[str]:
    """Return where Python and its packages live, and the metadata of editable packages."""
    described = (path for entry in sys.path if entry for path in Path(entry).glob("*-info"))
    return [
        *map(str, described),
        sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix,
        *site.getsitepackages(), site.getusersitepackages(),
    ]  # fmt: skip


def _coursekit() -> list[str]:
    """Return where coursekit would be imported from: an editable install lies outside of Python."""
    spec = importlib.util.find_spec("coursekit")
    return list(spec.submodule_search_locations or ()) if spec else []


def _readable(arguments: tuple[Any, ...]) -> str:
    return " ".join(
        repr(value) for value in arguments if isinstance(value, str | bytes | tuple | list)
    )
