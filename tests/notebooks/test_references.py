"""A reference to nothing fails the build: a small book, built as the Makefile builds this one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.samples import ROOT, write

TOC = "format: jb-book\nroot: chapters/index\nchapters:\n  - file: chapters/references\n"
SOUND = (
    "# Home\n\n(here)=\n## Here\n\nSee {ref}`here`, [the list](references.md), {cite}`jegou2010`.\n"
)

BROKEN = {
    "See {ref}`nowhere`.": "undefined label: 'nowhere'",
    "See [BoW](bag_of_words.ipynb).": "cross-reference target not found: 'bag_of_words.ipynb'",
    "See {cite}`nobody2010`.": 'could not find bibtex key "nobody2010"',
    "See {term}`no such word`.": "term not in glossary: 'no such word'",
    "See {py:func}`coursekit.nothing`.": "reference target not found: coursekit.nothing",
    "See {numref}`fig-nothing`.": "undefined label: 'fig-nothing'",
    "See {nonsense}`x`.": 'Unknown interpreted text role "nonsense"',
}
BROKEN_IN_NOTEBOOK = {
    "See [(1)](#eq-none).": "cross-reference target not found: 'eq-none'",
    "See [codebook](codebook.ipynb).": "cross-reference target not found: 'codebook.ipynb'",
}


def build(directory: Path) -> tuple[int, str]:
    """Build with the options of `make book`, so that weaker ones there are noticed here."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"jupyter-book build (?P<options>.+)$", makefile, re.MULTILINE)
    assert found
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", *found["options"].split()],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a book of two sound pages with this book's configuration."""
    chapters = tmp_path / "chapters"
    for folder in ("_extensions", "_static", "_templates"):
        shutil.copytree(ROOT / "chapters" / folder, chapters / folder)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    for page in ("references.md", "references.bib"):
        shutil.copy(ROOT / "chapters" / page, chapters)
    (tmp_path / "_toc.yml").write_text(TOC)
    (chapters / "index.md").write_text(SOUND)
    return tmp_path


def test_sound_book_builds(book: Path) -> None:
    code, said = build(book)
    assert code == 0, said


def test_every_broken_reference_is_named_and_fails_the_build(book: Path) -> None:
    (book / "_toc.yml").write_text(TOC + "  - file: chapters/broken\n  - file: chapters/cells\n")
    (book / "chapters" / "broken.md").write_text("# Broken\n\n" + "\n\n".join(BROKEN) + "\n")
    write(book / "chapters" / "cells.ipynb", "# Cells\n\n" + "\n\n".join(BROKEN_IN_NOTEBOOK))
    code, said = build(book)
    expected = [*BROKEN.values(), *BROKEN_IN_NOTEBOOK.values()]
    assert [message for message in expected if message not in said] == []
    assert code == 1


def test_one_broken_reference_is_enough(book: Path) -> None:
    text = "See {cite}`nobody2010`."
    (book / "chapters" / "index.md").write_text(SOUND + text + "\n")
    code, said = build(book)
    assert (code, BROKEN[text] in said) == (1, True)
