"""The layers of coursekit: who may import whom, and a walk over the syntax trees that checks it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

LEAVES = {"types", "validation"}
ENCODERS = LEAVES | {"aggregation", "convnet", "retrieval", "data"}
BELOW_FIGURES = ENCODERS | {"pooling", "features", "training"}
ANYTHING = BELOW_FIGURES | {"comparison", "plotting", "exercises", "grading", "cli"}

# Each layer, and what it may import besides itself.
ALLOWED = {
    "types": set[str](),
    "validation": {"types"},
    "aggregation": LEAVES,
    "convnet": LEAVES,
    "retrieval": LEAVES,
    "data": LEAVES,
    "pooling": LEAVES | {"aggregation"},
    "features": LEAVES | {"convnet"},
    "training": LEAVES | {"pooling", "convnet", "retrieval", "data"},
    "comparison": BELOW_FIGURES,
    "plotting": BELOW_FIGURES | {"comparison"},
    "exercises": BELOW_FIGURES,
    "grading": ANYTHING,
    "cli": ANYTHING,
}


def violations(package: Path) -> list[str]:
    """Return each import of `package` that goes against the layers: ``file:line: a imports b``."""
    return [
        f"{file.relative_to(package)}:{line}: {layer} imports {imported}"
        for file in sorted(package.rglob("*.py"))
        for layer in [layer_of(file.relative_to(package))]
        for line, imported in imported_layers(file, package)
        if imported != layer and imported not in ALLOWED.get(layer, set())
    ]


def layer_of(file: Path) -> str:
    """Return the layer of a file, given relative to the package; ``__init__`` is the package's."""
    return file.parts[0].removesuffix(".py")


def imported_layers(file: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Yield line and layer of each import of coursekit, those inside functions included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _layers(node.lineno, [alias.name], package)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, file, package)
            # `from coursekit import aggregation` names a layer only in its last part.
            yield from _layers(node.lineno, [f"{origin}.{a.name}" for a in node.names], package)


def _origin(node: ast.ImportFrom, file: Path, package: Path) -> str:
    if node.level == 0:
        return node.module or ""
    folder = file.parents[node.level - 1].relative_to(package.parent)
    return ".".join([*folder.parts, *([node.module] if node.module else [])])


def _layers(line: int, names: list[str], package: Path) -> Iterator[tuple[int, str]]:
    for parts in {tuple(name.split(".")[:2]) for name in names}:
        if parts[0] == package.name and len(parts) == 2 and not parts[1].startswith("__"):
            yield line, parts[1]
