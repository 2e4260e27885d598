"""Instant feedback: try an answer, and if it is wrong, say which wrong idea it follows."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake, Probes, Verify
from coursekit.exercises.catalogue import find
from coursekit.exercises.feedback import Facts, Feedback
from coursekit.exercises.numeric import (
    MAX_SHOWN,
    NotNumbersError,
    Numbers,
    agrees,
    imitates,
    is_unanswered,
    read_numbers,
    show,
    show_form,
)
from coursekit.exercises.trial import Trial, call, place, quiet, quote, try_out
from coursekit.validation import check_integer

_BRITISH = {"center": "centre", "normaliz": "normalis"}  # both spellings of a choice are right


def check(exercise_id: str, answer: Any, *, hints: int = 1) -> Feedback:
    """Say whether `answer` is right; if not, show the smallest counterexample and name the idea.

    Parameters
    ----------
    exercise_id : str
        Such as "vlad.residual_sums".
    answer : function or value
        What the exercise asks for. Lists do for arrays, and any integer or floating dtype.
    hints : int, default 1
        How many hints the text shows where no wrong idea was recognised.

    Returns
    -------
    Feedback
        Shown by a notebook as HTML and elsewhere as text; the same in every run.

    Raises
    ------
    ValueError
        If there is no such exercise; the message names the closest ones.

    Notes
    -----
    There is no time limit; interrupt the kernel if the function never returns. What it prints
    during the check is not shown.

    Examples
    --------
    >>> check("vlad.dimension", 32)
    ✗ vlad.dimension · not yet: one number per word was counted
      That is the size of the histogram. What does VLAD keep in place of a count?
      got : 32
    """
    check_integer(hints, "hints", at_least=0)
    exercise = find(exercise_id)
    if is_unanswered(answer):
        return _unanswered(exercise)
    with quiet():
        return replace(_judge(exercise, answer), n_hints=hints)


def _judge(exercise: Exercise, answer: Any) -> Feedback:
    if exercise.probes is not None:
        return _judge_function(exercise, exercise.probes, answer)
    if exercise.verify is not None:
        return _judge_construction(exercise, exercise.verify, answer)
    return _judge_choice(exercise, answer) if exercise.choices else _judge_value(exercise, answer)


def _judge_function(exercise: Exercise, probes: Probes, function: Any) -> Feedback:
    """Compare a function with the reference on every probe."""
    if not callable(function):
        return _failed(
            exercise,
            "a function is expected",
            f"Hand over the function itself, without calling it: `{exercise.answer}`.",
        )
    rng = np.random.default_rng(zlib.crc32(exercise.id.encode()))  # the same inputs in every run
    trials = [try_out(function, exercise.reference, inputs) for inputs in probes(rng)]
    failing = next((trial for trial in trials if not trial.passes(exercise.tolerance)), None)
    if failing is None:
        return _passed(exercise, f"right, on {len(trials)} inputs")
    if failing.error is not None:
        return _explain_error(exercise, failing, failing.error, first=failing is trials[0])
    facts = (*_inputs(exercise, failing), *_compared(failing.got, failing.want))
    mistake = _recognise(exercise, trials)
    if mistake is not None:
        return _diagnosed(exercise, mistake, facts)
    return _mismatched(exercise, failing.got, failing.want, facts)


def _judge_value(exercise: Exercise, answer: Any) -> Feedback:
    """Compare numbers with the reference, without showing the reference."""
    want = read_numbers(exercise.reference)
    try:
        got = read_numbers(answer)
    except NotNumbersError as error:
        return _failed(exercise, f"{show_form(want)} is expected", facts=(("got", str(error)),))
    if agrees(got, want, exercise.tolerance):
        return _passed(exercise, "right")
    facts: Facts = (("got", show(got)),)
    in_shape = got.reshape(want.shape) if got.size == want.size else got
    for mistake in exercise.mistakes:
        if agrees(in_shape, read_numbers(mistake.answer), exercise.tolerance):
            return _diagnosed(exercise, mistake, facts)
    return _mismatched(exercise, got, want, facts)


def _judge_choice(exercise: Exercise, answer: Any) -> Feedback:
    """Compare a name with the right one, whatever its case, spaces and spelling."""
    chosen = " ".join(answer.casefold().split()) if isinstance(answer, str) else ""
    for american, british in _BRITISH.items():
        chosen = chosen.replace(american, british)
    if chosen == exercise.reference:
        return _passed(exercise, "right")
    for mistake in exercise.mistakes:
        if chosen == mistake.answer:
            return _diagnosed(exercise, mistake, (("got", chosen),))
    names = ", ".join(map(repr, exercise.choices))
    return _failed(exercise, "one of the names is expected", facts=(("one of", names),))


def _judge_construction(exercise: Exercise, verify: Verify, answer: Any) -> Feedback:
    """Ask the exercise's own predicate, which names what is missing."""
    try:
        shown = verify(answer)
    except (TypeError, ValueError) as error:
        return _failed(exercise, "this cannot be read", f"{error}.")
    if shown is None:
        return _passed(exercise, "right")
    facts = exercise.evidence(answer) if exercise.evidence is not None else ()
    return _diagnosed(exercise, next(m for m in exercise.mistakes if m.name == shown), facts)


def _recognise(exercise: Exercise, trials: Sequence[Trial]) -> Mistake | None:
    """Find the wrong idea that gives what the student got, on all probes that gave numbers."""
    answered = [trial for trial in trials if trial.error is None]
    tolerance = exercise.tolerance
    for mistake in exercise.mistakes:
        wrong = [call(mistake.answer, trial.inputs) for trial in answered]
        pairs = list(zip(answered, wrong, strict=True))
        if all(imitates(trial.got, w, tolerance) for trial, w in pairs) and not all(
            imitates(trial.want, w, tolerance) for trial, w in pairs
        ):
            return mistake
    return None


def _explain_error(exercise: Exercise, trial: Trial, error: Exception, *, first: bool) -> Feedback:
    """Report an exception, or a result that is no array of numbers."""
    untouched = isinstance(error, NotNumbersError) and is_unanswered(trial.raw)
    if first and (untouched or isinstance(error, NotImplementedError)):
        return _unanswered(exercise)
    inputs = _inputs(exercise, trial)
    if not isinstance(error, NotNumbersError):
        facts = (("raised", quote(error)), ("your code", place(error)), *inputs)
        return _failed(exercise, "your code raised an error", facts=facts)
    facts = (*inputs, ("expected", show_form(trial.want)), ("got", str(error)))
    return _failed(exercise, "not an array of numbers", facts=facts)


def _mismatched(exercise: Exercise, got: Numbers, want: Numbers, facts: Facts) -> Feedback:
    """Put the difference between two arrays into words; no hint where these say what to do."""
    if got.shape != want.shape:
        return _misshapen(exercise, got, want, facts)
    if np.any(np.isnan(got) & (want == 0)):
        message = (
            "On this input zero is divided by zero. Divide by `max(length, 1e-12)` instead of "
            "the length, or leave the zeros alone with an `if`."
        )
        return _failed(exercise, "NaN where zeros are expected", message, facts, hints=())
    if np.isfinite(got).all():
        return _failed(exercise, "not yet", "", facts)
    verdict = "the result holds NaN or infinity"
    if exercise.nan_hint:
        return _failed(exercise, verdict, exercise.nan_hint, facts, hints=())
    message = "On this input something is divided by zero, or a root is taken of a negative number."
    return _failed(exercise, verdict, message, facts)


def _misshapen(exercise: Exercise, got: Numbers, want: Numbers, facts: Facts) -> Feedback:
    """Say whether the shape alone is wrong."""
    verdict = "wrong shape"
    if got.size == want.size and agrees(got.reshape(want.shape), want, exercise.tolerance):
        return _failed(exercise, verdict, _describe_rewriting(want), facts, hints=())
    form = show_form(want) + ("" if want.ndim else ", without brackets,")
    has = f"has shape {got.shape}" if got.ndim else "is a single number"
    message = f"{form[0].upper()}{form[1:]} is expected; your result {has}."
    return _failed(exercise, verdict, message, facts)


def _describe_rewriting(want: Numbers) -> str:
    if want.ndim == 0:
        return "The number is right; write one number, without brackets."
    form = "in one row" if want.ndim == 1 else f"in the shape {want.shape}"
    return f"The numbers are right; write them {form}."


def _compared(got: Numbers, want: Numbers) -> Facts:
    """Show what was expected and what came; of long arrays, the worst entry."""
    if got.shape != want.shape or got.size <= MAX_SHOWN:
        return (("expected", show(want)), ("got", show(got)))
    worst = np.unravel_index(np.argmax(np.nan_to_num(np.abs(got - want), nan=np.inf)), want.shape)
    at = ", ".join(map(str, worst))
    return ((f"expected at [{at}]", show(want[worst])), (f"got at [{at}]", show(got[worst])))


def _inputs(exercise: Exercise, trial: Trial) -> Facts:
    names = inspect.signature(exercise.reference).parameters
    return tuple((name, show(value)) for name, value in zip(names, trial.inputs, strict=True))


def _passed(exercise: Exercise, verdict: str) -> Feedback:
    return Feedback(exercise.id, "passed", verdict, exercise.solution)


def _failed(
    exercise: Exercise,
    verdict: str,
    message: str = "",
    facts: Facts = (),
    hints: tuple[str, ...] | None = None,
) -> Feedback:
    """Answer "failed", with the hints of the exercise unless others are given."""
    facts = tuple((label, value) for label, value in facts if value)
    shown = exercise.hints if hints is None else hints
    return Feedback(exercise.id, "failed", verdict, message, facts, shown)


def _diagnosed(exercise: Exercise, mistake: Mistake, facts: Facts) -> Feedback:
    verdict = f"not yet: {mistake.name}"
    return Feedback(exercise.id, "diagnosed", verdict, mistake.hint, facts, mistake=mistake.name)


def _unanswered(exercise: Exercise) -> Feedback:
    if exercise.form == "function":
        message = (
            f"`{exercise.answer}` returns nothing yet: replace the dots (and keep a `return`), "
            "then run the cell again."
        )
    else:
        message = "Replace the dots by your answer, then run the cell again."
    return Feedback(exercise.id, "unanswered", "not answered yet", message, (), exercise.hints)
