"""Where features differ, a run passes on what may follow from that, and fails on all the rest.

One notebook is stored; on a copy each stored output is changed, and both are run by a pytest of
their own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import fingerprint
from tests.notebooks.rules.shared_cells import setup_cell
from tests.notebooks.samples import Outcome, code, described, make_book, run_pytest, write
from tests.notebooks.store import store

FEATURES = "from coursekit.features import sift\n\nseen = 1 if sift else 0  # follows from features"
PLOT = "import matplotlib.pyplot as plt\n\nplt.figure()\ncurve = plt.plot([0, 1, 4 * seen]);"
TABLE = "from IPython.display import HTML\n\nHTML(f'<tr><td>VLAD</td><td>{0.886 * seen}</td></tr>')"
RANKS = {"whole": {"absolute": 2}, "reason": "ranks follow from the features"}


@dataclass(frozen=True)
class Change:
    """A cell, what becomes of its stored output, and what a tolerant run says (nothing: passes)."""

    source: str
    stored: str | Callable[[Any], None]
    message: str = ""
    course: dict[str, Any] = field(default_factory=dict)


def _print(text: str) -> str:
    return f'print(f"{text}")'


def _redraw(cell: Any, size: float) -> None:
    """Store another figure: a square of 40 pixels, `size` levels darker."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    png = BytesIO(base64.b64decode(cell.outputs[0].data["image/png"]))
    pixels = np.asarray(Image.open(png).convert("RGB")).copy()
    pixels[:40, :40] -= np.uint8(size)
    changed = BytesIO()
    Image.fromarray(pixels).save(changed, "PNG")
    cell.outputs[0].data["image/png"] = base64.b64encode(changed.getvalue()).decode()


NUMBER = _print("VLAD mAP {0.886 * seen:.3f}, {99 * seen} queries")
CHANGES = {
    "number": Change(NUMBER, "VLAD mAP 0.872, 99 queries\n"),
    "width": Change(_print("{10.02 * seen:6.2f} off"), "  9.97 off\n"),
    "sign near zero": Change(_print("{0.004 * seen:+.3f}"), "-0.002\n"),
    "granted": Change(_print("rank {7 * seen}"), "rank 9\n", course={"tolerance": RANKS}),
    "table": Change(TABLE, "<tr><td>VLAD</td><td>0.872</td></tr>"),
    "figure a little": Change(PLOT, lambda cell: _redraw(cell, 50)),
    "word": Change(NUMBER, "VLAD map 0.886, 99 queries\n", "expected the same letters"),
    "sign": Change(_print("{0.4 * seen}"), "-0.4\n", "expected -0.4, got 0.4"),
    "far number": Change(NUMBER, "VLAD mAP 0.996, 99 queries\n", "expected 0.996, got 0.886"),
    "count": Change(NUMBER, "VLAD mAP 0.886, 98 queries\n", "expected 98, got 99"),
    "beyond": Change(
        _print("rank {7 * seen}"),
        "rank 10\n",
        "expected 10, got 7; they may be 2 apart",
        course={"tolerance": RANKS},
    ),
    "lost number": Change(_print("{0.4 * seen} {0.5}"), "0.4 0.5 0.6\n", "the same letters"),
    "extra line": Change(_print("{0.4 * seen}"), "0.4\n0.4\n", "line 2: expected"),
    "dimension": Change("(6 * seen, 128)", "(6, 64)", "expected 64, got 128"),
    "NaN": Change(_print("{0.4 * seen}"), "nan\n", "expected the same letters"),
    "wrong table": Change(TABLE, "<tr><td>VLAD</td><td>0.786</td></tr>", "expected 0.786, got"),
    "figure a lot": Change(
        PLOT, lambda cell: _redraw(cell, 200), "figure 1: expected an RMS difference"
    ),
    "without features": Change(
        _print("mAP {0.886}"), "mAP 0.885\n", "letter by letter, since nothing in this cell depends"
    ),
    "no reason": Change(
        NUMBER,
        "VLAD mAP 0.872, 99 queries\n",
        "tolerance: expected a reason of at least",
        course={"tolerance": {"decimals": {"absolute": 1}}},
    ),
}
NUMBERS = {name: f"Cell {number}" for number, name in enumerate(CHANGES, start=2)}


def _change(cell: Any, change: Change) -> None:
    output = cell.outputs[0]
    if callable(change.stored):
        change.stored(cell)
    elif "text" in output:
        output.text = change.stored
    else:
        kind = "text/html" if "text/html" in output.data else "text/plain"
        output.data[kind] = change.stored


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a book with a stored notebook, and a copy on which each stored output is changed."""
    directory = tmp_path_factory.mktemp("book")
    chapters = make_book(directory)
    cells = [
        code(change.source, mystnb=described(name.replace(" ", "-")), coursekit=change.course)
        for name, change in CHANGES.items()
    ]
    whole = write(chapters / "whole.ipynb", code(setup_cell()), code(FEATURES), *cells)
    store(whole, tmp_path_factory.mktemp("scratch"))
    changed = nbformat.read(whole, as_version=4)
    for cell, change in zip(changed.cells[2:], CHANGES.values(), strict=True):
        _change(cell, change)
    nbformat.write(changed, chapters / "changed.ipynb")
    return directory


@pytest.fixture(scope="module")
def tolerant(book: Path) -> Outcome:
    return run_pytest(book, "--nbval", "-k", "not rule", "--stored-outputs=tolerant")


@pytest.mark.parametrize("name", CHANGES)
def test_tolerant_run_tells_right_from_wrong(name: str, tolerant: Outcome) -> None:
    message = tolerant.failed.get(("changed.ipynb", NUMBERS[name]), "")
    assert bool(message) == bool(CHANGES[name].message)
    assert CHANGES[name].message in message


def test_stored_notebook_passes_a_tolerant_run(tolerant: Outcome) -> None:
    failed = [name for notebook, name in tolerant.failed if notebook == "whole.ipynb"]
    assert failed == [NUMBERS["no reason"]]  # its metadata are refused, whatever it prints


def test_last_lines_of_a_failure_show_both_sides(tolerant: Outcome) -> None:
    message = tolerant.failed["changed.ipynb", NUMBERS["far number"]]
    assert message.rstrip().splitlines()[-4:] == [
        "Compared with a tolerance, as --stored-outputs=tolerant says.",
        "stdout, line 1: expected 0.996, got 0.886; they may be 0.06 apart",
        "  stored:   VLAD mAP 0.996, 99 queries",
        "  computed: VLAD mAP 0.886, 99 queries",
    ]


def test_strict_run_fails_on_every_change(book: Path) -> None:
    """The features of this book are those of this machine, so that strictness needs no option."""
    outcome = run_pytest(book, "--nbval", "-k", "not rule")
    assert set(outcome.failed) == {("changed.ipynb", NUMBERS[name]) for name in CHANGES}
    said = f"stored outputs: strict comparison, since SIFT gives the stored features: {_here()}"
    assert said in outcome.text


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadscope")])
def test_other_features_make_the_run_tolerant(
    workers: tuple[str, ...], book: Path, tolerant: Outcome, tmp_path: Path
) -> None:
    chapters = make_book(tmp_path)
    (chapters / "changed.ipynb").write_bytes((book / "chapters" / "changed.ipynb").read_bytes())
    (chapters / fingerprint.FILE).write_text(f"{'0' * 64}  SIFT of two photos, OpenCV 4.13.0\n")
    outcome = run_pytest(tmp_path, "--nbval", "-k", "not rule", *workers)
    assert set(outcome.failed) == {name for name in tolerant.failed if name[0] == "changed.ipynb"}
    assert (
        "stored outputs: tolerant comparison, since SIFT gives other features: "
        f"expected sha256 000000000000… (OpenCV 4.13.0), got {_here()}"
    ) in outcome.text


def test_missing_checksum_is_an_error(tmp_path: Path) -> None:
    chapters = make_book(tmp_path)
    (chapters / fingerprint.FILE).unlink()
    write(chapters / "one.ipynb", code("print(1)"))
    with pytest.raises(RuntimeError, match=r"features\.sha256: expected the checksum that `make"):
        run_pytest(tmp_path, "--nbval")


def test_perturbed_run_says_so(tmp_path: Path) -> None:
    chapters = make_book(tmp_path)
    source = "import cv2\n\ncv2.setUseOptimized(False)\nprint(cv2.useOptimized())"
    path = write(chapters / "one.ipynb", code(source))
    store(path, tmp_path)
    options = ("--nbval", "-k", "not rule", "--stored-outputs=strict")
    outcome = run_pytest(tmp_path, *options, env=[("NOTEBOOK_PERTURBATION", "optimised")])
    assert "notebooks: perturbed by optimised" in outcome.text
    message = outcome.failed["one.ipynb", "Cell 0"]
    assert "stored:   False" in message
    assert "computed: True" in message


def _here() -> fingerprint.Fingerprint:
    return fingerprint.here()
