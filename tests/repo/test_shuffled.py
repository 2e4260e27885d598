"""The drawn order: every test once, a file in one piece, the same for the same seed."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from repository import ROOT

COLLECT = ["--collect-only", "-q", "-p", "no:cacheprovider"]
BODY = "import pytest\n@pytest.mark.parametrize('x', range(6))\ndef test_it(x): pass\n"


def order(folder: Path, *options: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *COLLECT, f"--rootdir={folder}", str(folder), *options],
        cwd=ROOT,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_files_and_their_tests_change_places(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").touch()
    for letter in "abcd":
        (tmp_path / f"test_{letter}.py").write_text(BODY)
    plugin = ["-p", "tests.repo.shuffled", "--shuffle"]
    plain = order(tmp_path)
    one, same, other = (order(tmp_path, *plugin, seed) for seed in "112")
    assert sorted(one) == sorted(plain)
    assert one == same
    assert len({tuple(plain), tuple(one), tuple(other)}) == 3
    assert len(list(groupby(one, key=lambda name: name.partition("::")[0]))) == 4
