"""The credits of the photographs, as part of a page of the book.

``python -m coursekit.data.credits``, run in the repository's root, writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from coursekit.data.photos import Photo, photos
from coursekit.data.wheel_photos import WheelPhoto, wheel_photos

__all__ = ["BEGIN", "END", "credits_list", "licence_url", "with_credits"]

BEGIN: Final = "% photographs: written by `python -m coursekit.data.credits`, do not edit"
END: Final = "% end of the photographs"

_COMMONS: Final = "https://creativecommons.org/"
_URLS: Final = {
    "CC0 1.0": _COMMONS + "publicdomain/zero/1.0/",
    "Public Domain Mark 1.0": _COMMONS + "publicdomain/mark/1.0/",
    "MIT": "https://opensource.org/license/mit",
    "BSD-2-Clause": "https://opensource.org/license/bsd-2-clause",
}


def licence_url(licence: str) -> str | None:
    """Say where the text of a licence can be read.

    Parameters
    ----------
    licence : str
        Its short name, as in `Photo.licence`.

    Returns
    -------
    str or None
        ``None`` for a work in the public domain, which has no licence.

    Raises
    ------
    ValueError
        If the licence is not one of the photographs'.

    Examples
    --------
    >>> licence_url("CC BY-SA 3.0 pl")
    'https://creativecommons.org/licenses/by-sa/3.0/pl/'
    """
    if licence == "Public domain":
        return None
    if licence in _URLS:
        return _URLS[licence]
    parts = re.fullmatch(r"CC (BY|BY-SA) (\d\.\d)( [a-z]{2})?", licence)
    if parts is None:
        raise ValueError(f"licence: expected a licence of the photographs, got {licence!r}")
    kind, version, country = parts.groups()
    return f"{_COMMONS}licenses/{kind.lower()}/{version}/" + (
        f"{country.strip()}/" if country else ""
    )


def credits_list(chosen: Iterable[Photo]) -> str:
    """Write one line of Markdown for each photo, or for several views from one source.

    Parameters
    ----------
    chosen : iterable of Photo
        Views of a place that follow one another share a line if author, licence and repository
        are the same.

    Returns
    -------
    str
        A list; the empty text for no photo.

    Examples
    --------
    >>> len(photos(group="skull")), len(credits_list(photos(group="skull")).splitlines())
    (6, 1)
    """
    return "\n".join(_line(list(same)) for _, same in groupby(chosen, key=_shared))


def with_credits(page: str) -> str:
    """Replace what stands between the two marks of a page by the current credits.

    Parameters
    ----------
    page : str
        Markdown that holds `BEGIN` and `END`, each on a line of its own.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If a mark is missing.
    """
    for mark in (BEGIN, END):
        if f"{mark}\n" not in page:
            raise ValueError(f"page: expected the line {mark!r}, got none")
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    views = [one for one in photos() if one.group is not None]
    sections = (
        f"### The places and objects\n\n{credits_list(views)}",
        f"### The other photographs\n\n{credits_list(photos(subset='distractor'))}",
        "### The photographs of scikit-learn\n\n" + "\n".join(map(_wheel_line, wheel_photos())),
    )
    return f"{before}{BEGIN}\n\n" + "\n\n".join(sections) + f"\n\n{END}{after}"


def _shared(one: Photo) -> tuple[str | None, ...]:
    return (one.group or one.name, one.author, one.licence, one.repository, one.source_page)


def _line(same: list[Photo]) -> str:
    first = same[0]
    title = first.title if len(same) == 1 else first.title.rsplit(", view", 1)[0]
    files = ", ".join(f"[{one.name}](<{_file_url(one)}>)" for one in same)
    url = licence_url(first.licence)
    licence = first.licence if url is None else f"[{first.licence}]({url})"
    page = "" if first.source_page is None else f", [source page](<{first.source_page}>)"
    source = first.repository.replace("_", r"\_")
    return f"- **{title}** ({files}): {_author(first)}; {licence}; from {source}{page}"


def _wheel_line(one: WheelPhoto) -> str:
    licence = f"[{one.licence}]({licence_url(one.licence)})"
    page = f"[{one.name}](<{one.source_page}>)"
    return f"- **{one.title}** ({page}): {one.author}; {licence}; from scikit-learn"


def _file_url(one: Photo) -> str:
    return f"https://github.com/{one.repository}/blob/{one.commit}/{quote(one.path)}"


def _author(one: Photo) -> str:
    """Write the author's name with web addresses, which may be long, folded into links."""
    name = f"author {one.author}" if one.author.startswith(("named ", "not ")) else one.author
    escaped = re.sub(r"([\\`*_\[\]<>])", r"\\\1", name)
    return re.sub(r"https?://[^\s)]+", _folded, escaped)


def _folded(address: re.Match[str]) -> str:
    url = address.group().replace("\\", "")
    return f"[{urlsplit(url).netloc}](<{url}>)"


if __name__ == "__main__":
    target = Path("chapters/credits.md")
    fresh = with_credits(target.read_text(encoding="utf-8"))
    target.write_text(fresh, encoding="utf-8", newline="\n")
