"""From the bank's plain sentences to HTML: escape everything, keep code between back-quotes."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def inline(text: str) -> str:
    """Return `text` as HTML that holds no markup but ``<code>``.

    Parameters
    ----------
    text : str
        Anything, also what a student's function returned or raised.

    Returns
    -------
    str

    Examples
    --------
    >>> inline("`a < b` gives <b>")
    '<code>a &lt; b</code> gives &lt;b&gt;'
    """
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=True))
