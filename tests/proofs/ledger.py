"""What was proved already: outcomes kept in files, so that a second call goes on."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

from tests.proofs.run import Outcome
from tests.proofs.settings import Setting


def surroundings(sources: Iterable[Path], processor: Iterable[str]) -> str:
    """Return a checksum of source files, of what is installed and of the processor."""
    digest = sha256(repr([platform.machine(), *processor]).encode())
    digest.update(repr(sorted(f"{one.name} {one.version}" for one in distributions())).encode())
    for path in sorted(sources):
        digest.update(str(path).encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def key(notebook: Path, setting: Setting, surroundings: str) -> str:
    """Return the name of an outcome: it changes with all that the outcome may depend on."""
    described = [sorted(setting.variables.items()), list(setting.options), setting.busy]
    content = sha256(notebook.read_bytes()).hexdigest()
    return sha256(json.dumps([content, described, surroundings]).encode()).hexdigest()


class Ledger:
    """Outcomes by key, a file each in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str) -> Outcome | None:
        path = self.folder / f"{name}.json"
        return Outcome(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def keep(self, name: str, outcome: Outcome) -> None:
        """Write an outcome down, whole or not at all, unless it is not final."""
        if outcome.final:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f"{name}.part"
            part.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
            part.replace(self.folder / f"{name}.json")
