"""Execute every notebook anew and store its outputs: `python -m tests.notebooks.store [paths]`.

The outputs are the regression references, so they are made as they are verified: by a fresh kernel,
in an empty directory, under the guard. Set-up cells and exercises are first brought up to date.
A notebook is written whole, or, when a cell raises, not at all. Beside them stands the checksum of
the features that they were made with (`tests.notebooks.fingerprint`).
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbval.plugin import coalesce_streams
from PIL import Image

from tests.notebooks import fingerprint
from tests.notebooks.kernel import GuardedKernel
from tests.notebooks.notebook import Notebook
from tests.notebooks.rules.metadata import CELL_METADATA, NOTEBOOK_METADATA
from tests.notebooks.rules.shared_cells import bank_source, setup_cell
from tests.notebooks.workspace import Workspace

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
CELL_TIMEOUT = 120.0  # seconds, as in the Makefile
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class StoreError(RuntimeError):
    """A notebook that could not be executed; it was left as it was."""


def store(path: Path, scratch: Path) -> None:
    """Execute one notebook and write it back with its outputs.

    Parameters
    ----------
    path : Path
        An .ipynb file.
    scratch : Path
        A temporary directory.

    Raises
    ------
    StoreError
        If a cell raises, reaches outside of its directory or takes too long.
    """
    notebook = Notebook.read(path)
    _synchronise(notebook)
    workspace = Workspace.create(Path(tempfile.mkdtemp(prefix=f"{path.stem}-", dir=scratch)))
    kernel = GuardedKernel(workspace)
    try:
        for count, cell in enumerate(notebook.code, start=1):
            _progress(f"\r{path.name}: cell {count} of {len(notebook.code)}")
            try:
                cell.node.outputs = run_cell(kernel, cell.source, count)
                _refuse_trespasses(workspace)
            except StoreError as error:
                raise StoreError(f"{path}: {cell}\n{error}") from error
            cell.node.execution_count = count
    finally:
        kernel.stop()
        _progress("\n")
    _clean(notebook)
    _write(path, notebook.node)


def run_cell(kernel: GuardedKernel, source: str, count: int) -> list[Any]:
    """Execute one cell and return its outputs as a notebook stores them.

    Raises
    ------
    StoreError
        With the traceback, if the cell raises.
    """
    message = kernel.execute_cell_input(source, allow_stdin=False)
    outputs: list[Any] = []
    while True:
        reply = kernel.get_message("iopub", timeout=CELL_TIMEOUT)
        if reply["parent_header"].get("msg_id") != message:
            continue
        kind, content = reply["msg_type"], reply["content"]
        if kind == "status" and content["execution_state"] == "idle":
            break
        if kind == "error":
            raise StoreError(COLOUR.sub("", "\n".join(content["traceback"])))
        if kind in ("stream", "display_data", "execute_result"):
            outputs.append(nbformat.v4.output_from_msg(reply))
        elif kind not in ("status", "execute_input"):
            raise StoreError(f"outputs: expected streams and displays, got {kind}")
    kernel.await_reply(message, timeout=CELL_TIMEOUT)
    for output in outputs:
        if output.output_type == "execute_result":
            output.execution_count = count
    return list(coalesce_streams(outputs))


def _synchronise(notebook: Notebook) -> None:
    """Bring the cells that have their home elsewhere up to date."""
    if notebook.code and 'find_spec("coursekit")' in notebook.code[0].source:
        notebook.code[0].node.source = setup_cell()
    for cell in notebook.cells:
        source = bank_source(cell)
        if source is not None:
            cell.node.source = source


def _refuse_trespasses(workspace: Workspace) -> None:
    refused = workspace.trespasses()
    if refused:
        raise StoreError("\n".join(refused))


def _clean(notebook: Notebook) -> None:
    """Drop what depends on who executed the notebook, and when."""
    notebook.node.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.node.nbformat, notebook.node.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        for name in set(cell.node.metadata) - CELL_METADATA:
            del cell.node.metadata[name]
        cell.node.setdefault("id", f"cell-{number:02d}")
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = _bare(output.data["image/png"])


def _bare(png: str) -> str:
    """Return the picture without the name and version of the software that drew it."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _write(path: Path, node: Any) -> None:
    """Write beside the notebook, then rename: nobody ever sees half of it."""
    nbformat.validate(node)
    text = nbformat.writes(node).rstrip("\n") + "\n"
    draft = path.with_suffix(".ipynb.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _progress(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Store the notebooks named on the command line, all chapters by default."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; all chapters by default")
    paths = parser.parse_args(arguments).paths
    try:
        if paths:
            _refuse_other_features()
        with tempfile.TemporaryDirectory() as scratch:
            for path in paths or sorted(CHAPTERS.rglob("*.ipynb")):
                store(path, Path(scratch))
    except StoreError as error:
        _progress(f"{error}\nWhat was stored is left as it was.\n")
        return 1
    if not paths:
        fingerprint.write(CHAPTERS)
    return 0


def _refuse_other_features() -> None:
    """Refuse to store some notebooks with features that the others were not made with."""
    stored, here = fingerprint.read(CHAPTERS), fingerprint.here()
    if stored is None or stored.checksum != here.checksum:
        raise StoreError(
            f"features: expected those of the other stored outputs, {stored}, got {here}; "
            "store all notebooks together, without naming any"
        )


if __name__ == "__main__":
    sys.exit(main())
