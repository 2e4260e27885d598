"""The rules on Markdown cells and links: what each refuses, what it accepts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.notebook import Notebook, words
from tests.notebooks.rules import links, markdown
from tests.notebooks.samples import notebook, write

EQUATION = '<a id="eq-sum"></a>\n\n$$v = \\sum_t x_t \\tag{1}$$\n\n'
FORMULA = "$$v = 1 \\tag{1}$$"

REFUSED: dict[str, tuple[Callable[..., Any], str, str]] = {
    "directive": (
        markdown.no_raw_myst,
        "```{note}\nMind this.\n```",
        "expected CommonMark and $…$, got a directive: '```{note}'",
    ),
    "colon fence": (
        markdown.no_raw_myst,
        "::: {note}\nMind this.\n:::",
        "expected CommonMark and $…$, got a colon fence: ':::'",
    ),
    "role": (
        markdown.no_raw_myst,
        "See {ref}`fig-residuals`.",
        "expected CommonMark and $…$, got a role: '{ref}`fig-residuals`'",
    ),
    "citation role": (
        markdown.no_raw_myst,
        "As in {cite:p}`jegou2010`.",
        "expected CommonMark and $…$, got a role: '{cite:p}`jegou2010`'",
    ),
    "target": (
        markdown.no_raw_myst,
        "(sec-sums)=\n## Sums",
        "expected CommonMark and $…$, got a target: '(sec-sums)='",
    ),
    "equation label": (
        markdown.no_raw_myst,
        "$$a$$ (eq-a)",
        "expected CommonMark and $…$, got an equation label: '$$ (eq-a)'",
    ),
    "script": (markdown.no_scripts, "<script>x</script>", "expected inert text, got '<script'"),
    "open formula": (
        markdown.closed_formulas,
        "It costs $5 for $K$ words.",
        "expected each $ to close, got 1 left over",
    ),
    "missing page": (
        links.pages_exist,
        "[BoW](bag_of_words.ipynb)",
        "expected a link to an existing page, got bag_of_words.ipynb",
    ),
    "absolute link": (
        links.pages_exist,
        "[here](/chapters/notation.md)",
        "expected a link to an existing page, got /chapters/notation.md",
    ),
    "missing picture": (
        links.pages_exist,
        "![a photograph](photo.png)",
        "expected a link to an existing page, got photo.png",
    ),
    "missing anchor": (
        links.anchors_exist,
        'See <a href="#eq-sum">(1)</a>.',
        "expected a link to an anchor of this page, got #eq-sum",
    ),
    "Markdown link to an anchor": (
        links.anchors_are_linked_in_html,
        "See [(1)](#eq-sum).",
        'expected <a href="#eq-sum">, got [(1)](#eq-sum)',
    ),
    "equation without anchor": (
        links.equations_are_numbered,
        FORMULA,
        'expected <a id="eq-…"></a> before \\tag{1}, got none',
    ),
    "equations not counted on": (
        links.equations_are_numbered,
        EQUATION.replace("tag{1}", "tag{2}"),
        "expected \\tag{1}, got \\tag{2}",
    ),
    "reference with another number": (
        links.equations_are_numbered,
        EQUATION + 'By <a href="#eq-sum">(2)</a>.',
        'expected a reference that shows (1), got <a href="#eq-sum">(2)</a>',
    ),
    "picture without description": (
        links.images_are_described,
        "![](photo.png)",
        "expected an alternative text, got ![](photo.png)",
    ),
}

ACCEPTED: dict[str, tuple[Callable[..., Any], str]] = {
    "code fence": (markdown.no_raw_myst, "```python\nx = {1: 2}\n```"),
    "formula with braces": (markdown.no_raw_myst, "$\\sqrt{x}$ and $$\\frac{a}{b}$$ (as above)"),
    "colon": (markdown.no_raw_myst, "Three: one, two, three."),
    "closed formulas": (markdown.closed_formulas, "Of $K$ words in $(K, D)$, `$HOME` and \\$5."),
    "equation and reference": (
        links.equations_are_numbered,
        EQUATION + 'By <a href="#eq-sum">equation (1)</a>.',
    ),
    "anchors": (links.anchors_exist, EQUATION + 'By <a href="#eq-sum">(1)</a>.'),
    "web address": (links.pages_exist, "[paper](https://hal.science/inria-00548637#top)"),
    "link in code": (links.pages_exist, "`[x](nowhere.md)`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    rule, text, expected = REFUSED[name]
    (problem,) = rule(notebook(text))
    assert problem.partition("): ")[2] == expected


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    rule, text = ACCEPTED[name]
    assert list(rule(notebook(text))) == []


def test_anchor_twice_is_refused() -> None:
    problems = list(links.anchors_exist(notebook(EQUATION, EQUATION)))
    assert problems == ["expected the anchor 'eq-sum' once, got it 2 times"]


@pytest.mark.parametrize(
    "link",
    [
        "[notation](../notation.md)",
        '<a href="../glossary.html#term-residual">residual</a>',
        '<a href="codebook.html">codebook</a>',
    ],
)
def test_links_to_sources_and_to_built_pages_are_followed(link: str, tmp_path: Path) -> None:
    (tmp_path / "notation.md").touch()
    (tmp_path / "glossary.md").touch()
    path = write(tmp_path / "aggregation" / "vlad.ipynb", link)
    (path.parent / "codebook.ipynb").touch()
    assert list(links.pages_exist(Notebook.read(path))) == []


def test_words_are_those_of_the_prose() -> None:
    text = "The *nearest* word,\n$\\min_k d$, costs `T * K` <b>steps</b>.\n\n```python\nx = 1\n```"
    assert words(text) == ["The", "nearest", "word", "costs", "steps"]
