"""Every public name of coursekit has its place on the API pages of the built site."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pytest

from tests.repo.public_names import public_names

ENTRY = re.compile(r"^(\S+) py:\w+ \S+ (\S+) ", flags=re.MULTILINE)


@pytest.fixture(scope="module")
def documented(site: Path) -> dict[str, str]:
    """Return where each Python name is documented, from the index that Sphinx leaves (format 2)."""
    packed = (site / "objects.inv").read_bytes().split(b"\n", maxsplit=4)[4]
    return dict(ENTRY.findall(zlib.decompress(packed).decode("utf-8")))


@pytest.mark.parametrize("name", public_names())
def test_public_name_is_documented(documented: dict[str, str], name: str) -> None:
    assert documented[name].startswith("chapters/api/")


def test_api_pages_document_only_public_names(documented: dict[str, str]) -> None:
    # A class is indexed a second time under the module that defines it.
    modules = {name.rpartition(".")[0] for name in public_names()}
    pages = {name for name in documented if name.rpartition(".")[0] in modules}
    assert pages - modules <= {*public_names()}
