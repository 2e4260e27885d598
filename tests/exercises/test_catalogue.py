from __future__ import annotations

import pytest

from coursekit.exercises import chapters, exercise_cells, exercises, find, quiz_items


def test_every_chapter_has_a_quiz():
    for chapter in chapters():
        assert len(quiz_items(chapter)) >= 5


def test_exercises_are_found_by_their_ids():
    for exercise in exercises("vlad"):
        assert find(exercise.id) is exercise


def test_stub_cell_ends_in_the_call_of_check():
    _, stub = exercise_cells("vlad.residual_sums")
    assert stub.splitlines() == [
        "def my_residual_sums(descriptors, centroids, words):",
        '    """Sum of the residuals of each word."""',
        "    ...",
        "",
        'check("vlad.residual_sums", my_residual_sums)',
    ]


@pytest.mark.parametrize("look_up", [exercises, quiz_items])
def test_unknown_chapter_names_the_closest(look_up):
    message = r"^chapter: expected a name in the bank, such as 'vlad', got 'vald'$"
    with pytest.raises(ValueError, match=message):
        look_up("vald")


def test_unlike_name_is_told_all_names():
    with pytest.raises(
        ValueError, match=r"^chapter: .* such as 'vlad', 'which_one_wins', got '#'$"
    ):
        exercises("#")


def test_id_is_a_string():
    with pytest.raises(TypeError, match=r"^exercise_id: expected a string, got int$"):
        exercise_cells(3)
