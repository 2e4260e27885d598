"""Write the content of the `launch` branch: ``python .ci/launch_branch.py DESTINATION [ROOT]``.

Colab opens one notebook without the files around it, so a relative link leads nowhere there. The
branch is a copy of the repository in which the links of notebooks are absolute: to the page on the
site where there is one, else to the file in the branch.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from repository import BRANCH, ROOT, Repository, edit_notebook, files

# [text](target "title"), ![alt](target), href="target", src="target"; the target is group 2. It
# holds a dot, as every file of ours does: f[0](x) in a formula is no link.
LINK = re.compile(r"""(\]\(|\b(?:href|src)=["'])([^\s()"'<>]*\.[^\s()"'<>]+)""")
PAGES = {".md", ".ipynb", ".html"}


def launch_branch(destination: Path, root: Path = ROOT) -> None:
    """Copy the repository at `root` into the new folder `destination`, notebooks made absolute."""
    repository = Repository.configured(root)
    destination.mkdir(parents=True)
    for path in files(root):
        place = path.relative_to(root)
        copy = destination / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        if path.suffix == ".ipynb":
            _make_absolute(copy, place.as_posix(), repository, root)


def _make_absolute(copy: Path, place: str, repository: Repository, root: Path) -> None:
    def edit(cells: list[dict[str, Any]]) -> bool:
        for cell in cells:
            if cell["cell_type"] == "markdown":
                cell["source"] = absolute_links(cell["source"], place, repository, root)
        return True

    edit_notebook(copy, edit)


def absolute_links(text: str, place: str, repository: Repository, root: Path = ROOT) -> str:
    """Return `text`, found in the file `place`, with each relative link made absolute.

    Raises
    ------
    ValueError
        If a link leads to a file that does not exist.
    """

    def replace(match: re.Match[str]) -> str:
        return match[1] + _absolute(match[2], place, repository, root)

    return LINK.sub(replace, text)


def _absolute(link: str, place: str, repository: Repository, root: Path) -> str:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:  # elsewhere, or an anchor of this page
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(place), parts.path))
    stem, suffix = posixpath.splitext(target)
    sources = [target] if suffix != ".html" else [stem + ".md", stem + ".ipynb"]
    if not any((root / source).is_file() for source in sources):
        raise ValueError(f"{place}: expected a link to an existing file, got {link!r}")
    if suffix in PAGES:
        return repository.site + urlunsplit(("", "", stem + ".html", parts.query, parts.fragment))
    return f"{repository.url}/raw/{BRANCH}/{target}"


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    launch_branch(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else ROOT)
