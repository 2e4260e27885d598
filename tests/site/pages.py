"""The pages of the site, as `_toc.yml` lists them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def _files(entry: Any) -> Iterator[str]:
    if isinstance(entry, dict):
        for key, value in entry.items():
            if key in ("file", "root"):
                yield value
            else:
                yield from _files(value)
    elif isinstance(entry, list):
        for item in entry:
            yield from _files(item)


SOURCES = list(_files(TOC))  # without suffix: chapters/aggregation/vlad
NOTEBOOKS = [source for source in SOURCES if (ROOT / f"{source}.ipynb").is_file()]
PAGES = [f"{source}.html" for source in SOURCES]
EVERY_PAGE = [*PAGES, "genindex.html", "search.html"]
