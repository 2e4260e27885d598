"""Write the repository's address everywhere: ``python .ci/set_repository.py URL [ROOT]``.

`_config.yml` says what the address is now. Each text file that mentions it, as an address of the
repository or of the site, gets the new one; then every notebook gets the set-up cell anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from repository import ROOT, Repository, edit_notebook, files, setup_cell


def set_repository(url: str, root: Path = ROOT) -> list[Path]:
    """Replace the configured address by `url` below `root`; return the files that changed."""
    old, new = Repository.configured(root), Repository.parse(url)
    changed = [path for path in files(root) if _replace(path, old, new)]
    notebooks = [path for path in files(root) if path.suffix == ".ipynb"]
    changed += [path for path in notebooks if path not in changed and write_setup_cell(path, root)]
    return changed


def _replace(path: Path, old: Repository, new: Repository) -> bool:
    try:
        before = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:  # a photograph
        return False
    after = before
    for mention, replacement in ((old.slug, new.slug), (old.site[:-1], new.site[:-1])):
        after = re.sub(rf"(?<![\w.-]){re.escape(mention)}(?![\w-])", replacement, after)
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before


def write_setup_cell(path: Path, root: Path = ROOT) -> bool:
    """Make the set-up cell of a notebook the current one; return whether that changed anything."""
    current = setup_cell(root)

    def edit(cells: list[dict[str, Any]]) -> bool:
        first = next((cell for cell in cells if cell["cell_type"] == "code"), None)
        if first is None or not first["source"].startswith("# Set-up:"):
            return False
        changed = bool(first["source"] != current)
        first["source"] = current
        return changed

    return edit_notebook(path, edit)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    for changed_file in set_repository(sys.argv[1], Path(sys.argv[2]) if sys.argv[2:] else ROOT):
        print(changed_file)
