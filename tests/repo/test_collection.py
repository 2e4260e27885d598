"""Two workers, two machines or two days collect the same tests, by the same names in one order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import settings
from repository import ROOT

TREACHEROUS = [
    "['innocent']",
    "[gzip.compress(b'no tar' * 9)]",
    "[time.time_ns() // 10**16]",
    "[str(datetime.datetime.now().year)]",
    "[time.strftime('%H', time.localtime(0))]",
    "{'a', 'b', 'c', 'd', 'e', 'f', 'g'}",
    "os.listdir(os.path.dirname(__file__))",
    "[path.name for path in pathlib.Path(__file__).parent.iterdir()]",
    "[path.name for path in pathlib.Path(__file__).parent.glob('*.txt')]",
    "[getpass.getuser()]",
    "[os.path.expanduser('~')]",
    "[locale.getpreferredencoding(False)]",
    "[shutil.get_terminal_size().columns]",
]
IMPORTS = """\
import datetime, getpass, gzip, locale, os, pathlib, shutil, time
import pytest
"""
COLLECT = [
    "--collect-only",
    "-qq",
    "-p",
    "no:cacheprovider",
    "--assert=plain",
    "--nbval",
    "--nbval-current-env",
]
FOLDERS = ["tests", "coursekit", "chapters"]
HERE = {
    "PYTHONHASHSEED": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "USER": "diane",
    "COLUMNS": "80",
}
# In the plain C locale, text that is read without a stated encoding is read as ASCII.
THERE = {
    "PYTHONHASHSEED": "2",
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "USER": "edgar",
    "COLUMNS": "200",
}


def collect(folder: Path, paths: list[str], ids: Path, years: int, given: dict[str, str]) -> None:
    """Write the names of the tests of a suite to `ids`, as they are some years from now."""
    home = ids.with_suffix(".home")
    home.mkdir()
    elsewhere = [sys.executable, "-m", "tests.repo.elsewhere", str(years), str(years), str(ids)]
    done = subprocess.run(
        [*elsewhere, *COLLECT, f"--rootdir={folder}", *(str(folder / path) for path in paths)],
        cwd=ROOT,
        env=os.environ | {"PYTEST_ADDOPTS": "", "HOME": str(home)} | given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def here_and_there(folder: Path, paths: list[str], scratch: Path) -> list[list[str]]:
    """Return the names of the tests, collected in two surroundings, the paths in two orders."""
    files = [scratch / "here.txt", scratch / "there.txt"]
    with ThreadPoolExecutor(2) as pool:
        here = pool.submit(collect, folder, paths, files[0], 0, HERE)
        there = pool.submit(collect, folder, paths[::-1], files[1], 7, THERE)
        here.result(), there.result()
    names = [file.read_text(encoding="utf-8").splitlines() for file in files]
    return [sorted(some, key=lambda name: re.split("/|::", name)[0]) for some in names]


def test_every_test_has_the_same_name_and_place_elsewhere(tmp_path: Path) -> None:
    here, there = here_and_there(ROOT, FOLDERS, tmp_path)
    assert len(here) > 5000
    assert [pair for pair in zip(here, there, strict=False) if pair[0] != pair[1]][:5] == []
    assert len(here) == len(there)


def test_parameters_that_depend_on_the_surroundings_are_noticed(tmp_path: Path) -> None:
    tests = [
        f"@pytest.mark.parametrize('x', {values})\ndef test_{i}(x): pass\n"
        for i, values in enumerate(TREACHEROUS)
    ]
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "pytest.ini").touch()
    (folder / "test_it.py").write_text(IMPORTS + "".join(tests), encoding="utf-8")
    for letter in "abcdefgh":
        (folder / f"{letter}.txt").touch()
    here, there = here_and_there(folder, ["test_it.py"], tmp_path)
    alike = [
        values
        for i, values in enumerate(TREACHEROUS)
        if [name for name in here if f"test_{i}[" in name]
        == [name for name in there if f"test_{i}[" in name]
    ]
    assert alike == ["['innocent']"]


def test_drawn_examples_are_the_same_in_every_run() -> None:
    used = settings()
    assert (used.derandomize, used.deadline, used.database) == (True, None, None)
