"""The repository's one address: read from `_config.yml`, written everywhere else from there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "launch"  # the generated branch that Colab and Binder open


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub, the one host that Colab opens notebooks from.

    Parameters
    ----------
    owner, name : str
    """

    owner: str
    name: str

    @classmethod
    def parse(cls, url: str) -> Repository:
        """Take ``https://github.com/owner/name`` apart; ``.git`` or ``/`` may follow."""
        match = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", url)
        if match is None:
            raise ValueError(f"url: expected https://github.com/OWNER/NAME, got {url!r}")
        return cls(*match.groups())

    @classmethod
    def configured(cls, root: Path = ROOT) -> Repository:
        """Return the address that `_config.yml` holds."""
        text = (root / "_config.yml").read_text(encoding="utf-8")
        return cls.parse(yaml.safe_load(text)["repository"]["url"])

    @property
    def slug(self) -> str:
        """``owner/name``: part of every address at GitHub, Colab and Binder."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """Where the sources are."""
        return f"https://github.com/{self.slug}"

    @property
    def site(self) -> str:
        """Where GitHub Pages publishes the book, with a slash at its end."""
        return f"https://{self.owner.lower()}.github.io/{self.name}/"


def files(root: Path = ROOT) -> list[Path]:
    """Return the files of the repository: those under git's control and those that could be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    paths = (root / name for name in listing.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def setup_cell(root: Path = ROOT) -> str:
    """Return the first code cell of every notebook; its one home is `.ci/setup_cell.txt`."""
    return (root / ".ci" / "setup_cell.txt").read_text(encoding="utf-8").rstrip("\n")


def edit_notebook(path: Path, edit: Callable[[list[dict[str, Any]]], bool]) -> bool:
    """Let `edit` change the cells of a notebook in place; return what it returns.

    Each cell's source is one string meanwhile. The file is written, in the form that Jupyter
    writes, only if `edit` says that something changed.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    changed = edit(notebook["cells"])
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    if changed:
        text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
    return changed
