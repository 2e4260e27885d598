"""A notebook as the rules read it: its cells, its prose, its sections."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

FENCE = re.compile(r"^(?P<fence>```+|~~~+)[^\n]*\n.*?^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
DISPLAY_MATH = re.compile(r"\$\$.*?\$\$", re.DOTALL)
INLINE_MATH = re.compile(r"(?<![\\$])\$(?![\s$])[^$]*?(?<![\s\\])\$(?!\d)")
TAG = re.compile(r"<[^>]+>")
HEADING = re.compile(r"^##[ ]+(?P<title>.+?)[ ]*#*$", re.MULTILINE)
WORD = re.compile(r"[^\W\d_](?:[\w'’.-]*\w)?")


@dataclass
class Section:
    """What stands under one heading of the second level: its text and its code cells."""

    title: str
    text: str = ""
    code: list[Cell] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """A cell and its place, counted from 1 over all cells, as a reader counts them."""

    number: int
    node: Any

    @property
    def source(self) -> str:
        return str(self.node.source)

    @property
    def is_code(self) -> bool:
        return bool(self.node.cell_type == "code")

    @property
    def outputs(self) -> list[Any]:
        return list(self.node.get("outputs", []))

    @property
    def course(self) -> dict[str, Any]:
        """Our own metadata: `exercise`, `part`, `reason`."""
        return dict(self.node.metadata.get("coursekit", {}))

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one if the cell is no Python, which another rule says."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return ast.Module([], [])

    @property
    def has_picture(self) -> bool:
        return any("image/png" in output.get("data", {}) for output in self.outputs)

    def __str__(self) -> str:
        first = self.source.strip().partition("\n")[0]
        return f"cell {self.number} ({first[:40]!r})"


@dataclass(frozen=True)
class Notebook:
    """A notebook on disk."""

    path: Path
    node: Any

    @classmethod
    def read(cls, path: Path) -> Notebook:
        return cls(path, nbformat.read(path, as_version=4))

    @cached_property
    def cells(self) -> list[Cell]:
        return [Cell(number, node) for number, node in enumerate(self.node.cells, start=1)]

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_code]

    @property
    def markdown(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.node.cell_type == "markdown"]

    @cached_property
    def sections(self) -> dict[str, Section]:
        """The sections in order; what precedes the first heading stands under ""."""
        current = Section("")
        sections = {"": current}
        for cell in self.cells:
            if cell.is_code:
                current.code.append(cell)
                continue
            before, *rest = HEADING.split(without_code_blocks(cell.source))
            current.text += before + "\n"
            for title, text in zip(rest[::2], rest[1::2], strict=True):
                current = sections.setdefault(title, Section(title))
                current.text += text + "\n"
        return sections


def without_code_blocks(markdown: str) -> str:
    """Drop fenced blocks."""
    return FENCE.sub("", markdown)


def without_code(markdown: str) -> str:
    """Drop fenced blocks and code between back-quotes."""
    return INLINE_CODE.sub("", without_code_blocks(markdown))


def without_mathematics(markdown: str) -> str:
    """Drop formulas, displayed and inline."""
    return INLINE_MATH.sub("", DISPLAY_MATH.sub("", markdown))


def words(markdown: str) -> list[str]:
    """Return the words of the prose: neither code, nor formulas, nor HTML tags."""
    return WORD.findall(TAG.sub("", without_mathematics(without_code(markdown))))


def text_outputs(cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) for each textual output: stdout, stderr, or a MIME type."""
    yield from texts(cell.outputs)


def texts(outputs: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) for each textual one of a list of outputs."""
    for output in outputs:
        if output.output_type == "stream":
            yield output.name, output.text
        elif output.output_type == "error":
            yield "error", f"{output.ename}: {output.evalue}"
        else:
            for kind, text in output.data.items():
                if not kind.startswith("image/"):
                    yield kind, "".join(text)
