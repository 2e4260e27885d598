"""One notebook under one setting, in a pytest of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.proofs.machine import ROOT, environment
from tests.proofs.settings import Setting

# In seconds; cores may be loaded on purpose.
CELL_TIMEOUT, START_TIMEOUT = 600, 300


@dataclass(frozen=True)
class Outcome:
    """What a run said.

    Parameters
    ----------
    passed : bool
    seconds : float
    cell, stored, computed : str
        The first cell that failed, and the first lines of its outputs that differ.
    final : bool
        False if pytest itself failed: that says nothing of the notebook, and is not kept.
    """

    passed: bool
    seconds: float = 0.0
    cell: str = ""
    stored: str = ""
    computed: str = ""
    final: bool = True


def run(notebook: Path, setting: Setting) -> Outcome:
    """Compare the cells of a notebook with their stored outputs under a setting."""
    with tempfile.TemporaryDirectory() as name, busy(setting.busy):
        witness = Path(name) / "witness.json"
        start = time.perf_counter()
        done = subprocess.run(
            _command(notebook, setting, witness),
            cwd=ROOT,
            env=environment(setting),
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode == 0:
            return Outcome(True, seconds)
        if done.returncode == 1 and witness.exists():
            return Outcome(False, seconds, **json.loads(witness.read_text(encoding="utf-8")))
    end = " / ".join((done.stdout + done.stderr).split("\n")[-6:])
    return Outcome(False, seconds, f"pytest ended with {done.returncode}", "", end, final=False)


def _command(notebook: Path, setting: Setting, witness: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", str(notebook), "-x", "-q", "-k", "not rule"),
        *("--nbval", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}"),
        f"--nbval-kernel-startup-timeout={START_TIMEOUT}",
        *("-p", "no:cacheprovider", "--color=no", f"--basetemp={witness.parent / 'tmp'}"),
        *("-p", "tests.proofs.witness", f"--witness={witness}", *setting.options),
    ]


@contextmanager
def busy(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep processes computing beside, until the run is over."""
    command = [sys.executable, "-c", "while True: sum(range(1000))"]
    beside = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield beside
    finally:
        for process in beside:
            process.kill()
            process.wait()
