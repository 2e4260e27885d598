"""The stored list of public names: ``python -m tests.repo.public_names`` writes it anew.

A name that disappears from it breaks somebody's program, so a test compares it with the package.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import coursekit

STORED = Path(__file__).with_suffix(".txt")
# These need torch, which `coursekit.convnet` never loads: readers import them by their own names.
ON_THEIR_OWN = tuple(
    f"coursekit.convnet.{name}" for name in ("backbones", "course_net", "describe")
)


def parts() -> list[str]:
    """Return the modules whose public names readers import: those below `coursekit`, mostly."""
    below = (f"coursekit.{module.name}" for module in pkgutil.iter_modules(coursekit.__path__))
    return sorted([*below, *ON_THEIR_OWN])


def public_names() -> list[str]:
    """Return every public name with its module, as a reader imports it."""
    modules = [importlib.import_module(part) for part in parts()]
    return sorted(f"{module.__name__}.{name}" for module in modules for name in module.__all__)


def stored_names() -> list[str]:
    return STORED.read_text(encoding="utf-8").split()


if __name__ == "__main__":
    STORED.write_text("\n".join(public_names()) + "\n", encoding="utf-8")
