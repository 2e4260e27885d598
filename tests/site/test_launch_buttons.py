"""Each notebook page opens in Colab and in Binder, at the configured address."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from repository import Repository

from tests.site.pages import NOTEBOOKS

COLAB = "https://colab.research.google.com/github/{slug}/blob/launch/{source}.ipynb"
BINDER = "https://mybinder.org/v2/gh/{slug}/launch?urlpath=lab/tree/{source}.ipynb"


def links(page: Path) -> set[str]:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {str(link["href"]) for link in soup.select(".dropdown-launch-buttons a[href]")}


@pytest.mark.parametrize("source", NOTEBOOKS)
def test_notebook_opens_in_colab_and_binder(site: Path, source: str) -> None:
    slug = Repository.configured().slug
    expected = {button.format(slug=slug, source=source) for button in (COLAB, BINDER)}
    assert links(site / f"{source}.html") == expected


def test_there_are_notebooks() -> None:
    assert "chapters/aggregation/vlad" in NOTEBOOKS
