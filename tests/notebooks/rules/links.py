"""References lead somewhere: pages exist, anchors exist, equations are the ones that are meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.notebooks.notebook import Cell, Notebook, without_code

MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)")
IMAGE_LINK = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
HTML_LINK = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"(?P<target>[^\"]+)\"", re.IGNORECASE)
ANCHOR = re.compile(r"<a\b[^>]*?\bid=\"(?P<name>[^\"]+)\"", re.IGNORECASE)
REFERENCE = re.compile(
    r"<a\b[^>]*?\bhref=\"#(?P<name>eq-[^\"]+)\"[^>]*>(?P<text>.*?)</a>", re.DOTALL
)
TAGGED = re.compile(
    r"(?:<a\b[^>]*?\bid=\"(?P<name>eq-[^\"]+)\"[^>]*></a>\s*)?\$\$(?P<body>.*?)\$\$", re.DOTALL
)
TAG = re.compile(r"\\tag\{(?P<number>[^}]+)\}")
SOURCES = (".md", ".ipynb")


def pages_exist(notebook: Notebook) -> Iterator[str]:
    """Links between pages are relative, and to sources: the site and Jupyter both follow them."""
    for cell, target in _targets(notebook):
        page = target.partition("#")[0]
        if not page or re.match(r"https?://|mailto:", page):
            continue
        path = notebook.path.parent / page
        candidates = [
            path,
            *(path.with_suffix(suffix) for suffix in SOURCES if path.suffix == ".html"),
        ]
        if page.startswith("/") or not any(candidate.is_file() for candidate in candidates):
            yield f"{cell}: expected a link to an existing page, got {target}"


def anchors_exist(notebook: Notebook) -> Iterator[str]:
    names = _anchors(notebook)
    for name, count in names.items():
        if count > 1:
            yield f"expected the anchor {name!r} once, got it {count} times"
    for cell, target in _targets(notebook):
        if target.startswith("#") and target[1:] not in names:
            yield f"{cell}: expected a link to an anchor of this page, got {target}"


def anchors_are_linked_in_html(notebook: Notebook) -> Iterator[str]:
    """Sphinx looks for Markdown links to `#…` among its own labels, and fails."""
    for cell in notebook.markdown:
        for link in MARKDOWN_LINK.finditer(without_code(cell.source)):
            if "#" in link["target"] and not link["target"].startswith("http"):
                yield f'{cell}: expected <a href="{link["target"]}">, got {link[0]}'


def equations_are_numbered(notebook: Notebook) -> Iterator[str]:
    r"""Each `\tag{n}` counts on from 1 and follows its anchor; each reference shows its number."""
    numbers: dict[str, str] = {}
    expected = 0
    for cell in notebook.markdown:
        for formula in TAGGED.finditer(without_code(cell.source)):
            tag = TAG.search(formula["body"])
            if tag is None:
                continue
            expected += 1
            if tag["number"] != str(expected):
                yield f"{cell}: expected \\tag{{{expected}}}, got {tag[0]}"
            if formula["name"] is None:
                yield f'{cell}: expected <a id="eq-…"></a> before {tag[0]}, got none'
            else:
                numbers[formula["name"]] = tag["number"]
    for cell in notebook.markdown:
        for link in REFERENCE.finditer(cell.source):
            number = numbers.get(link["name"])
            if number is None or f"({number})" not in link["text"]:
                yield f"{cell}: expected a reference that shows ({number}), got {link[0]}"


def images_are_described(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.markdown:
        for image in IMAGE_LINK.finditer(without_code(cell.source)):
            if not image["alt"].strip():
                yield f"{cell}: expected an alternative text, got {image[0]}"


def _targets(notebook: Notebook) -> Iterator[tuple[Cell, str]]:
    for cell in notebook.markdown:
        text = without_code(cell.source)
        for pattern in (MARKDOWN_LINK, IMAGE_LINK, HTML_LINK):
            for link in pattern.finditer(text):
                yield cell, link["target"]


def _anchors(notebook: Notebook) -> Counter[str]:
    return Counter(
        anchor["name"] for cell in notebook.markdown for anchor in ANCHOR.finditer(cell.source)
    )
