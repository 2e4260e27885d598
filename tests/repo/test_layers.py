"""Imports of coursekit point one way only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.repo.layers import ALLOWED, violations

PACKAGE = Path(__file__).resolve().parents[2] / "coursekit"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a copy of the package that a test may break."""
    only_code = shutil.ignore_patterns("*.jpg", "__pycache__")
    return Path(shutil.copytree(PACKAGE, tmp_path / "coursekit", ignore=only_code))


def test_imports_point_one_way() -> None:
    assert violations(PACKAGE) == []


def test_every_part_of_the_package_has_a_layer() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__"} <= ALLOWED.keys()


@pytest.mark.parametrize(
    "line",
    [
        "from coursekit.plotting import plot_cells",
        "import coursekit.plotting.style",
        "from coursekit import plotting",
        "from ..plotting import plot_cells",
        "from .. import plotting",
        "def late():\n    from coursekit.plotting import plot_cells",
        "if TYPE_CHECKING:\n    from coursekit.plotting import Neighbour",
    ],
)
def test_an_upward_import_is_found(package: Path, line: str) -> None:
    (package / "aggregation" / "extra.py").write_text(line)
    [found] = violations(package)
    assert found.startswith("aggregation/extra.py:")
    assert found.endswith(": aggregation imports plotting")


def test_the_package_itself_imports_no_layer(package: Path) -> None:
    (package / "__init__.py").write_text("from coursekit.types import LocalFeatures")
    assert violations(package) == ["__init__.py:1: __init__ imports types"]
