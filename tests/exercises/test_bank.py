"""The contract of every entry of the bank; a new exercise is tested by being there."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from coursekit.exercises import (
    Exercise,
    Mistake,
    Option,
    QuizItem,
    chapters,
    check,
    exercise_cells,
    exercises,
)
from coursekit.exercises.numeric import imitates
from coursekit.exercises.solutions import right_answer
from coursekit.exercises.trial import call, quiet

ENTRIES = [exercise for chapter in chapters() for exercise in exercises(chapter)]
FUNCTIONS = [exercise for exercise in ENTRIES if exercise.form == "function"]
MISTAKES = [(exercise, mistake) for exercise in ENTRIES for mistake in exercise.mistakes]

every_entry = pytest.mark.parametrize("exercise", ENTRIES, ids=lambda e: e.id)
every_function = pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda e: e.id)


def label(entry: Exercise | Mistake) -> str:
    return entry.id if isinstance(entry, Exercise) else entry.name


def run_cell(source: str) -> object:
    """Run a cell as a notebook does and return the value of its last line."""
    body = ast.parse(source)
    names = {"np": np, "check": check}
    last = ast.Expression(body.body.pop().value)  # type: ignore[attr-defined]
    exec(compile(body, "<cell>", "exec"), names)
    return eval(compile(last, "<cell>", "eval"), names)


def outputs(exercise, answer, rng):
    with quiet():
        return [call(answer, inputs) for inputs in exercise.probes(rng)]


def alike(first, second, tolerance):
    """Say whether no probe tells two answers apart."""
    return all(
        imitates(a, b, tolerance) or imitates(b, a, tolerance)
        for a, b in zip(first, second, strict=True)
    )


def test_ids_are_unique_and_name_their_chapter():
    assert len({exercise.id for exercise in ENTRIES}) == len(ENTRIES)
    for chapter in chapters():
        assert {exercise.chapter for exercise in exercises(chapter)} == {chapter}


def test_every_chapter_mixes_kinds():
    for chapter in chapters():
        assert len(exercises(chapter)) >= 5
        assert len({exercise.kind for exercise in exercises(chapter)}) >= 3


@every_entry
def test_reference_passes_and_shows_the_solution(exercise):
    feedback = check(exercise.id, exercise.reference)
    assert feedback.passed
    assert feedback.message == exercise.solution


@every_entry
def test_untouched_stub_is_unanswered(exercise):
    _, stub = exercise_cells(exercise.id)
    assert run_cell(stub).status == "unanswered"  # type: ignore[attr-defined]


@every_entry
def test_solution_passes_when_pasted_into_the_cell(exercise):
    _, stub = exercise_cells(exercise.id)
    cell = right_answer(exercise) + "\n" + stub.splitlines()[-1]
    assert run_cell(cell).passed  # type: ignore[attr-defined]


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=label)
def test_named_mistake_is_diagnosed_as_itself(exercise, mistake):
    feedback = check(exercise.id, mistake.answer)
    assert (feedback.status, feedback.mistake) == ("diagnosed", mistake.name)
    assert feedback.message == mistake.hint


@every_function
def test_random_probes_tell_all_answers_apart(exercise, rng):
    probes = list(exercise.probes(rng))
    fixed = replace(exercise, probes=lambda _: probes)
    named = {mistake.name: outputs(fixed, mistake.answer, rng) for mistake in exercise.mistakes}
    named["right"] = outputs(fixed, exercise.reference, rng)
    for one, other in combinations(named, 2):
        assert not alike(named[one], named[other], exercise.tolerance), (one, other)


@every_function
def test_reference_is_finite_on_every_probe(exercise, rng):
    assert all(np.isfinite(output).all() for output in outputs(exercise, exercise.reference, rng))


@every_function
def test_stub_and_reference_have_one_signature(exercise):
    stub, solution = (
        ast.parse(source).body[0] for source in (exercise.stub, right_answer(exercise))
    )
    assert isinstance(stub, ast.FunctionDef)
    assert isinstance(solution, ast.FunctionDef)
    assert (stub.name, ast.dump(stub.args)) == (exercise.answer, ast.dump(solution.args))


@every_function
def test_small_whole_numbers_come_before_random_ones(exercise, rng):
    whole = [
        all(np.all(np.asarray(value) % 1 == 0) for value in inputs)
        for inputs in exercise.probes(rng)
    ]
    assert whole[0]
    assert whole == sorted(whole, reverse=True)


@every_entry
def test_choices_are_the_right_one_and_the_named_mistakes(exercise):
    if exercise.choices:
        wrong = [mistake.answer for mistake in exercise.mistakes]
        assert sorted(exercise.choices) == sorted([exercise.reference, *wrong])


@every_entry
def test_text_is_portable(exercise):
    assert not re.search(r"^(:::|```\{|<|%)|\{[a-z]+\}`", exercise.statement, re.MULTILINE)
    plain = [*exercise.hints, exercise.solution, exercise.nan_hint]
    plain += [text for mistake in exercise.mistakes for text in (mistake.name, mistake.hint)]
    for text in plain:  # shown in terminals and HTML: no Markdown but code
        outside_code = re.sub(r"`[^`]+`", "", text)
        assert not re.search(r"[$*_`<>\\]", outside_code), text


@every_entry
def test_statement_cell_has_heading_kind_and_statement(exercise):
    statement, _ = exercise_cells(exercise.id)
    number = exercises(exercise.chapter).index(exercise) + 1
    lines = statement.splitlines()
    assert lines[0] == f"### Exercise {number} · {exercise.title}"
    assert lines[2].startswith(f"*{exercise.kind.capitalize()}.* ")
    assert statement == statement.strip()


# --- Entries that are refused ---------------------------------------------------------------------

WRONG = tuple(Mistake(f"wrong {i}", i, "Think again.") for i in range(1, 4))
ENTRY = Exercise(
    "toy.zero", "Zero", "predict", "?", "n = ...", "n", 0, WRONG, ("Nothing.",), "It is zero."
)


def test_two_mistakes_are_too_few():
    with pytest.raises(ValueError, match=r"^mistakes: expected at least 3 for toy\.zero, got 2$"):
        replace(ENTRY, mistakes=WRONG[:2])


def test_answer_has_one_form():
    message = r"^probes, verify, choices: expected at most one for toy\.zero, got 2$"
    with pytest.raises(ValueError, match=message):
        replace(ENTRY, verify=lambda answer: None, choices=("zero", "one"))


def test_kind_is_one_of_the_kinds():
    with pytest.raises(ValueError, match=r"^kind: expected one of 'predict', .*, got 'guess'$"):
        replace(ENTRY, kind="guess")


@pytest.mark.parametrize(
    ("options", "got"),
    [((), "0 with 0"), ((Option("a", "b", right=True),), "1 with 1"),
     ((Option("a", "b"), Option("c", "d")), "2 with 0")],
)  # fmt: skip
def test_quiz_item_needs_two_options_and_a_right_one(options, got):
    message = rf"^options: expected at least two, one of them right, got {got} right$"
    with pytest.raises(ValueError, match=message):
        QuizItem("Which?", options)
