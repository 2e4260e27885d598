"""A plugin that runs tests in a drawn order: `pytest -p tests.repo.shuffled --shuffle SEED`.

Files change places, and the tests of a file among themselves, so that what ran before differs.
Files stay in one piece: what a file sets up once is not set up anew for each test.
"""

from __future__ import annotations

import random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, default=0, help="seed of the order of tests")


def pytest_report_header(config: pytest.Config) -> str:
    return f"order of tests: drawn with seed {config.getoption('--shuffle')}"


@pytest.hookimpl(trylast=True)  # after pytest has sorted them by what they set up
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    rng = random.Random(config.getoption("--shuffle"))
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = list(files)
    rng.shuffle(names)
    for name in names:
        rng.shuffle(files[name])
    items[:] = [item for name in names for item in files[name]]
