"""The search, which runs in the browser, finds pages by their words."""

from __future__ import annotations

import pytest

from tests.site.conftest import Open

CHAPTER = "chapters/aggregation/vlad.html"


@pytest.mark.parametrize(
    ("words", "page"),
    [("VLAD", CHAPTER), ("residual", CHAPTER), ("mean_average_precision", "chapters/api/")],
)
def test_search_finds_the_page(open_page: Open, words: str, page: str) -> None:
    with open_page(f"search.html?q={words}") as opened:
        results = opened.page.locator("#search-results li a")
        results.first.wait_for()
        found = [str(link.get_attribute("href")) for link in results.all()]
        assert any(page in link for link in found)
        assert opened.complaints == []


def test_search_says_when_it_finds_nothing(open_page: Open) -> None:
    with open_page("search.html?q=qwertyuiop") as opened:
        summary = opened.page.locator("#search-results .search-summary")
        summary.get_by_text("did not match any documents").wait_for()
