"""Would the notebook regression notice a bug? `python -m tests.notebooks.seeded_bugs`.

With ``--stored-outputs tolerant`` it asks that of the comparison where features differ, which
cannot notice all of them. Bugs are seeded one at a time into a copy of coursekit, and the chapter's
notebook runs on the copy until its first failure. Unit tests are left out on purpose: this measures
what the outputs of the chapter prove by themselves. The unchanged copy has to pass, and one that
cannot be imported has to fail, which shows that the kernel runs the copy and not the installation.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.notebooks.mode import OPTION

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "chapters" / "aggregation" / "vlad.ipynb"
AT_ONCE = 2
MODES = ("strict", "tolerant")
UNNOTICED = {"strict": 0, "tolerant": 2}  # at most
FAILED_CELL = re.compile(r"^FAILED \S+::(?P<item>.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Bug:
    """A text of coursekit and the wrong one that takes its place."""

    name: str
    file: str
    right: str
    wrong: str


VLAD, CODEBOOK = "aggregation/vlad.py", "aggregation/codebook.py"
WORDS, LLOYD = "aggregation/_words.py", "aggregation/_lloyd.py"
SUBTRACTED = "sums -= counts[:, :, None] * words.centroids"
SUMMED = "[cancelled.ravel()]\n    return counts, sums"
OFFSET = "scores -= self.square_norms / 2"
GLOBAL = "        _to_length_one(v.reshape(len(v), -1))\n"
POWER = "        np.copysign(np.abs(v) ** power, v, out=v)\n"
INTRA = "        _to_length_one(v.reshape(-1, v.shape[2]))\n"
IF_POWER, IF_INTRA, IF_GLOBAL = (
    f"    if {condition}:\n{action}"
    for condition, action in (("power != 1", POWER), ("intra_norm", INTRA), ("norm", GLOBAL))
)
RIGHT_ORDER = IF_POWER + IF_INTRA + IF_GLOBAL
BUGS = (
    Bug("no residual", VLAD, SUBTRACTED, "pass"),
    Bug("residual of the wrong sign", VLAD, SUBTRACTED, SUBTRACTED.replace("-=", "+=")),
    Bug("mean instead of sum", VLAD, SUMMED, SUMMED + " / np.maximum(counts, 1)[:, :, None]"),
    Bug(
        "dimension-major",
        VLAD,
        "return sums.reshape(len(sets), words.K * words.D)",
        "return sums.swapaxes(1, 2).reshape(len(sets), words.K * words.D)",
    ),
    Bug("no global normalisation", VLAD, IF_GLOBAL, ""),
    Bug("L1 for L2", VLAD, GLOBAL, "        v /= np.abs(v).sum((1, 2), keepdims=True) + 1e-30\n"),
    Bug("power after L2", VLAD, RIGHT_ORDER, IF_INTRA + IF_GLOBAL + IF_POWER),
    Bug("intra before power", VLAD, RIGHT_ORDER, IF_INTRA + IF_POWER + IF_GLOBAL),
    Bug("squared instead of rooted", VLAD, POWER, POWER.replace("** power", "** (1 / power)")),
    Bug("sign lost in the power", VLAD, POWER, "        np.power(np.abs(v), power, out=v)\n"),
    Bug("no intra normalisation", VLAD, IF_INTRA, ""),
    Bug(
        "farthest word",
        WORDS,
        "nearest: NDArray[np.intp] = scores.argmax(axis=1)",
        "return scores.argmin(axis=1)",
    ),
    Bug("nearest by dot product", WORDS, OFFSET, "pass"),
    Bug("offset twice too large", WORDS, OFFSET, "scores -= self.square_norms"),
    Bug("words not divided by cell size", LLOYD, "* sums / counts)", "* sums / counts.mean())"),
    Bug("seed forgotten", CODEBOOK, "np.random.RandomState(seed))", "np.random.RandomState(None))"),
)
FIRST_IMPORT = "from __future__ import annotations\n"
UNIMPORTABLE = Bug(
    "cannot be imported", VLAD, FIRST_IMPORT, FIRST_IMPORT + 'raise ImportError("the copy")\n'
)


@dataclass(frozen=True)
class Verdict:
    """What the notebook said of a bug: the first test that failed, if any."""

    bug: Bug | None
    failed: str
    seconds: float
    text: str

    @property
    def caught(self) -> bool:
        return bool(self.failed)


def seed(bug: Bug, package: Path) -> None:
    """Replace the right text by the wrong one.

    Raises
    ------
    ValueError
        If the right text does not stand there exactly once.
    """
    path = package / bug.file
    text = path.read_text(encoding="utf-8")
    count = text.count(bug.right)
    if count != 1:
        raise ValueError(f"{bug.name}: expected its text once in {bug.file}, got it {count} times")
    path.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")


def judge(bug: Bug | None, notebook: Path = CHAPTER, mode: str = "strict") -> Verdict:
    """Run a notebook on a copy of coursekit with one bug, or with none."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        package = directory / "coursekit"
        shutil.copytree(ROOT / "coursekit", package, ignore=shutil.ignore_patterns("__pycache__"))
        if bug is not None:
            seed(bug, package)
        start = time.perf_counter()
        done = _run(notebook, directory, mode)
        seconds = time.perf_counter() - start
    if done.returncode > 1:
        raise RuntimeError(done.stdout + done.stderr)
    failed = FAILED_CELL.search(done.stdout)
    return Verdict(bug, failed["item"] if failed else "", seconds, done.stdout)


def judge_all(
    bugs: Sequence[Bug | None], notebook: Path = CHAPTER, mode: str = "strict"
) -> list[Verdict]:
    """Judge several bugs, two at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(judge, notebook=notebook, mode=mode), bugs))


def table(verdicts: Sequence[Verdict]) -> str:
    """Return one line a bug: its name, the cell that noticed it, the time that took."""
    lines = [f"{'bug':<36} {'first failure':<16} seconds"]
    for verdict in verdicts:
        name = verdict.bug.name if verdict.bug else "(none)"
        lines.append(f"{name:<36} {verdict.failed or 'passed':<16} {verdict.seconds:7.1f}")
    caught = sum(verdict.caught for verdict in verdicts if verdict.bug)
    lines.append(f"caught {caught} of {sum(verdict.bug is not None for verdict in verdicts)}")
    return "\n".join(lines)


def _run(notebook: Path, directory: Path, mode: str) -> subprocess.CompletedProcess[str]:
    """Run pytest from the repository; only the kernel finds the copy, by PYTHONPATH."""
    options = ["-x", "-q", "--nbval", "-k", "not rule", "-p", "no:cacheprovider", "--color=no"]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            f"--basetemp={directory / 'tmp'}",
            f"{OPTION}={mode}",
            str(notebook),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(directory), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; fail unless enough bugs are caught and the unchanged copy passes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(OPTION, choices=MODES, default="strict", dest="mode")
    mode = parser.parse_args(arguments).mode
    clean, *seeded = verdicts = judge_all([None, *BUGS], mode=mode)
    sys.stdout.write(f"{mode}\n{table(verdicts)}\n")
    if clean.failed:
        sys.stdout.write(f"The unchanged copy has to pass.\n{clean.text}")
    return int(clean.caught or unnoticed(seeded) > UNNOTICED[mode])


def unnoticed(verdicts: Sequence[Verdict]) -> int:
    """Count the bugs with which every cell passed."""
    return sum(not verdict.caught for verdict in verdicts)


if __name__ == "__main__":
    sys.exit(main())
