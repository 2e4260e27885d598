"""Internal links and anchors of the built site lead somewhere; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.site.pages import EVERY_PAGE, PAGES

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}


@cache
def parsed(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(page: Path) -> frozenset[str]:
    named = parsed(page).find_all(lambda tag: tag.has_attr("id") or tag.has_attr("name"))
    return frozenset(str(tag[key]) for tag in named for key in ("id", "name") if tag.has_attr(key))


def dead_links(page: Path) -> Iterator[str]:
    """Yield the links from `page` to a file or to an anchor that does not exist."""
    for tag in parsed(page).find_all(["a", "link", *LOADED]):
        link = str(tag.get("href") or tag.get(LOADED.get(tag.name, "href")) or "")
        parts = urlsplit(link)
        if not link or parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.is_file():
            yield f"{link}: no such file"
        elif _is_anchor(parts.fragment, target) and unquote(parts.fragment) not in anchors(target):
            yield f"{link}: no such anchor"


def _is_anchor(fragment: str, target: Path) -> bool:
    return bool(fragment) and target.suffix == ".html"


def foreign_loads(page: Path) -> Iterator[str]:
    """Yield what the page would load from another host."""
    for tag in parsed(page).find_all([*LOADED, "link"]):
        link = str(tag.get("href" if tag.name == "link" else LOADED[tag.name]) or "")
        if urlsplit(link).netloc and "canonical" not in str(tag.get("rel")):
            yield link


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_internal_links_lead_somewhere(site: Path, path: str) -> None:
    assert list(dead_links(site / path)) == []


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_nothing_is_loaded_from_another_host(site: Path, path: str) -> None:
    assert list(foreign_loads(site / path)) == []


def test_style_sheets_load_nothing_from_another_host(site: Path) -> None:
    sheets = [path for path in site.rglob("*.css") if "url(http" in path.read_text("utf-8")]
    assert sheets == []


def test_start_page_leads_to_the_book(site: Path) -> None:
    assert f"url={PAGES[0]}" in (site / "index.html").read_text(encoding="utf-8")


def test_dead_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<p id="here"><a href="#here">a</a><a href="#there">b</a><a href="none.html">c</a>'
        '<img src="none.png"><script src="https://example.org/x.js"></script></p>'
    )
    assert list(dead_links(page)) == [
        "#there: no such anchor",
        "none.html: no such file",
        "none.png: no such file",
    ]
    assert list(foreign_loads(page)) == ["https://example.org/x.js"]
