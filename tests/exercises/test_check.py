"""What `check` says to right, odd, wrong and broken answers."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest

from coursekit.exercises import check, pencil_example


def right_sums(descriptors, centroids, words):
    return [
        (descriptors[words == k] - centroid).sum(axis=0) for k, centroid in enumerate(centroids)
    ]


def right_words(descriptors, centroids):
    return [
        min(range(len(centroids)), key=lambda k: np.linalg.norm(x - centroids[k]))
        for x in descriptors
    ]


BUFFER = np.zeros((9, 9))


def into_one_buffer(descriptors, centroids, words):
    view = BUFFER[: len(centroids), : centroids.shape[1]]
    view[:] = right_sums(descriptors, centroids, words)
    return view


class Callable:
    def __call__(self, *inputs):
        return tuple(map(tuple, right_sums(*inputs)))


def spoils_its_inputs(descriptors, centroids, words):
    result = right_sums(descriptors, centroids, words)
    descriptors[:], centroids[:], words[:] = 0, 0, 0
    return result


def talks(descriptors, centroids, words):
    print("here I am")  # noqa: T201
    warnings.warn("and here", stacklevel=1)
    np.array([-1.0, 0.0]) / 0.0
    return right_sums(descriptors, centroids, words)


@pytest.mark.parametrize(
    "answer",
    [
        right_sums,
        lambda *inputs: np.array(right_sums(*inputs), dtype=np.float32),
        lambda *inputs: np.asfortranarray(right_sums(*inputs)),
        lambda d, c, w: right_sums(np.flip(d, 0), c, np.flip(w)),
        lambda d, c, w: right_sums(d.astype(np.float32), c, w),
        partial(right_sums),
        Callable(),
        into_one_buffer,
        spoils_its_inputs,
        talks,
    ],
)
def test_right_but_unusual_answer_passes(answer):
    assert check("vlad.residual_sums", answer).passed


@pytest.mark.parametrize(
    "answer",
    [
        right_words,
        lambda *inputs: np.array(right_words(*inputs), dtype=float),
        lambda *inputs: np.array(right_words(*inputs), dtype=np.uint8),
    ],
)
def test_labels_of_any_dtype_pass(answer):
    assert check("vlad.assign", answer).passed


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("vlad.dimension", 2560.0),
        ("vlad.dimension", np.int16(2560)),
        ("vlad.by_hand", (-2, 2, 1, 4)),
        ("vlad.by_hand", np.array([-2, 2, 1, 4], dtype=np.float32)),
        ("vlad.find_the_bug", "  Mean instead  of sum "),
        ("vlad.find_the_bug", "MEAN INSTEAD OF SUM"),
        ("vlad.same_histogram", [np.array([[3, 8]]), [(3, 6)]]),
        ("vlad.vanish", np.array([[3, 8], [3, 6], [5.5, 2], [6.5, 2]])),
    ],
)
def test_right_value_in_any_container_passes(exercise, answer):
    assert check(exercise, answer).passed


def test_talking_answer_stays_silent(capsys, recwarn):
    check("vlad.residual_sums", talks)
    assert capsys.readouterr() == ("", "")
    assert not recwarn.list


def test_emptying_the_inputs_does_not_make_zeros_right():
    def cheats(descriptors, centroids, words):
        descriptors[:], centroids[:] = 0, 0
        return np.zeros(centroids.shape)

    assert not check("vlad.residual_sums", cheats).passed


# --- Wrong answers --------------------------------------------------------------------------------


def test_undiagnosed_answer_gets_the_smallest_counterexample_and_the_first_hint():
    feedback = check("vlad.residual_sums", lambda d, c, w: np.array(right_sums(d, c, w)) + 1 / 3)
    assert feedback.status == "failed"
    assert repr(feedback).splitlines() == [
        "✗ vlad.residual_sums · not yet",
        "  descriptors : [[6, 8]]",
        "  centroids   : [[3, 7], [6, 2]]",
        "  words       : [0]",
        "  expected    : [[3, 1], [0, 0]]",
        "  got         : [[3.333, 1.333], [0.3333, 0.3333]]",
        "  Hint: Start from zeros of the shape of `centroids` and visit the descriptors in turn.",
        "  The next hint: check(…, hints=2)",
    ]


def test_diagnosed_answer_gets_the_hint_of_its_idea():
    feedback = check("vlad.by_hand", [-1, 1, 0.333, 1.333])
    assert repr(feedback).splitlines() == [
        "✗ vlad.by_hand · not yet: the residuals were averaged",
        "  You divided by the number of descriptors in the cell. VLAD adds and does not divide:",
        "  what weighs more in the image weighs more in the vector.",
        "  got : [-1, 1, 0.333, 1.333]",
    ]


@pytest.mark.parametrize(("n_hints", "shown", "more"), [(0, 0, 1), (1, 1, 1), (2, 2, 0), (9, 2, 0)])
def test_hints_come_by_degrees(n_hints, shown, more):
    text = repr(check("vlad.dimension", 17, hints=n_hints))
    assert text.count("Hint: ") == shown
    assert text.count("The next hint: check(…, hints=") == more


def test_wrong_value_does_not_show_the_right_one():
    assert "2560" not in repr(check("vlad.dimension", 17, hints=9))


def test_long_result_shows_its_worst_entry():
    def wrong_on_large_bags(descriptors, centroids):
        words = np.array(right_words(descriptors, centroids))
        words[31:32] += 100
        return words

    facts = dict(check("vlad.assign", wrong_on_large_bags).facts)
    assert facts["descriptors"] == "an array of shape (60, 7)"
    assert int(facts["got at [31]"]) == int(facts["expected at [31]"]) + 100


@pytest.mark.parametrize("empty_word", [0.0, np.nan], ids=["zeros", "nan"])
def test_mean_is_recognised_whatever_it_gives_for_an_empty_word(empty_word):
    def means(descriptors, centroids, words):
        cells = [descriptors[words == k] for k in range(len(centroids))]
        return [
            cell.mean(axis=0) - centroid if len(cell) else np.full(len(centroid), empty_word)
            for cell, centroid in zip(cells, centroids, strict=True)
        ]

    assert check("vlad.residual_sums", means).mistake == "the residuals were averaged"


def test_idea_is_recognised_although_a_later_input_crashes():
    def totals(descriptors, centroids, words):
        descriptors[0]  # no descriptor, no first one
        return [descriptors[words == k].sum(axis=0) for k in range(len(centroids))]

    assert check("vlad.residual_sums", totals).mistake == "the centre was not subtracted"


def test_idea_is_recognised_although_the_inputs_are_overwritten():
    def totals(descriptors, centroids, words):
        centroids[:] = 0
        return right_sums(descriptors, centroids, words)

    feedback = check("vlad.residual_sums", totals)
    assert feedback.mistake == "the centre was not subtracted"
    assert ("centroids", "[[3, 7], [6, 2]]") in feedback.facts


def test_no_idea_is_recognised_where_all_could_be():
    def works_once(descriptors, centroids):
        if len(descriptors) > 1:
            raise ValueError
        return np.full(4, 7.0)  # an idea that divides zero by zero here proves nothing

    assert check("vlad.vlad", works_once).status == "failed"


def test_division_of_zero_by_zero_is_explained():
    def unguarded(descriptors, centroids):
        words = np.array(right_words(descriptors, centroids), dtype=int)
        vector = np.ravel(right_sums(descriptors, centroids, words))
        return vector / np.linalg.norm(vector)

    feedback = check("vlad.vlad", unguarded)
    assert (feedback.status, feedback.verdict) == ("failed", "NaN where zeros are expected")
    assert "Divide by `max(length, 1e-12)`" in feedback.message
    assert ("descriptors", "no rows, shape (0, 2)") in feedback.facts
    assert ("got", "[nan, nan, nan, nan]") in feedback.facts
    assert feedback.hints == ()  # the message has said what to do


def unguarded_roots(vector):
    roots = np.copysign(np.sqrt(np.abs(vector)), vector)
    return roots / np.linalg.norm(roots)


def unguarded_words(sums):
    vector = np.ravel(sums / np.linalg.norm(sums, axis=1, keepdims=True))
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [("vlad.power_normalise", unguarded_roots), ("vlad.intra_normalise", unguarded_words)],
)
def test_nan_is_explained_where_the_division_is_not_guarded(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.verdict) == ("failed", "NaN where zeros are expected")


def test_infinity_is_named():
    feedback = check("vlad.power_normalise", lambda vector: np.full(len(vector), np.inf))
    assert feedback.verdict == "the result holds NaN or infinity"


def test_wrong_shape_is_named():
    feedback = check("vlad.residual_sums", lambda d, c, w: np.ones(3))
    assert feedback.verdict == "wrong shape"
    assert feedback.message == ("An array of shape (2, 2) is expected; your result has shape (3,).")


def test_right_numbers_in_another_shape_are_told_so():
    feedback = check("vlad.residual_sums", lambda d, c, w: np.ravel(right_sums(d, c, w)))
    assert feedback.verdict == "wrong shape"
    assert feedback.message == "The numbers are right; write them in the shape (2, 2)."
    assert feedback.hints == ()


def test_broadcastable_result_does_not_pass():
    assert not check("vlad.intra_normalise", lambda sums: 0.0).passed


@pytest.mark.parametrize(
    ("result", "got"),
    [
        ("abc", "values of dtype <U3"),
        (1j, "values of dtype complex128"),
        ([[1], [2, 3]], "a list whose rows do not form an array"),
        ({0}, "a set"),
        (object(), "an object"),
        (np.sum, "a _ArrayFunctionDispatcher"),
    ],
)
def test_result_of_another_kind_is_named(result, got):
    feedback = check("vlad.assign", lambda descriptors, centroids: result)
    assert feedback.verdict == "not an array of numbers"
    assert ("expected", "an array of whole numbers, shape (1,)") in feedback.facts
    assert ("got", got) in feedback.facts


# --- Broken and missing answers -------------------------------------------------------------------


def test_exception_shows_type_message_line_and_input():
    def breaks(descriptors, centroids):
        first = descriptors[0]
        return first["x"]

    feedback = check("vlad.assign", breaks)
    assert feedback.verdict == "your code raised an error"
    facts = dict(feedback.facts)
    assert facts["raised"].startswith("IndexError: only integers, slices")
    assert facts["your code"].startswith("line ")
    assert facts["your code"].endswith(': return first["x"]')
    assert facts["descriptors"] == "[[6, 8]]"


def test_exception_inside_a_library_shows_the_students_line():
    def breaks(descriptors, centroids):
        return np.stack([])

    facts = dict(check("vlad.assign", breaks).facts)
    assert facts["your code"].endswith(": return np.stack([])")


def test_wrong_number_of_arguments_is_an_error_without_a_line():
    facts = dict(check("vlad.assign", lambda descriptors: descriptors).facts)
    assert "takes 1 positional argument but 2 were given" in facts["raised"]
    assert "your code" not in facts


def test_endless_recursion_is_an_error():
    def again(*inputs):
        return again(*inputs)

    facts = dict(check("vlad.assign", again).facts)
    assert facts["raised"].startswith("RecursionError: maximum recursion depth exceeded")
    assert facts["your code"].endswith(": return again(*inputs)")


def test_interrupt_is_not_swallowed():
    def interrupted(*inputs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("vlad.assign", interrupted)


def test_exception_that_cannot_be_printed_is_named():
    class Mute(Exception):  # noqa: N818
        def __str__(self):
            raise RuntimeError

    def breaks(*inputs):
        raise Mute

    assert ("raised", "Mute") in check("vlad.assign", breaks).facts


def not_implemented(*inputs):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("vlad.assign", None),
        ("vlad.assign", ...),
        ("vlad.assign", lambda *inputs: None),
        ("vlad.assign", lambda *inputs: ...),
        ("vlad.assign", not_implemented),
        ("vlad.dimension", ...),
        ("vlad.by_hand", [-2, 2, ..., ...]),
        ("vlad.same_histogram", ([[6, 8]], [...])),
    ],
)
def test_missing_answer_is_unanswered_and_says_how(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.verdict) == ("unanswered", "not answered yet")
    assert "eplace the dots" in feedback.message


def test_return_missing_in_one_case_is_not_unanswered():
    feedback = check("vlad.assign", lambda d, c: right_words(d, c) if len(d) else None)
    assert feedback.status == "failed"
    assert ("got", "None") in feedback.facts


def test_called_function_is_told_from_the_function_itself():
    feedback = check("vlad.assign", [0, 1])
    assert feedback.verdict == "a function is expected"
    assert feedback.message == "Hand over the function itself, without calling it: `my_assign`."


@pytest.mark.parametrize(
    ("exercise", "answer", "verdict"),
    [
        ("vlad.dimension", right_sums, "a whole number is expected"),
        ("vlad.by_hand", "-2, 2, 1, 4", "an array of shape (4,) is expected"),
        ("vlad.find_the_bug", 3, "one of the names is expected"),
        ("vlad.find_the_bug", "no idea", "one of the names is expected"),
        ("vlad.same_histogram", 3, "this cannot be read"),
        ("vlad.same_histogram", ([[1, 2]], [[1, 2, 3]]), "this cannot be read"),
        ("vlad.vanish", [[np.nan, 1]], "this cannot be read"),
    ],
)
def test_value_of_another_kind_is_told_what_is_expected(exercise, answer, verdict):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.verdict) == ("failed", verdict)


def test_right_value_in_two_rows_is_told_so():
    feedback = check("vlad.by_hand", [[-2, 2], [1, 4]])
    assert (feedback.status, feedback.verdict) == ("failed", "wrong shape")
    assert feedback.message == "The numbers are right; write them in one row."


def test_wrong_value_in_two_rows_is_recognised():
    feedback = check("vlad.by_hand", [[2, -2], [-1, -4]])
    assert feedback.mistake == "the arrows point the wrong way"


def test_value_of_another_shape_is_told_the_shape():
    message = check("vlad.by_hand", [[-2, 2], [1, 5]]).message
    assert message == "An array of shape (4,) is expected; your result has shape (2, 2)."


def test_single_number_for_a_vector_is_told_so():
    message = check("vlad.by_hand", 5).message
    assert message == "An array of shape (4,) is expected; your result is a single number."


@pytest.mark.parametrize("answer", ["Center minus descriptor", "centre MINUS  descriptor"])
def test_choice_may_be_spelt_either_way(answer):
    assert check("vlad.find_the_bug", answer).mistake == "the arrows point the right way"


def test_american_spelling_is_understood():
    feedback = check("vlad.find_the_bug", "each word normalized")
    assert feedback.mistake == "no word is divided by its length"


def test_wrong_construction_is_shown_with_its_counts_and_sums():
    facts = check("vlad.vanish", [[4, 7], [2, 7], [6, 3], [7, 1]]).facts
    assert facts == (("descriptors per word", "[2, 2]"), ("residual sums", "[[0, 0], [1, 0]]"))


def test_both_bags_of_a_wrong_pair_are_shown():
    facts = dict(check("vlad.same_histogram", ([[6, 8], [6, 3]], [[6, 8]])).facts)
    assert facts["descriptors per word, first bag"] == "[1, 1]"
    assert facts["descriptors per word, second bag"] == "[1, 0]"
    assert facts["residual sums, second bag"] == "[[3, 1], [0, 0]]"


def test_pair_of_the_text_is_not_handed_in_again():
    pencil = pencil_example()
    feedback = check("vlad.same_histogram", (pencil.mirrored[::-1], pencil.descriptors))
    assert feedback.mistake == "that is the pair of the text"


def test_fancy_index_that_overwrites_is_recognised():
    def overwrites(descriptors, centroids, words):
        sums = np.zeros(centroids.shape)
        sums[words] += descriptors - centroids[words]
        return sums

    feedback = check("vlad.residual_sums", overwrites)
    assert feedback.mistake == "only the last descriptor of each word was kept"
    assert "np.add.at" in feedback.message


def test_empty_list_is_an_empty_bag():
    assert check("vlad.same_histogram", ([[6, 8]], [])).mistake == "a bag is empty"


# --- The call itself ------------------------------------------------------------------------------


def test_unknown_exercise_names_the_closest():
    message = (
        r"^exercise_id: expected a name in the bank, such as 'vlad\.residual_sums', .*, "
        r"got 'vlad\.residuals'$"
    )
    with pytest.raises(ValueError, match=message):
        check("vlad.residuals", right_sums)


def test_swapped_arguments_are_refused():
    with pytest.raises(TypeError, match=r"^exercise_id: expected a string, got function$"):
        check(right_words, "vlad.assign")


def test_hints_are_counted():
    with pytest.raises(ValueError, match=r"^hints: expected an integer ≥ 0, got -1$"):
        check("vlad.dimension", 32, hints=-1)


def wrong_on_random_vectors(vector):
    roots = np.copysign(np.sqrt(np.abs(vector)), vector)
    return roots / max(np.linalg.norm(roots), 1e-12) if np.all(vector % 1 == 0) else vector


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("vlad.vlad", lambda *inputs: object()),
        ("vlad.vlad", lambda *inputs: [object()]),
        ("vlad.vlad", lambda *inputs: dict[object, int]()[object()]),
        ("vlad.vlad", lambda d, c: np.resize(d.sum() / 3, c.size)),
        ("vlad.power_normalise", wrong_on_random_vectors),
        ("vlad.dimension", object()),
    ],
)
def test_text_is_the_same_in_every_run_and_holds_no_address(exercise, answer):
    first, second = check(exercise, answer), check(exercise, answer)
    assert repr(first) == repr(second)
    assert first._repr_html_() == second._repr_html_()
    assert "0x7" not in repr(first)
