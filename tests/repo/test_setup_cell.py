"""The set-up cell installs coursekit where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from repository import ROOT, files, setup_cell

PROOF = """
import coursekit, coursekit.aggregation
from coursekit.data import photos
print(coursekit.__file__)
print(len(photos()), photos()[0].load().ndim)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, as `make wheel` does, and return it."""
    source, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for path in files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist)]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    [built] = dist.glob("coursekit-*.whl")
    return built


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Return the Python of an environment that has everything but coursekit.

    Nothing is downloaded: links lead to the packages of the environment that runs the tests.
    """
    packages = tmp_path / "packages"
    packages.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if "coursekit" not in package.name:
            (packages / package.name).symlink_to(package)
    environment = tmp_path / "environment"
    make = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(make, check=True)
    [library] = environment.glob("lib/python*/site-packages")
    (library / "others.pth").write_text(f"{packages}\n")
    return environment / "bin" / "python"


def run(python: Path, code: str, cwd: Path, **variables: str) -> str:
    isolated = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [python, "-W", "error", "-c", code],
        cwd=cwd,
        env=isolated | variables,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_coursekit_is_installed_where_it_is_missing(python: Path, wheel: Path, empty: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run(python, "import coursekit", empty)
    told = run(python, setup_cell() + PROOF, empty, COURSEKIT_SOURCE=str(wheel)).splitlines()
    assert Path(told[0]).is_relative_to(python.parents[1])
    assert told[1] == "246 3"
    assert list(empty.iterdir()) == []


def test_the_cell_is_silent_where_coursekit_is_installed(empty: Path) -> None:
    # A source that cannot be installed: the cell would fail if it tried.
    assert run(Path(sys.executable), setup_cell(), empty, COURSEKIT_SOURCE="./none.whl") == ""
