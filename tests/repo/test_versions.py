"""Name, version, licences and address are said in several files, and agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from repository import Repository

import coursekit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def test_version_of_the_package() -> None:
    assert PROJECT["version"] == coursekit.__version__


def test_version_of_the_citation() -> None:
    assert CITATION["version"] == PROJECT["version"]


def test_version_stands_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, flags=re.MULTILINE)
    assert released[0] == PROJECT["version"]


def test_title_of_the_citation_is_that_of_the_book() -> None:
    assert CITATION["title"] == CONFIG["title"]


def test_authors() -> None:
    names = {CONFIG["author"], CITATION["authors"][0]["name"], PROJECT["authors"][0]["name"]}
    assert len(names) == 1


def test_licences() -> None:
    assert " AND ".join(CITATION["license"]) == PROJECT["license"]
    for name in PROJECT["license-files"]:
        assert (ROOT / name).stat().st_size > 0


@pytest.mark.parametrize(
    ("place", "address"),
    [
        (CITATION["repository-code"], "url"),
        (CITATION["url"], "site"),
        (PROJECT["urls"]["Repository"], "url"),
        (PROJECT["urls"]["Homepage"], "site"),
    ],
)
def test_address(place: str, address: str) -> None:
    assert place == getattr(Repository.configured(), address)
