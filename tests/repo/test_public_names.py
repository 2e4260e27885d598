"""Package, stored list and API pages agree on what is public."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.repo.public_names import parts, public_names, stored_names

API = Path(__file__).resolve().parents[2] / "chapters" / "api"


def test_public_names_are_the_stored_ones() -> None:
    assert public_names() == stored_names(), "python -m tests.repo.public_names stores them anew"


@pytest.mark.parametrize("part", parts())
def test_each_part_has_an_api_page(part: str) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in API.glob("*.md"))
    assert re.search(rf"^\.\. automodule:: {re.escape(part)}$", pages, flags=re.MULTILINE)


@pytest.mark.parametrize("name", public_names())
def test_each_public_function_and_class_is_documented(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    thing = getattr(importlib.import_module(module), attribute)
    if callable(thing) and hasattr(thing, "__qualname__"):
        assert thing.__doc__
