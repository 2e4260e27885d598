"""Each page in Chromium: quiet, self-contained, accessible, legible on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Browser

from tests.site import browser
from tests.site.browser import WIDE, Visit
from tests.site.conftest import Open
from tests.site.pages import EVERY_PAGE

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
NARROW = 360  # CSS pixels: a small telephone

# With a rule that is off by default and that the stock theme breaks.
AXE_RUN = """() => axe.run({
    exclude: [["mjx-container"]],  // formulas: thousands of nodes in the colour of the text
}, {
    preload: false,  // it would fetch style sheets by wrong addresses
    rules: {"label-content-name-mismatch": {enabled: true}},
})"""
# What sticks out is found by its text: a block's own box ends where its too long word goes on.
TOO_WIDE = """() => {
    const excess = document.documentElement.scrollWidth - window.innerWidth;
    if (excess <= 0) return [];
    const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const found = [`${excess} px too wide`];
    while (texts.nextNode() && found.length < 6) {
        const range = document.createRange();
        range.selectNodeContents(texts.currentNode);
        if (range.getBoundingClientRect().right > window.innerWidth + 1)
            found.push(texts.currentNode.textContent.slice(0, 80));
    }
    return found;
}"""
UNDESCRIBED = """() => [
    ...document.querySelectorAll("main img, main svg[role=img]:not([aria-hidden=true])")
].filter(
    (image) => !(image.getAttribute("alt") || image.getAttribute("aria-label"))
).map((image) => image.outerHTML.slice(0, 200))"""
FORMULAS = """() => ({
    written: document.querySelectorAll("main .math").length,
    set: document.querySelectorAll("main .math mjx-container").length,
    wrong: [...document.querySelectorAll("mjx-merror")].map((error) => error.textContent),
})"""


def accessibility_problems(opened: Visit) -> list[str]:
    opened.page.evaluate(AXE)
    found: list[dict[str, Any]] = opened.page.evaluate(AXE_RUN)["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"][:3]
    ]


@pytest.fixture(scope="module", params=EVERY_PAGE)
def opened(request: pytest.FixtureRequest, open_page: Open) -> Iterator[Visit]:
    """Open a page once for all tests of it; each leaves it wide and light."""
    with open_page(request.param) as visit:
        yield visit


def test_page_is_quiet_and_asks_no_other_host(opened: Visit) -> None:
    assert opened.complaints == []


def test_every_image_is_described(opened: Visit) -> None:
    assert opened.page.evaluate(UNDESCRIBED) == []


def test_every_formula_is_set(opened: Visit) -> None:
    formulas = opened.page.evaluate(FORMULAS)
    assert formulas["wrong"] == []
    assert formulas["set"] == formulas["written"]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_page_is_accessible(opened: Visit, scheme: Literal["dark", "light"]) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    opened.page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    assert accessibility_problems(opened) == []


def test_nothing_is_wider_than_a_narrow_screen(opened: Visit) -> None:
    opened.page.set_viewport_size({"width": NARROW, "height": 800})
    try:
        assert opened.page.evaluate(TOO_WIDE) == []
    finally:
        opened.page.set_viewport_size({"width": WIDE, "height": 900})


BAD_PAGE = """<!doctype html><html lang="en"><title>Bad</title><body><main>
<h1 style="width: 900px">Bad</h1><img src="none.png">
<script>nonsense()</script><script src="http://127.0.0.1:9/other.js"></script></main></body></html>"""


@pytest.fixture
def bad_page(chromium: Browser, tmp_path: Path) -> Iterator[Visit]:
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    with (
        browser.served(tmp_path) as address,
        browser.visit(chromium, address, "bad.html", width=NARROW) as opened,
    ):
        yield opened


def test_a_bad_page_is_noticed(bad_page: Visit) -> None:
    complaints = " ".join(bad_page.complaints)
    for part in ("nonsense is not defined", "answer 404", "another host: http://127.0.0.1:9/"):
        assert part in complaints
    assert bad_page.page.evaluate(TOO_WIDE)[0].endswith("px too wide")
    assert len(bad_page.page.evaluate(UNDESCRIBED)) == 1
    assert any(problem.startswith("image-alt") for problem in accessibility_problems(bad_page))
