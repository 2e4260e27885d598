"""Servers on this machine, and a data folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.servers import FtpFiles, HttpFiles, running


@pytest.fixture
def http_files() -> Iterator[HttpFiles]:
    server = HttpFiles()
    with running(server):
        yield server


@pytest.fixture
def ftp_files() -> Iterator[FtpFiles]:
    server = FtpFiles()
    with running(server):
        yield server


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder for downloads and caches; nobody has made it yet."""
    folder = tmp_path / "data"
    monkeypatch.setenv("COURSEKIT_DATA", str(folder))
    return folder
