"""Notebooks on another machine's features or last digits: `python -m tests.notebooks.perturbed`.

`make proofs` runs it. Other features have to pass a tolerant comparison, other last digits a strict
one. ``--only thinned:3`` runs one perturbation; paths name notebooks, all chapters by default.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.notebooks.mode import OPTION, PERTURBATION

ROOT = Path(__file__).resolve().parents[2]
PERTURBATIONS = (
    "optimised",
    *(f"{name}:{seed}" for name in ("thinned", "jitter") for seed in range(3)),
)


def mode_for(perturbation: str) -> str:
    """Return the comparison that has to pass under a perturbation: strict or tolerant."""
    return "strict" if perturbation.partition(":")[0] == "jitter" else "tolerant"


def run(perturbation: str, paths: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    """Compare the cells of notebooks with their stored outputs under a perturbation."""
    options = ["--nbval", "-k", "not rule", "-q", "-p", "no:cacheprovider", "--color=no"]
    options += ["--nbval-cell-timeout=300", f"{OPTION}={mode_for(perturbation)}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, paths)],
        cwd=ROOT,
        env=os.environ | {PERTURBATION: perturbation, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the perturbations one after the other; fail if a notebook fails under one of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; all chapters by default")
    parser.add_argument("--only", action="append", metavar="NAME[:SEED]")
    asked = parser.parse_args(arguments)
    paths = [path.resolve() for path in asked.paths] or [ROOT / "chapters"]
    status = 0
    for perturbation in asked.only or PERTURBATIONS:
        done = run(perturbation, paths)
        said = done.stdout + done.stderr if done.returncode else done.stdout.splitlines()[-1]
        sys.stdout.write(f"=== {perturbation}, {mode_for(perturbation)}: {said}\n")
        status = max(status, done.returncode)
    return status


if __name__ == "__main__":
    sys.exit(main())
