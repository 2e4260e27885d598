"""Downloads that hold other things: tar archives, and pickles that others wrote."""

from __future__ import annotations

import gzip
import pickle
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from tqdm import tqdm

__all__ = ["read_pickle", "unpack"]


def unpack(archive: Path, target: Path, *, progress: bool = True) -> Path:
    """Extract a gzipped tar archive into a new folder: all of it or nothing.

    Parameters
    ----------
    archive : Path
        Only plain files and folders are accepted, with names that stay within the folder.
    target : Path
        The folder. If it exists, it is whole, and nothing is done.
    progress : bool, default True
        Whether to draw a progress bar on the standard error stream.

    Returns
    -------
    Path
        `target`

    Raises
    ------
    ValueError
        If the archive is damaged, or holds a link, a device or a name that leads elsewhere.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as draft:
        content = Path(draft, "content")  # a folder with the user's own permissions
        content.mkdir()
        try:
            _extract(archive, content, progress)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{archive}: expected a whole archive, got: {error}") from error
        content.replace(target)
    return target


def _extract(archive: Path, folder: Path, progress: bool) -> None:
    bar = tqdm(desc=archive.name, unit=" files", delay=0.5, disable=not progress)
    with bar, gzip.open(archive) as stream:
        # As a stream: one pass, which ends with gzip's own checksum.
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                _extract_member(tar, member, folder, archive)
                bar.update()
        while stream.read(1 << 20):
            pass


def _extract_member(
    tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, archive: Path
) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or set(member.name) & set("\\:\0"):
        raise ValueError(f"{archive}: expected names within the archive, got {member.name!r}")
    if not (member.isfile() or member.isdir()):
        raise ValueError(f"{archive}: expected files and folders, got {member.name!r}, a link")
    place = folder / name
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None  # a plain file has a content
    with content, place.open("wb") as file:
        shutil.copyfileobj(content, file)


def read_pickle(path: Path) -> Any:
    """Read a pickle of lists, dictionaries, strings, numbers and NumPy arrays.

    Parameters
    ----------
    path : Path
        May be of Python 2. Anything that a pickle may call beyond those types is refused before
        it runs, unlike by `pickle.load`.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it refers to anything else, or is no pickle.
    """
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file, encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected a pickle of plain data, got: {error}") from error


def _encode(text: str, encoding: str) -> bytes:
    """Stand in for `codecs.encode`, by which pickles without bytes of their own write them."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Stand in for the type `bytes`, which they call for none at all."""
    return b""


# The functions that rebuild an array and a scalar have moved between versions of NumPy.
_REBUILD_ARRAY: Final[Callable[..., Any]] = np.zeros(0).__reduce__()[0]  # type: ignore[assignment]
_REBUILD_SCALAR: Final[Callable[..., Any]] = np.float64(0).__reduce__()[0]  # type: ignore[assignment]
_PLAIN: Final[dict[tuple[str, str], Any]] = {
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{
        (f"numpy.{core}.multiarray", name): rebuild
        for core in ("core", "_core")
        for name, rebuild in (("_reconstruct", _REBUILD_ARRAY), ("scalar", _REBUILD_SCALAR))
    },
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PLAIN:
            raise pickle.UnpicklingError(f"a reference to {module}.{name}")
        return _PLAIN[module, name]
