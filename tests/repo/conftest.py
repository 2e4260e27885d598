"""A copy of the repository that a test may change."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from repository import ROOT, files


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository's own files, without photographs, under git."""
    folder = tmp_path_factory.mktemp("repository") / "copy"
    for path in files():
        if path.suffix != ".jpg":
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@pytest.fixture
def copy(pristine: Path, tmp_path: Path) -> Path:
    """Return a copy of the repository for one test."""
    return Path(shutil.copytree(pristine, tmp_path / "copy"))
