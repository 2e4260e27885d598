"""`make notebooks`: what is stored, and what is left alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from coursekit.exercises import exercise_cells
from tests.notebooks import fingerprint
from tests.notebooks import store as store_module
from tests.notebooks.notebook import Notebook
from tests.notebooks.rules import RULES
from tests.notebooks.rules.shared_cells import setup_cell
from tests.notebooks.samples import code, described, write
from tests.notebooks.store import StoreError, main, store

PLOT = "import matplotlib.pyplot as plt\n\ncurve = plt.plot([0, 1, 4]);"
OLD_SETUP = 'import importlib.util\n\nif importlib.util.find_spec("coursekit") is None:\n    1 / 0'


def statement_of(exercise: str) -> Any:
    cell = nbformat.v4.new_markdown_cell("An old statement.")
    cell.metadata = {"coursekit": {"exercise": exercise, "part": "statement"}}
    return cell


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a notebook that came from somebody's laptop, and was stored."""
    directory = tmp_path_factory.mktemp("store")
    cells = [
        code(OLD_SETUP, count=7, vscode={"languageId": "python"}),
        code("print('one')\nprint('two')", "stale", count=3),
        code("6 * 7", collapsed=True),
        code(PLOT, mystnb=described("line")),
        nbformat.from_dict(statement_of("vlad.dimension")),
        code("x = 1", coursekit={"exercise": "vlad.dimension", "part": "stub"}, tags=["kept"]),
    ]
    path = write(directory / "sample.ipynb", *cells)
    node = nbformat.read(path, as_version=4)
    node.metadata["widgets"] = {"state": "/home/somebody"}
    cell = code("from coursekit.exercises import check")
    node.cells.insert(1, cell)
    nbformat.write(node, path)
    store(path, directory)
    return path


@pytest.fixture
def stored(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_outputs_and_counts_are_those_of_one_run(stored: Any) -> None:
    code_cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code_cells] == [1, 2, 3, 4, 5, 6]
    assert [output.text for output in code_cells[2].outputs] == ["one\ntwo\n"]
    assert code_cells[3].outputs[0].data == {"text/plain": "42"}
    assert code_cells[3].outputs[0].execution_count == 4


def test_setup_cell_and_exercises_are_brought_up_to_date(stored: Any) -> None:
    statement, stub = exercise_cells("vlad.dimension")
    assert stored.cells[0].source == setup_cell()
    assert [cell.source for cell in stored.cells[-2:]] == [statement, stub]


def test_metadata_is_only_ours(path: Path, stored: Any) -> None:
    assert "somebody" not in path.read_text()
    assert stored.cells[0].metadata == {}
    assert stored.cells[-1].metadata["tags"] == ["kept"]


def test_pictures_do_not_name_the_software_that_drew_them(stored: Any) -> None:
    png = base64.b64decode(stored.cells[4].outputs[0].data["image/png"])
    assert b"matplotlib" not in png
    assert b"tEXt" not in png


def test_stored_notebook_keeps_the_rules(path: Path) -> None:
    problems = [problem for rule in RULES for problem in rule.check(Notebook.read(path))]
    assert problems == []


def test_storing_again_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    store(path, tmp_path)
    assert path.read_bytes() == before
    assert before.endswith(b"}\n")
    assert json.loads(before)["nbformat_minor"] == 5


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("try:\n    open('/etc/passwd')\nexcept Exception:\n    pass", "got a read of /etc/passwd"),
        ("from IPython.display import clear_output\nclear_output()", "got clear_output"),
    ],
)
def test_nothing_is_written_when_a_cell_fails(source: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path / "raising.ipynb", code("print(1)"), code(source))
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        store(path, tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.glob("*.ipynb*")] == ["raising.ipynb"]
    first, rest = str(caught.value).split("\n", 1)
    assert first == f"{path}: cell 2 ({source.partition(chr(10))[0]!r})"
    assert said in rest


def test_command_says_what_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "raising.ipynb", code("undefined"))
    monkeypatch.setattr(store_module, "CHAPTERS", tmp_path)
    assert main([]) == 1
    said = capsys.readouterr().err
    assert "NameError: name 'undefined' is not defined" in said
    assert said.endswith("What was stored is left as it was.\n")
    assert fingerprint.read(tmp_path) is None


def test_checksum_of_the_features_is_stored_with_the_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "sample.ipynb", code("print(1)"))
    monkeypatch.setattr(store_module, "CHAPTERS", tmp_path)
    assert main([]) == 0
    assert fingerprint.read(tmp_path) == fingerprint.here()


@pytest.mark.parametrize("stored", [None, "0" * 64])
def test_one_notebook_is_not_stored_with_features_that_the_others_lack(
    stored: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path / "sample.ipynb", code("print(1)"))
    if stored:
        (tmp_path / fingerprint.FILE).write_text(f"{stored}  SIFT, OpenCV 4.0.0\n")
    before = path.read_bytes()
    monkeypatch.setattr(store_module, "CHAPTERS", tmp_path)
    assert main([str(path)]) == 1
    expected = f"features: expected those of the other stored outputs, {fingerprint.read(tmp_path)}"
    assert capsys.readouterr().err.startswith(expected)
    assert path.read_bytes() == before


def test_tolerance_of_a_cell_is_kept(tmp_path: Path) -> None:
    tolerance = {"whole": {"absolute": 2}, "reason": "ranks follow the features"}
    path = write(tmp_path / "s.ipynb", code("1", coursekit={"tolerance": tolerance}))
    store(path, tmp_path)
    assert Notebook.read(path).code[0].course == {"tolerance": tolerance}
