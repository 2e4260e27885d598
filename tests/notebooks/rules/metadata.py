"""Metadata that says something about the notebook, and nothing about who opened it last."""

from __future__ import annotations

from collections.abc import Iterator

from tests.notebooks.notebook import Notebook

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = frozenset({"tags", "mystnb", "coursekit"})


def notebook_metadata(notebook: Notebook) -> Iterator[str]:
    if notebook.node.metadata != NOTEBOOK_METADATA:
        yield f"expected the metadata {NOTEBOOK_METADATA}, got {dict(notebook.node.metadata)}"


def cell_metadata(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        for name in sorted(set(cell.node.metadata) - CELL_METADATA):
            yield f"{cell}: expected metadata {', '.join(sorted(CELL_METADATA))}, got {name}"
        if cell.node.get("attachments"):
            yield f"{cell}: expected no attachments, got {sorted(cell.node.attachments)}"
