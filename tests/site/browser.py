"""The built site as a reader meets it: served on this machine, opened in Chromium."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
STILL = "* { transition: none !important; animation: none !important; }"  # no colours on the way
WIDE = 1280  # CSS pixels
# Started as root in a container, and silent on the network.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def required() -> bool:
    """Whether a missing browser or site is a failure: in CI it is, elsewhere tests skip."""
    return os.environ.get("CI") == "true" or os.environ.get("COURSEKIT_REQUIRE_BROWSER") == "1"


def missing(what: str) -> None:
    """Skip the test that needs `what`, or fail it where nothing may be missing."""
    if required():
        pytest.fail(f"{what} (with CI=true or COURSEKIT_REQUIRE_BROWSER=1 nothing is skipped)")
    pytest.skip(what)


def executable() -> str | None:
    """Return the Chromium of this machine."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` on a free port of this machine; yield the address, with a slash at its end."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@dataclass
class Visit:
    """A page that was opened, and what it complained about meanwhile."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@contextmanager
def visit(
    browser: Browser, address: str, path: str, *, width: int = WIDE, scheme: str = "light"
) -> Iterator[Visit]:
    """Open a page of the site and wait until it is still: scripts ran, formulas are set."""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with browser.new_context(**options) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)  # milliseconds: a busy machine is no failure
        opened = Visit(page)
        page.on("pageerror", lambda error: opened.complaints.append(f"error: {error}"))
        page.on("console", lambda message: _note_message(opened, message.type, message.text))
        page.on("request", lambda request: _note_request(opened, request.url, address))
        page.on("response", lambda answer: _note_answer(opened, answer.status, answer.url))
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        page.add_style_tag(content=STILL)
        yield opened


def _note_message(opened: Visit, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        opened.complaints.append(f"console: {text}")


def _note_request(opened: Visit, url: str, address: str) -> None:
    if not url.startswith((address, "data:", "blob:")):
        opened.complaints.append(f"request to another host: {url}")


def _note_answer(opened: Visit, status: int, url: str) -> None:
    if status >= 400:
        opened.complaints.append(f"answer {status}: {url}")
