"""Stored outputs on other processors: `python -m tests.notebooks.blas [paths]`.

OpenBLAS carries one set of kernels for each family of processors; they add up in other orders and
round differently. This runs the notebooks on the kernels of an older processor and of a much older
one. It takes twice the time of the notebooks, so the weekly job does it, and authors after
`make notebooks`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The value of OPENBLAS_CORETYPE → how OpenBLAS then calls itself.
PROCESSORS = {"Haswell": {"Haswell"}, "Prescott": {"Prescott", "Katmai"}}
WHO_AM_I = """
import numpy, threadpoolctl
print(*{info["architecture"] for info in threadpoolctl.threadpool_info() if "architecture" in info})
"""


def environment(processor: str) -> dict[str, str]:
    """Return the environment that selects the kernels of a processor."""
    return os.environ | {"OPENBLAS_CORETYPE": processor, "PYTEST_ADDOPTS": ""}


def is_obeyed(processor: str) -> bool:
    """Tell whether NumPy's library follows the selection: another BLAS, or an ARM, does not."""
    done = subprocess.run(
        [sys.executable, "-c", WHO_AM_I],
        env=environment(processor),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split()) <= PROCESSORS[processor] and bool(done.stdout.strip())


def run(processor: str, paths: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    """Compare the cells of notebooks with their stored outputs on the kernels of a processor."""
    options = ["--nbval", "-k", "not rule", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, paths)],
        cwd=ROOT,
        env=environment(processor),
        capture_output=True,
        text=True,
        check=False,
    )


def main(arguments: Sequence[str]) -> int:
    """Run each processor's kernels, two at a time, and print what pytest says."""
    paths = [Path(path).resolve() for path in arguments] or [ROOT / "chapters"]
    ignored = [processor for processor in PROCESSORS if not is_obeyed(processor)]
    if ignored:
        sys.stderr.write(f"OPENBLAS_CORETYPE: expected to be obeyed, got none of {ignored}\n")
        return 2
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(partial(run, paths=paths), PROCESSORS))
    for processor, done in zip(PROCESSORS, runs, strict=True):
        sys.stdout.write(f"=== {processor}\n{done.stdout}{done.stderr}")
    return max(done.returncode for done in runs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
