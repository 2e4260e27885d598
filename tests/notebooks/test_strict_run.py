"""A run under our plugin fails on each thing that a reader would see differently.

One notebook is stored, then broken cell by cell on a copy, and run by a pytest of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import kernel
from tests.notebooks.rules.shared_cells import setup_cell
from tests.notebooks.samples import Outcome, code, described, make_book, run_pytest, write
from tests.notebooks.store import store
from tests.notebooks.workspace import Workspace

PLOT = "import matplotlib.pyplot as plt\n\nplt.figure()\ncurve = plt.plot([0, 1, 4]);"
SWALLOW = "try:\n    {}\nexcept Exception:\n    print('refused')"


@dataclass(frozen=True)
class Breakage:
    """A cell, what is done to it on the copy, and what the run says then."""

    source: str
    damage: Callable[[Any], None]
    message: str


def _store_text(cell: Any) -> None:
    cell.outputs[0].text = "5\n"


def _store_result(cell: Any) -> None:
    cell.outputs[0].data["text/plain"] = "[3, 5]"


def _move_curve(cell: Any) -> None:
    cell.source = PLOT.replace("4", "3.9")


def _lose_picture(cell: Any) -> None:
    del cell.outputs[-1].data["image/png"]


def _add_picture(cell: Any) -> None:
    cell.source = cell.source.replace("plt.show()", "plt.close()")
    del cell.outputs[-1].data["text/plain"]


def _print_to_stderr(cell: Any) -> None:
    cell.source = "import sys\n\nprint('calm', file=sys.stderr)"
    cell.outputs[0].name = "stderr"


def _swallowed(action: str) -> Callable[[Any], None]:
    def damage(cell: Any) -> None:
        cell.source = SWALLOW.format(action)

    return damage


def _read_neighbour(cell: Any) -> None:
    cell.source = "print(open('neighbour.txt').read())"


BREAKAGES = {
    "text": Breakage("print(2 + 2)", _store_text, "stored:   5\n  computed: 4"),
    "result": Breakage("[3, 4]", _store_result, "stored:   [3, 5]\n  computed: [3, 4]"),
    "moved curve": Breakage(PLOT, _move_curve, "figure 1: expected an RMS difference"),
    "new picture": Breakage(PLOT, _lose_picture, "figures: expected 0, got 1"),
    "lost picture": Breakage(
        PLOT.replace(";", "\nplt.show();"), _add_picture, "figures: expected 1, got 0"
    ),
    "stderr": Breakage("print('calm')", _print_to_stderr, "Cell wrote to its error stream"),
    "file outside": Breakage(
        "print('refused')", _swallowed("open('/etc/hostname')"), "got a read of /etc/hostname"
    ),
    "network": Breakage(
        "print('refused')",
        _swallowed("import socket; socket.create_connection(('127.0.0.1', 9))"),
        "got the network: socket.getaddrinfo '127.0.0.1'",
    ),
    "program": Breakage(
        "print('refused')",
        _swallowed("import subprocess; subprocess.run(['true'])"),
        "got another program: subprocess.Popen 'true'",
    ),
    "write outside": Breakage(
        "print('refused')",
        _swallowed("import coursekit; open(coursekit.__file__ + '.new', 'w')"),
        "got a write to ",
    ),
    "neighbour": Breakage("print('found')", _read_neighbour, "FileNotFoundError"),
}
NUMBERS = {name: number for number, name in enumerate(BREAKAGES, start=1)}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a book with a stored notebook, and a copy of it in which each cell is broken."""
    directory = tmp_path_factory.mktemp("book")
    chapters = make_book(directory)
    (chapters / "neighbour.txt").write_text("found\n")
    cells = [
        code(breakage.source, mystnb=described(name.replace(" ", "-")))
        for name, breakage in BREAKAGES.items()
    ]
    whole = write(chapters / "whole.ipynb", code(setup_cell()), *cells)
    store(whole, tmp_path_factory.mktemp("scratch"))
    broken = nbformat.read(whole, as_version=4)
    for cell, breakage in zip(broken.cells[1:], BREAKAGES.values(), strict=True):
        breakage.damage(cell)
    nbformat.write(broken, chapters / "broken.ipynb")
    return directory


@pytest.fixture(scope="module")
def outcome(book: Path) -> Outcome:
    """Return what the plainest call says: no option but --nbval."""
    return run_pytest(book, "--nbval")


@pytest.mark.parametrize("name", BREAKAGES)
def test_run_fails_on(name: str, outcome: Outcome) -> None:
    message = outcome.failed["broken.ipynb", f"Cell {NUMBERS[name]}"]
    assert BREAKAGES[name].message in message


def test_stored_notebook_passes(outcome: Outcome) -> None:
    assert not [message for name, message in outcome.failed.items() if name[0] == "whole.ipynb"]


def test_options_of_the_makefile_weaken_nothing(book: Path, outcome: Outcome) -> None:
    """Parallel workers, the environment's kernel, even --nbval-lax: the same failures."""
    options = ("-n", "2", "--dist", "loadscope", "--nbval-lax", "--nbval-current-env")
    assert run_pytest(book, *options).failed.keys() == outcome.failed.keys()


def test_pictures_of_a_difference_are_kept(outcome: Outcome) -> None:
    message = outcome.failed["broken.ipynb", f"Cell {NUMBERS['moved curve']}"]
    difference = Path(message.partition("; see ")[2].splitlines()[0])
    assert difference.name == f"cell-{NUMBERS['moved curve']}-1-difference.png"
    stems = {path.stem.rpartition("-")[2] for path in difference.parent.glob("cell-3-1-*.png")}
    assert stems == {"stored", "drawn", "difference"}


def test_rules_are_part_of_the_run(book: Path, tmp_path: Path) -> None:
    """A notebook that was never executed passes nbval; it does not pass here."""
    chapters = make_book(tmp_path)
    shutil.copy(book / "chapters" / "whole.ipynb", chapters)
    node = nbformat.read(chapters / "whole.ipynb", as_version=4)
    for cell in node.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(node, chapters / "whole.ipynb")
    failed = run_pytest(tmp_path, "--nbval", "-k", "order").failed
    assert ("whole.ipynb", "rule: cells were executed in order") in failed


def test_no_cell_runs_without_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "guard.py"
    broken.write_text("raise OSError('no guard')")
    monkeypatch.setattr(kernel, "GUARD", broken)
    with pytest.raises(RuntimeError, match=r"^guard: expected arm\(.* to run, got .*no guard"):
        kernel.GuardedKernel(Workspace.create(tmp_path / "run"))
