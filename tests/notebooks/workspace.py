"""Where a notebook runs: an empty directory, an empty home, and nothing of the author's machine."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Settings of the person who runs the tests, which would change what a notebook draws or prints.
PERSONAL = (
    "MPLBACKEND",
    "MATPLOTLIBRC",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
    "PYTHONHOME",
    "COURSEKIT_DATA",
)
# Torch notes its cache folder in the environment of whoever compiled a layer before.
PERSONAL_PREFIXES = ("XDG_", "PYTEST_", "IPYTHON", "COLUMNS", "LINES", "TORCHINDUCTOR_", "TRITON_")


@dataclass(frozen=True)
class Workspace:
    """The directories of one run of one notebook.

    Parameters
    ----------
    root : Path
        A fresh directory; everything below is made by `create`.
    fonts : Path
        Matplotlib's configuration, shared by all runs of a session: it holds only the list of
        fonts, which takes half a second to build.
    """

    root: Path
    fonts: Path

    @classmethod
    def create(cls, root: Path) -> Workspace:
        """Make the directories of a run in `root`, whose parent keeps the list of fonts."""
        workspace = cls(root.resolve(), root.resolve().parent / "matplotlib")
        for directory in (workspace.cwd, workspace.home, workspace.scratch):
            directory.mkdir(parents=True)
        if not workspace.fonts.exists():
            _build_font_list(workspace.fonts)
        return workspace

    @property
    def cwd(self) -> Path:
        return self.root / "empty"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def scratch(self) -> Path:
        return self.root / "tmp"

    @property
    def journal(self) -> Path:
        """The file in which the guard writes what it refused."""
        return self.root / "trespasses.txt"

    @property
    def writable(self) -> list[str]:
        return [str(path) for path in (self.cwd, self.home, self.scratch, self.fonts)]

    def environment(self) -> dict[str, str]:
        """Return the environment of the kernel: the caller's, without personal settings."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in PERSONAL and not name.startswith(PERSONAL_PREFIXES)
        }
        return kept | {
            "PYTHONUSERBASE": site.getuserbase(),  # the home moves, packages stay
            "PYTHONDONTWRITEBYTECODE": "1",  # an import must not write beside coursekit
            "HOME": str(self.home),
            "TMPDIR": str(self.scratch),
            "JOBLIB_TEMP_FOLDER": str(self.scratch),
            "IPYTHONDIR": str(self.home / ".ipython"),
            "MPLCONFIGDIR": str(self.fonts),
        }

    def trespasses(self) -> list[str]:
        """Return what the guard has refused so far, in order."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []


def _build_font_list(directory: Path) -> None:
    directory.mkdir()
    subprocess.run(
        [sys.executable, "-c", "import matplotlib.font_manager"],
        env=os.environ | {"MPLCONFIGDIR": str(directory)},
        check=True,
        capture_output=True,
    )
