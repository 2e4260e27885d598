"""The repository's address has one home and is written everywhere from there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from launch_branch import absolute_links, launch_branch
from repository import ROOT, Repository, edit_notebook, files, setup_cell
from set_repository import set_repository

NEW = Repository("ada", "how-to-pool")  # in two parts: this file, too, gets the new address
# Where readers and tools look for it; other files may mention it too.
PLACES = [
    "_config.yml",
    "CITATION.cff",
    "README.md",
    "pyproject.toml",
    ".ci/setup_cell.txt",
    "chapters/aggregation/vlad.ipynb",
]


def mentions(root: Path, repository: Repository) -> set[str]:
    """Return the files below `root` that mention the address of a repository or of its site."""
    texts = {path: path.read_text(encoding="utf-8", errors="ignore") for path in files(root)}
    return {
        path.relative_to(root).as_posix()
        for path, text in texts.items()
        if repository.slug in text or repository.site[:-1] in text
    }


@pytest.mark.parametrize("place", PLACES)
def test_every_place_holds_the_configured_address(place: str) -> None:
    assert Repository.configured().url in (ROOT / place).read_text(encoding="utf-8")


def test_a_new_address_is_written_everywhere(copy: Path) -> None:
    old = Repository.configured(copy)
    before = mentions(copy, old)
    set_repository(NEW.url, copy)
    assert mentions(copy, NEW) == before >= {*PLACES}
    assert mentions(copy, old) == set()


def test_the_old_address_can_be_written_back(copy: Path) -> None:
    places = [path for path in files(copy) if path.suffix != ".ipynb"]
    before = {path: path.read_bytes() for path in places}
    old = Repository.configured(copy)
    set_repository(NEW.url, copy)
    set_repository(old.url, copy)
    assert {path: path.read_bytes() for path in places} == before


def test_setup_cells_are_brought_up_to_date(copy: Path) -> None:
    notebook = copy / "chapters/aggregation/vlad.ipynb"

    def outdate(cells: list[dict[str, str]]) -> bool:
        next(cell for cell in cells if cell["cell_type"] == "code")["source"] = "# Set-up: old"
        return True

    edit_notebook(notebook, outdate)
    set_repository(NEW.url, copy)
    assert json.dumps(setup_cell(copy).splitlines()[0] + "\n") in notebook.read_text("utf-8")
    assert "# Set-up: old" not in notebook.read_text("utf-8")
    assert f"git+{NEW.url}" in setup_cell(copy)


def test_a_longer_name_is_left_alone(copy: Path) -> None:
    slug = Repository.configured(copy).slug
    note = copy / "note.md"
    text = f"https://github.com/{slug}-fork and my-{slug}"
    note.write_text(text)
    set_repository(NEW.url, copy)
    assert note.read_text() == text


@pytest.mark.parametrize(
    "url", ["", "ada/pool", "http://github.com/a/b", "https://example.org/a/b"]
)
def test_an_address_that_colab_cannot_open_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url: expected https://github\.com/OWNER/NAME, got '"):
        Repository.parse(url)


@pytest.mark.parametrize("end", ["", "/", ".git"])
def test_an_address_is_taken_apart(end: str) -> None:
    repository = Repository.parse(f"https://github.com/Ada/pool.book{end}")
    assert repository.slug == "Ada/pool.book"
    assert repository.site == "https://ada.github.io/pool.book/"


SITE = "https://ada.github.io/pool/"
RAW = "https://github.com/ada/pool/raw/launch/"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](../notation.md)", f"[a]({SITE}chapters/notation.html)"),
        ("[a](../notation.md#sets)", f"[a]({SITE}chapters/notation.html#sets)"),
        ("[a](vlad.ipynb)", f"[a]({SITE}chapters/aggregation/vlad.html)"),
        ('<a href="../glossary.html#t">', f'<a href="{SITE}chapters/glossary.html#t">'),
        ("![a](../_static/logo.svg)", f"![a]({RAW}chapters/_static/logo.svg)"),
        ('[a](../index.md "Start")', f'[a]({SITE}chapters/index.html "Start")'),
        ('<a href="#eq-vlad-1">(1)</a>', '<a href="#eq-vlad-1">(1)</a>'),
        ("[a](https://example.org/b.md)", "[a](https://example.org/b.md)"),
        ("[a](mailto:ada@example.org)", "[a](mailto:ada@example.org)"),
        ("$f[0](x)$ is text", "$f[0](x)$ is text"),
    ],
)
def test_links_of_the_launch_branch(link: str, expected: str) -> None:
    repository = Repository("ada", "pool")
    assert absolute_links(link, "chapters/aggregation/vlad.ipynb", repository) == expected


def test_a_link_to_nothing_is_refused() -> None:
    place, repository = "chapters/aggregation/vlad.ipynb", Repository("ada", "pool")
    with pytest.raises(ValueError, match=r"vlad\.ipynb: expected a link to .*, got 'none\.md'$"):
        absolute_links("[a](none.md)", place, repository)


def test_launch_branch_is_the_repository_with_absolute_links(copy: Path, tmp_path: Path) -> None:
    launch_branch(tmp_path / "launch", copy)
    for path in files(copy):
        again = tmp_path / "launch" / path.relative_to(copy)
        if path.suffix != ".ipynb":
            assert again.read_bytes() == path.read_bytes()
        else:
            text = again.read_text(encoding="utf-8")
            assert "](../" not in text
            assert 'href=\\"../' not in text
