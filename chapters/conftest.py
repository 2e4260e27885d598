"""Notebooks below run under the guards of `tests/notebooks`, whichever way pytest is called."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # `pytest`, unlike `python -m pytest`, does not add it
    sys.path.insert(0, ROOT)

from tests.notebooks.mode import (  # noqa: E402
    pytest_addoption,
    pytest_configure_node,
    pytest_report_header,
)
from tests.notebooks.plugin import pytest_collect_file  # noqa: E402

__all__ = [
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure_node",
    "pytest_report_header",
]
