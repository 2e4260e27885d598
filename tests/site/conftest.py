"""The site and the browser, started once for each worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.site import browser as tools

Open = Callable[..., AbstractContextManager[tools.Visit]]


@pytest.fixture(scope="session")
def site() -> Path:
    """Return the folder of the built site."""
    if not (tools.SITE / "index.html").is_file():
        tools.missing("the site is not built: make book")
    return tools.SITE


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser of this machine, without a window."""
    executable = tools.executable()
    if executable is None:
        tools.missing(f"no browser on the path: {', '.join(tools.BROWSERS)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=tools.FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_page(site: Path, chromium: Browser) -> Iterator[Open]:
    """Return a function that opens a page of the site, given its path."""
    with tools.served(site) as address:
        yield partial(tools.visit, chromium, address)
