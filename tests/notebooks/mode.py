"""How stored outputs are compared in this session, and why: strictly, or with a tolerance."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from tests.notebooks import fingerprint

OPTION = "--stored-outputs"
CHOICES = ("auto", "strict", "tolerant")
PERTURBATION = "NOTEBOOK_PERTURBATION"  # a variable: name or name:seed, see `perturbations`


@dataclass(frozen=True)
class Mode:
    """What a session does, the same in all of its workers."""

    tolerant: bool
    reason: str

    def __str__(self) -> str:
        return f"{'tolerant' if self.tolerant else 'strict'} comparison, {self.reason}"


KEY = pytest.StashKey[Mode]()


def mode_of(config: pytest.Config) -> Mode:
    """Return the mode of a session; a worker takes over that of the session that started it.

    Raises
    ------
    pytest.UsageError
        If features should decide, and no checksum of theirs is stored.
    """
    if KEY not in config.stash:
        given = getattr(config, "workerinput", {}).get("stored_outputs")
        config.stash[KEY] = Mode(**given) if given else _decide(config)
    return config.stash[KEY]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("nbval").addoption(
        OPTION,
        choices=CHOICES,
        default="auto",
        help="strict: letter by letter; tolerant: numbers and figures that depend on features may "
        "differ a little; auto: strict where SIFT gives the features that outputs were made with",
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say at the top of the report how outputs are compared, and why."""
    if not _runs_notebooks(config):
        return []
    lines = [f"stored outputs: {mode_of(config)}"]
    if perturbation():
        lines.append(f"notebooks: perturbed by {perturbation()}")
    return lines


@pytest.hookimpl(optionalhook=True)  # a hook of xdist
def pytest_configure_node(node: Any) -> None:
    """Hand the mode over to a worker."""
    if _runs_notebooks(node.config):
        node.workerinput["stored_outputs"] = asdict(mode_of(node.config))


def perturbation() -> str:
    """Return the perturbation that the environment asks for; an empty string for none."""
    return os.environ.get(PERTURBATION, "")


def _runs_notebooks(config: pytest.Config) -> bool:
    return bool(config.getoption("nbval", False) or config.getoption("nbval_lax", False))


def _decide(config: pytest.Config) -> Mode:
    asked = config.getoption("stored_outputs", "auto")
    if asked != "auto":
        return Mode(asked == "tolerant", f"as {OPTION}={asked} says")
    chapters = config.rootpath / "chapters"
    stored, here = fingerprint.read(chapters), fingerprint.here()
    if stored is None:
        raise pytest.UsageError(
            f"{chapters / fingerprint.FILE}: expected the checksum that `make notebooks` writes, "
            f"got no file; or say {OPTION}=strict or tolerant"
        )
    if stored.checksum == here.checksum:
        return Mode(False, f"since SIFT gives the stored features: {here}")
    return Mode(True, f"since SIFT gives other features: expected {stored}, got {here}")
