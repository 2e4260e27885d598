"""The feedback's HTML: inert, escaped, and readable without the site's style sheet."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from coursekit.exercises import Feedback, check

TAGS = {"div", "p", "strong", "span", "code", "pre", "details", "summary"}
ATTRIBUTES = {"class", "style", "aria-hidden"}


class Inert(HTMLParser):
    """Fails on any tag or attribute that could do something; collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(html: str) -> str:
    """Return the text of inert, well-formed HTML."""
    parser = Inert()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return "".join(parser.words)


def raises_markup(*inputs):
    raise ValueError("<script>alert('\"&')</script>")


@pytest.mark.parametrize(
    ("exercise", "answer", "status"),
    [
        ("vlad.dimension", 2560, "passed"),
        ("vlad.dimension", 32, "diagnosed"),
        ("vlad.dimension", 17, "failed"),
        ("vlad.dimension", ..., "unanswered"),
        ("vlad.assign", lambda *inputs: "<b>", "failed"),
        ("vlad.assign", raises_markup, "failed"),
    ],
)
def test_html_is_inert_and_carries_the_status(exercise, answer, status):
    feedback = check(exercise, answer)
    html = feedback._repr_html_()
    text_of(html)
    assert feedback.status == status
    assert f'class="ck-feedback ck-{status}"' in html


def test_what_a_student_raises_is_shown_as_text():
    html = check("vlad.assign", raises_markup)._repr_html_()
    assert "<script" not in html
    assert "raised      : ValueError: <script>alert('\"&')</script>" in text_of(html)


def test_a_choice_with_markup_is_shown_as_text():
    feedback = Feedback("a.b", "failed", "<i>", "`<b>`", (("got", "'\"><img src=x>"),))
    html = feedback._repr_html_()
    assert "<code>&lt;b&gt;</code>" in html
    assert "got : '\"><img src=x>" in text_of(html)


def test_verdict_has_a_symbol_and_words():
    html = check("vlad.dimension", 32)._repr_html_()
    assert "✗ Not yet: one number per word was counted" in text_of(html)


def test_html_folds_every_hint_of_an_open_exercise():
    html = check("vlad.dimension", 17)._repr_html_()
    assert html.count("<details><summary>Hint ") == 2
    assert check("vlad.dimension", 2560)._repr_html_().count("<details") == 0


def test_colours_are_left_to_the_page():
    assert "color" not in check("vlad.dimension", 32)._repr_html_()
