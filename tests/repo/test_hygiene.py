"""Nothing in the repository names a machine that it was written on or a registry's host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from repository import ROOT, files

# In pieces, so that this file passes its own test. Diane is the made-up user of our examples.
FORBIDDEN = {
    "a path of a machine": r"(?<![\w.])/(?:wo"
    + r"rk|ro"
    + r"ot|ho"
    + r"me/(?!diane/)\w+|Us"
    + r"ers/\w+)/",
    "a file beside the repository": r"\.\./sha" + r"red\b",
    "a registry's host": "|".join(
        ["pyp" + r"i\.org", "pythonho" + r"sted\.org", "npm" + r"js\.(?:org|com)",
         "anacon" + r"da\.(?:org|com)", "download\\.pyto" + "rch", r"deb\.deb" + "ian",
         "--(?:extra-)?ind" + "ex-url"]
    ),
}  # fmt: skip


def problems(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="ignore")
    found = ((what, re.search(pattern, text)) for what, pattern in FORBIDDEN.items())
    return [f"{path}: {what}: {match[0]}" for what, match in found if match]


def test_no_file_names_a_machine_or_a_registry() -> None:
    texts = [path for path in files() if path.suffix not in {".jpg", ".png"}]
    assert [problem for path in texts for problem in problems(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        "see /ro" + "ot/notes",
        "/wo" + "rk/main",
        "/ho" + "me/ada/x",
        "https://pyp" + "i.org/simple",
        "../sha" + "red",
    ],
)
def test_a_mention_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text)
    assert len(problems(tmp_path / "page.md")) == 1


@pytest.mark.parametrize("text", ["homework/main.py", "https://example.org/work/", "root/x"])
def test_ordinary_text_passes(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text)
    assert problems(tmp_path / "page.md") == []


def test_no_file_is_too_large_for_a_clone() -> None:
    assert [path for path in files() if path.stat().st_size > 5_000_000] == []  # a chapter has 3


def test_file_names_do_not_start_with_a_digit() -> None:
    pages = [path for path in files() if path.is_relative_to(ROOT / "chapters")]
    assert [path for path in pages if path.name[0].isdigit()] == []
