"""Small notebooks for the tests of the guards, and a pytest of their own to run them in."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tests.notebooks import fingerprint
from tests.notebooks.notebook import Notebook
from tests.notebooks.rules.metadata import NOTEBOOK_METADATA

ROOT = Path(__file__).resolve().parents[2]
STRICT = f"""
[pytest]
pythonpath = {ROOT}
addopts = --import-mode=importlib -p no:cacheprovider
filterwarnings = error
"""


def code(source: str, *outputs: Any, count: int | None = None, **metadata: Any) -> Any:
    """Return a code cell; `outputs` are strings (stdout) or output nodes."""
    nodes = [stdout(text) if isinstance(text, str) else text for text in outputs]
    return new_code_cell(source, outputs=nodes, execution_count=count, metadata=metadata)


def stdout(text: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=text)


def result(text: str, kind: str = "text/plain") -> Any:
    return new_output("execute_result", data={kind: text}, execution_count=1)


def figure(png: bytes = b"") -> Any:
    data = {"image/png": base64.b64encode(png or picture()).decode(), "text/plain": "<Figure>"}
    return new_output("display_data", data=data)


def described(name: str) -> dict[str, Any]:
    """Return the metadata of a figure, under `mystnb`."""
    return {
        "image": {"alt": f"The line {name}, which rises from the lower left to the upper right."},
        "figure": {"name": f"fig-{name}", "caption": "A line that rises from left to right."},
    }


def picture(size: tuple[int, int] = (8, 6), colour: str = "white") -> bytes:
    """Return a PNG file of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def notebook(*cells: Any, path: str = "other/sample.ipynb") -> Notebook:
    """Return a notebook that is on no disk; a string is a Markdown cell."""
    nodes = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return Notebook(Path(path), new_notebook(cells=nodes, metadata=NOTEBOOK_METADATA))


def write(path: Path, *cells: Any) -> Path:
    """Write a notebook and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(*cells).node, path)
    return path


@dataclass(frozen=True)
class Outcome:
    """What a pytest of its own said: the message of each test that did not pass."""

    passed: int
    failed: dict[tuple[str, str], str]  # (notebook, test) → message
    text: str


def make_book(directory: Path) -> Path:
    """Make an empty book whose `chapters/` has our conftest; return that folder."""
    chapters = directory / "chapters"
    chapters.mkdir(parents=True)
    shutil.copy(ROOT / "chapters" / "conftest.py", chapters)
    fingerprint.write(chapters)
    (directory / "pytest.ini").write_text(STRICT)
    return chapters


def run_pytest(book: Path, *options: str, env: Iterable[tuple[str, str]] = ()) -> Outcome:
    """Run pytest on a book made by `make_book`."""
    report = book / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"--junitxml={report}", *options, "chapters"],
        cwd=book,
        env=os.environ | {"PYTEST_ADDOPTS": ""} | dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode > 1:
        raise RuntimeError(done.stdout + done.stderr)
    failed: dict[tuple[str, str], str] = {}
    passed = 0
    for case in ElementTree.parse(report).iter("testcase"):
        problems = [*case.iter("failure"), *case.iter("error")]
        passed += not problems
        if problems:
            name = case.get("classname", "").removeprefix("chapters."), case.get("name", "")
            failed[name] = "".join(problem.text or "" for problem in problems)
    return Outcome(passed, failed, done.stdout)
