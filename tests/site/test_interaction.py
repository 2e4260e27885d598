"""What a reader can press: the quiz, the copy buttons, the switch between light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.site.conftest import Open
from tests.site.pages import NOTEBOOKS


@pytest.fixture(params=[f"{source}.html" for source in NOTEBOOKS])
def page(request: pytest.FixtureRequest, open_page: Open) -> Iterator[Page]:
    with open_page(request.param) as opened:
        yield opened.page
        assert opened.complaints == []


def test_quiz_marks_a_choice_and_keeps_the_score(page: Page) -> None:
    quiz = page.locator(".ck-quiz")
    questions = quiz.locator(".ck-question")
    assert questions.count() >= 5
    right = questions.nth(0).locator('.ck-option[data-right="true"]').first
    right.locator("summary").click()
    expect(right.locator(".ck-mark")).to_have_text("✓ right")
    wrong = questions.nth(1).locator('.ck-option:not([data-right="true"])').first
    wrong.locator("summary").click()
    expect(wrong.locator(".ck-mark")).to_have_text("✗ wrong")
    expect(quiz.locator(".ck-score")).to_contain_text("1 of 2 answered right at the first try")


def test_every_option_explains_itself_when_opened(page: Page) -> None:
    options = page.locator(".ck-option")
    closed = options.evaluate_all("all => all.filter((option) => !option.open).length")
    assert closed == options.count() > 0
    for option in options.all():
        summary = option.locator("summary").first
        summary.click()
        assert len(option.inner_text()) > len(summary.inner_text()) + 10


def test_quiz_starts_again(page: Page) -> None:
    page.locator(".ck-option summary").first.click()
    expect(page.locator(".ck-mark")).to_have_count(1)
    page.get_by_role("button", name="Start again").click()
    expect(page.locator(".ck-mark")).to_have_count(0)


def test_code_can_be_copied(page: Page) -> None:
    cells = page.locator("div.cell_input pre")
    assert page.locator("div.cell_input button.copybtn").count() == cells.count() > 0


def test_colours_can_be_switched(page: Page) -> None:
    switch = page.get_by_role("button", name="Color mode")
    modes = set()
    for _ in range(3):
        switch.click()
        modes.add(page.evaluate("document.documentElement.dataset.mode"))
    assert modes == {"light", "dark", "auto"}
