from __future__ import annotations

from pathlib import Path

import pytest

from coursekit.exercises import chapters, exercises
from coursekit.exercises.solutions import solutions_page, write_solutions

FOLDER = Path(__file__).parents[2] / "chapters" / "solutions"


@pytest.mark.parametrize("chapter", chapters())
def test_page_is_up_to_date(chapter):
    stored = (FOLDER / f"{chapter}.md").read_text(encoding="utf-8")
    assert stored == solutions_page(chapter), "run: python -m coursekit.exercises.solutions"


def test_page_holds_every_statement_and_hint():
    page = solutions_page("vlad")
    for exercise in exercises("vlad"):
        assert exercise.statement in page
        assert exercise.solution in page
        assert all(mistake.hint in page for mistake in exercise.mistakes)


def test_solutions_are_folded():
    page = solutions_page("vlad")
    assert page.count("````{dropdown} Solution\n") == len(exercises("vlad"))


def test_pages_are_written_for_all_chapters(tmp_path):
    write_solutions(tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(chapters())
    assert (tmp_path / "vlad.md").read_bytes().decode() == solutions_page("vlad")
