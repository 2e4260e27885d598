"""What the stock site gets wrong, repaired while it is built.

Sphinx calls `setup`; `_config.yml` names this module under `local_extensions`. The repairs that
are a matter of markup stand in `chapters/_templates/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# What docutils writes, and what a screen reader can use.
MENDED = {
    ' role="doc-biblioentry"': "",  # deprecated
    '<div role="list" class="citation-list"': '<div class="citation-list"',  # holds no list items
    '<th class="head"><p></p></th>': "<td></td>",  # an empty corner is no header
}


def drop_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave out the scripts of Thebe, which the book does not use.

    They name another host, and the constant that they declare twice is an error in the console
    of every page.
    """
    context["script_files"] = [
        script for script in context["script_files"] if not _belongs_to_thebe(script)
    ]
    context["css_files"] = [sheet for sheet in context["css_files"] if not _belongs_to_thebe(sheet)]


def _belongs_to_thebe(asset: Any) -> bool:
    body = getattr(asset, "attributes", {}).get("body") or ""
    return "thebe" in f"{getattr(asset, 'filename', asset)} {body}".lower()


def name_toggles(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the arrows that unfold the table of contents a name for screen readers."""
    generate: Callable[..., Any] = context["generate_toctree_html"]

    def generate_with_names(*args: Any, **kwargs: Any) -> Any:
        contents = generate(*args, **kwargs)
        return str(contents).replace("<summary>", '<summary aria-label="Show or hide sub-pages">')

    context["generate_toctree_html"] = generate_with_names


def mend_body(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Mend what docutils writes against the rules of HTML's roles and tables."""
    for written, mended in MENDED.items():
        context["body"] = context.get("body", "").replace(written, mended)


def let_tags_stand(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    r"""Hand formulas of several lines with a ``\tag`` to MathJax as they are.

    Sphinx wraps a formula of several lines into an environment in which ``\tag`` is an error.
    """
    for formula in doctree.findall(nodes.math_block):
        text = formula.astext()
        if r"\tag" in text and r"\\" in text and not formula.get("nowrap"):
            formula["nowrap"] = True
            formula.children = [nodes.Text(rf"\[{text}\]")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the repairs after those of the theme, which work on the same context."""
    app.connect("doctree-resolved", let_tags_stand)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", name_toggles, priority=900)
    app.connect("html-page-context", mend_body, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
