"""Files from the network: whole, with the right checksum, and resumed where they stopped."""

from __future__ import annotations

import contextlib
import ftplib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from tqdm import tqdm

__all__ = ["DownloadError", "Remote", "fetch", "forget_checksum"]

_TIMEOUT: Final = 30  # seconds without a byte
_CHUNK: Final = 1 << 16  # bytes
_DELAY: Final = 0.5  # seconds without a bar


class DownloadError(OSError):
    """A file could not be had from the network; the message says where to put it by hand."""


@dataclass(frozen=True)
class Remote:
    """A file on the network.

    Parameters
    ----------
    url : str
        ``http``, ``https`` or ``ftp``.
    checksum : str or None
        ``"sha256:…"`` or ``"md5:…"``, as published. ``None`` if nobody published one: then the
        checksum of the first download is recorded and holds for every later one.
    """

    url: str
    checksum: str | None = None

    @property
    def name(self) -> str:
        """The file's name, the last part of the address."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]


def forget_checksum(remote: Remote, folder: Path) -> None:
    """Take back the recorded checksum of a file that turned out to be of no use.

    Parameters
    ----------
    remote : Remote
    folder : Path
        As for `fetch`.
    """
    _record(remote, folder).unlink(missing_ok=True)


def fetch(remote: Remote, folder: Path, *, progress: bool = True) -> Path:
    """Return a file of the network as a local one, and download it if it is not there.

    Parameters
    ----------
    remote : Remote
    folder : Path
        Where the file is, or is put. A download that broke off stays as ``NAME.part`` beside it
        and the next call goes on from there; ``NAME.sha256`` is the recorded checksum.
    progress : bool, default True
        Whether to draw a progress bar on the standard error stream.

    Returns
    -------
    Path

    Raises
    ------
    DownloadError
        If it is not there and cannot be downloaded, or what came has another checksum.
    ValueError
        If it is there and has another checksum.
    """
    import pooch

    target = folder / remote.name
    record = _record(remote, folder)
    known = remote.checksum or (record.read_text().strip() if record.exists() else None)
    if target.exists():
        _check_sum(target, known)
    else:
        _download(remote, target, known, progress)
    if known is None:
        record.write_text(f"sha256:{pooch.file_hash(str(target), 'sha256')}\n")
    return target


def _record(remote: Remote, folder: Path) -> Path:
    return folder / f"{remote.name}.sha256"


def _check_sum(target: Path, known: str | None) -> None:
    import pooch

    if known is None:
        return
    algorithm, expected = known.split(":")
    got = pooch.file_hash(str(target), algorithm)
    if got != expected:
        again = "delete the file to download it again"
        raise ValueError(f"{target}: expected {known}, got {algorithm}:{got}; {again}")


def _download(remote: Remote, target: Path, known: str | None, progress: bool) -> None:
    """Let pooch download to a temporary file, verify it and move it into place."""
    import pooch

    store = pooch.create(
        target.parent, base_url="", registry={target.name: known}, urls={target.name: remote.url}
    )
    resuming = _Resuming(target.with_name(f"{target.name}.part"), progress)
    try:
        store.fetch(target.name, downloader=resuming)
    except (OSError, EOFError, ValueError, ftplib.Error) as error:
        resume = "call again to go on where it stopped, or " if resuming.part.exists() else ""
        raise DownloadError(
            f"{remote.name}: expected a download from {remote.url}, got {error}; {resume}get the "
            f"file by other means and put it at {target}"
        ) from error


class _Resuming:
    """A downloader for pooch that appends to a partial file and hands it over when whole."""

    def __init__(self, part: Path, progress: bool) -> None:
        self.part = part
        self.tag = part.with_name(f"{part.name}.tag")  # the server's name for this version
        self.progress = progress

    def __call__(self, url: str, output_file: str, _: object) -> None:
        transfer = _ftp if urlsplit(url).scheme == "ftp" else self._http
        try:
            with self.part.open("ab") as file, self._bar() as bar:
                total = transfer(url, file, bar)
            got = self.part.stat().st_size
            if total is not None and got > total:
                self.part.unlink()
            if total is not None and got != total:
                raise OSError(f"{got} of {total} bytes")
            self.part.replace(output_file)
        finally:
            if not self.part.exists() or self.part.stat().st_size == 0:
                self._forget()

    def _http(self, url: str, file: IO[bytes], bar: tqdm[Any]) -> int | None:
        import pooch

        answer = _Answer(file, self.tag)
        headers = {"Accept-Encoding": "identity", **self._range(file.tell())}
        download = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=_CHUNK,
            timeout=_TIMEOUT,
            headers=headers,
            hooks={"response": answer},
        )
        try:
            download(url, file, None)
        except OSError:
            if answer.status != 416:  # the server has not as many bytes as we have
                raise
            file.truncate(0)
            download.kwargs["headers"] = {"Accept-Encoding": "identity"}
            download(url, file, None)
        return answer.total

    def _range(self, start: int) -> dict[str, str]:
        if start == 0:
            return {}
        same = {"If-Range": self.tag.read_text()} if self.tag.exists() else {}
        return {"Range": f"bytes={start}-", **same}

    @contextlib.contextmanager
    def _bar(self) -> Iterator[tqdm[Any]]:
        name = self.part.name.removesuffix(".part")
        # pooch asks whether the bar is true, which it is only with a total; it sets the right one.
        with tqdm(
            total=1, desc=name, unit="B", unit_scale=True, delay=_DELAY, disable=not self.progress
        ) as bar:
            yield bar

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


class _Answer:
    """What requests calls with each response, before the body is read."""

    def __init__(self, file: IO[bytes], tag: Path) -> None:
        self.file = file
        self.tag = tag
        self.status = 0
        self.total: int | None = None

    def __call__(self, response: Any, **_: object) -> None:
        self.status = response.status_code
        # Some servers call an archive an encoding of its content, and requests would unpack it.
        response.raw.headers.pop("Content-Encoding", None)
        length = response.headers.get("Content-Length")
        if self.status == 206:
            given = response.headers.get("Content-Range", "")
            parts = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", given)  # "bytes 100-999/1000"
            if parts is None or int(parts[1]) != self.file.tell():
                self.file.truncate(0)  # the next try starts over
                raise OSError(f"the range {given!r}")
            self.total = int(parts[2])
        elif self.status == 200:  # the whole file, whatever we asked for
            self.file.truncate(0)
            self.total = None if length is None else int(length)
            self._remember(response.headers)

    def _remember(self, headers: Any) -> None:
        tag = headers.get("ETag") or headers.get("Last-Modified")
        self.tag.unlink(missing_ok=True)
        if tag and not tag.startswith("W/"):  # a weak tag does not vouch for each byte
            self.tag.write_text(tag)


def _ftp(url: str, file: IO[bytes], bar: tqdm[Any]) -> int | None:
    """Append the rest of a file of an FTP server, and return the size of the whole."""
    parts = urlsplit(url)

    def take(chunk: bytes) -> None:
        file.write(chunk)
        bar.update(len(chunk))

    with ftplib.FTP(timeout=_TIMEOUT) as server:
        server.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT)
        server.login()
        server.voidcmd("TYPE I")  # without it there is no size
        total = server.size(parts.path)
        if total is not None:
            bar.reset(total)
        bar.update(file.tell())
        server.retrbinary(f"RETR {parts.path}", take, _CHUNK, rest=file.tell() or None)
    return total
