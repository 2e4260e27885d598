"""A broken reference stops the build: our command and configuration, on a book of two pages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [
    str(Path(sys.executable).with_name("jupyter-book")),
    *["build", ".", "-W", "-n", "--keep-going", "--quiet"],
]
CONFIGURATION = ["chapters/_extensions", "chapters/_templates", "chapters/_static"]
INDEX = """# Book

See [the page](page.md), [its part](page.md#a-part) and {cite:t}`jegou2010`.

$$
\\begin{aligned}
a &= b \\\\
c &= d
\\end{aligned}
\\tag{1}
$$
"""
PAGE = "# Page\n\n## A part\n\n```{bibliography}\n:all:\n```\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a small book with the configuration of ours."""
    for folder in CONFIGURATION:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for name in ("_config.yml", "chapters/references.bib"):
        shutil.copy(ROOT / name, tmp_path / name)
    toc = "format: jb-book\nroot: chapters/index\nchapters:\n  - file: chapters/page\n"
    (tmp_path / "_toc.yml").write_text(toc)
    (tmp_path / "chapters" / "index.md").write_text(INDEX)
    (tmp_path / "chapters" / "page.md").write_text(PAGE)
    return tmp_path


def build(book: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMAND, cwd=book, capture_output=True, text=True)


def test_a_sound_book_is_built(book: Path) -> None:
    assert build(book).returncode == 0
    html = (book / "_build/html/chapters/index.html").read_text(encoding="utf-8")
    assert r"\tag{1}" in html
    assert r"\begin{split}" not in html  # in which MathJax refuses the tag


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[a](none.md)", "cross-reference target not found: 'none.md'"),
        ("[a](page.md#nowhere)", "local id not found in doc 'chapters/page': 'nowhere'"),
        ("{ref}`nowhere`", "undefined label: 'nowhere'"),
        ("{cite:p}`nobody2099`", 'could not find bibtex key "nobody2099"'),
        ("{py:func}`coursekit.nothing`", "target not found: coursekit.nothing"),
        ("![a](none.png)", "image file not readable: chapters/none.png"),
    ],
)
def test_a_broken_reference_stops_the_build(book: Path, line: str, complaint: str) -> None:
    (book / "chapters" / "page.md").write_text(PAGE + line)
    run = build(book)
    assert run.returncode != 0
    assert complaint in run.stderr


def test_a_page_that_is_missing_stops_the_build(book: Path) -> None:
    (book / "chapters" / "page.md").unlink()
    assert build(book).returncode != 0
