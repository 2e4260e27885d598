"""The quiz: complete explanations, inert HTML that works without a script, text for terminals."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from coursekit.exercises import Option, Quiz, QuizItem, chapters, quiz, quiz_items

TAGS = {"div", "ol", "li", "p", "details", "summary", "strong", "code"}
ATTRIBUTES = {"class", "id", "data-right"}

every_chapter = pytest.mark.parametrize("chapter", chapters())


class Elements(HTMLParser):
    """Collects the tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(quiz_: Quiz) -> list[tuple[str, dict[str, str | None]]]:
    return Elements(quiz_._repr_html_()).found


@every_chapter
def test_every_option_is_explained_and_one_is_right(chapter):
    for item in quiz_items(chapter):
        assert sum(option.right for option in item.options) == 1, item.question
        assert len({option.text for option in item.options}) == len(item.options) >= 3
        assert all(len(option.explanation.split()) >= 5 for option in item.options)


@every_chapter
def test_the_right_option_is_not_always_at_the_same_place(chapter):
    places = [[option.right for option in item.options].index(True) for item in quiz_items(chapter)]
    assert max(places.count(place) for place in places) <= len(places) / 3


@every_chapter
def test_the_right_option_is_seldom_the_longest(chapter):
    items = quiz_items(chapter)
    longest = [max(item.options, key=lambda option: len(option.text)) for item in items]
    assert sum(option.right for option in longest) <= len(items) / 3


@every_chapter
def test_html_is_inert(chapter):
    for tag, attributes in elements(quiz(chapter)):
        assert tag in TAGS
        assert attributes.keys() <= ATTRIBUTES
    assert "://" not in quiz(chapter)._repr_html_()


@every_chapter
def test_ids_are_unique_and_the_same_in_every_run(chapter):
    ids = [attributes["id"] for _, attributes in elements(quiz(chapter)) if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert quiz(chapter)._repr_html_() == quiz(chapter)._repr_html_()


@every_chapter
def test_options_are_closed_and_marked_as_in_the_bank(chapter):
    marks = [a["data-right"] for tag, a in elements(quiz(chapter)) if tag == "details"]
    options = [option for item in quiz_items(chapter) for option in item.options]
    assert marks == ["true" if option.right else "false" for option in options]


@every_chapter
def test_opened_option_says_right_or_wrong_and_why(chapter):
    html = quiz(chapter)._repr_html_()
    verdicts = re.findall(r"<p><strong>(. \w+\.)</strong> (.*?)</p></details>", html)
    options = [option for item in quiz_items(chapter) for option in item.options]
    assert [(v, unescape(re.sub(r"</?code>", "`", why))) for v, why in verdicts] == [
        ("✓ Right." if option.right else "✗ No.", option.explanation) for option in options
    ]


TOY = Quiz(
    "toy",
    (
        QuizItem(
            "Is `1 < 2`?",
            (Option("<i>Yes</i>", "Count.", right=True), Option("No", "Count again.")),
        ),
    ),
)


def test_text_gives_questions_first_and_answers_last():
    assert repr(TOY).splitlines() == [
        "1. Is `1 < 2`?",
        "   A. <i>Yes</i>",
        "   B. No",
        "",
        "Answers",
        "1. A: Count.",
    ]


def test_markup_in_the_bank_is_shown_as_text():
    html = TOY._repr_html_()
    assert "<code>1 &lt; 2</code>" in html
    assert "A. &lt;i&gt;Yes&lt;/i&gt;" in html


def test_elements_are_named_after_the_chapter():
    ids = [attributes.get("id") for _, attributes in elements(TOY)]
    assert [name for name in ids if name] == [
        "quiz-toy",
        "quiz-toy-1",
        "quiz-toy-1-a",
        "quiz-toy-1-b",
    ]
