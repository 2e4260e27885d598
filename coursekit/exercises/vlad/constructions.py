"""The exercises of *VLAD* that are answered by a construction, of which many are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.numeric import show
from coursekit.exercises.pencil import pencil_example
from coursekit.exercises.vlad.answers import my_assign, my_residual_sums, my_vlad, sums_of
from coursekit.types import FloatArray, IntArray
from coursekit.validation import as_matrix

# --- Reading an answer, and what is shown of it ---------------------------------------------------


def _read_bag(bag: Any, name: str) -> FloatArray:
    empty = isinstance(bag, list) and not bag  # a list of no rows does not say its columns
    return np.zeros((0, 2)) if empty else as_matrix(bag, name, columns=2)


def _read_two(bags: Any) -> tuple[FloatArray, FloatArray]:
    if not isinstance(bags, tuple | list) or len(bags) != 2:
        raise TypeError(f"bags: expected two, got {type(bags).__name__}")
    return _read_bag(bags[0], "first_bag"), _read_bag(bags[1], "second_bag")


def _counts(bag: FloatArray) -> IntArray:
    return np.bincount(my_assign(bag, pencil_example().centroids), minlength=2)


def counts_and_sums(bag: Any) -> tuple[tuple[str, str], ...]:
    """Show how many descriptors each word has, and what their residuals add up to."""
    descriptors = _read_bag(bag, "bag")
    sums = sums_of(descriptors, pencil_example().centroids)
    return (
        ("descriptors per word", show(_counts(descriptors))),
        ("residual sums", show(sums)),
    )


def both_counts_and_sums(bags: Any) -> tuple[tuple[str, str], ...]:
    """Show the same of two bags."""
    return tuple(
        (f"{label}, {which} bag", value)
        for which, bag in zip(("first", "second"), _read_two(bags), strict=True)
        for label, value in counts_and_sums(bag)
    )


# --- Which idea an answer shows, or None ----------------------------------------------------------


def _are_of_the_text(first: FloatArray, second: FloatArray) -> bool:
    """Recognise the pencil bag and its mirror image, in any order."""
    text = (pencil_example().descriptors, pencil_example().mirrored)
    rows, known = (sorted(sorted(bag.tolist()) for bag in two) for two in ((first, second), text))
    return rows == known


def tells_bags_apart(bags: Any) -> str | None:
    """Verify that two bags have the same histogram, not empty, and different VLAD vectors."""
    first, second = _read_two(bags)
    c = pencil_example().centroids
    if not len(first) or not len(second):
        return "a bag is empty"
    if _are_of_the_text(first, second):
        return "that is the pair of the text"
    if not np.array_equal(_counts(first), _counts(second)):
        return "the histograms differ"
    if np.allclose(sums_of(first, c), sums_of(second, c), atol=1e-4):
        return "the residual sums are the same"
    if np.allclose(my_vlad(first, c), my_vlad(second, c), atol=1e-4):
        return "the vectors differ in length only"
    return None


def vanishes(bag: Any) -> str | None:
    """Verify that a bag fills both cells, off the centres, and has the zero vector as VLAD."""
    descriptors = _read_bag(bag, "bag")
    c = pencil_example().centroids
    words = my_assign(descriptors, c)
    sums = my_residual_sums(descriptors, c, words)
    if min(np.sum(words == 0), np.sum(words == 1)) < 2:
        return "a word has fewer than two descriptors"
    if np.any(np.all(descriptors[:, None] == c, axis=2)):
        return "a descriptor lies on its centre"
    if np.any(np.abs(sums) > 1e-4):
        one = np.any(np.all(np.abs(sums) <= 1e-4, axis=1))
        return "one word vanishes, the other does not" if one else "the residuals do not cancel"
    return None


# --- The exercises --------------------------------------------------------------------------------

SAME_HISTOGRAM = Exercise(
    id="vlad.same_histogram",
    title="Same histogram, another VLAD",
    kind="construct",
    statement=r"""For the two words $(3, 7)$ and $(6, 2)$, give two bags of 2-D descriptors: the
*same count* of descriptors for each word in both bags, and *different* VLAD vectors. Many pairs are
right; make one of your own.""",
    stub="""first_bag = [...]  # rows [x, y]
second_bag = [...]""",
    answer="(first_bag, second_bag)",
    reference=([[6.0, 8], [6, 3]], [[0.0, 6], [6, 3]]),
    verify=tells_bags_apart,
    evidence=both_counts_and_sums,
    mistakes=(
        Mistake(
            "a bag is empty",
            ([[6.0, 8]], np.zeros((0, 2))),
            "Put at least one descriptor into each bag.",
        ),
        Mistake(
            "that is the pair of the text",
            (pencil_example().descriptors, pencil_example().mirrored),
            "It has what the exercise asks for. Make your own: fewer descriptors will do.",
        ),
        Mistake(
            "the histograms differ",
            ([[6.0, 8], [6, 3]], [[6.0, 8], [6, 3], [5, 3]]),
            "Count the descriptors nearest to each word: both counts must agree. Twice as many "
            "of each is another histogram.",
        ),
        Mistake(
            "the residual sums are the same",
            ([[6.0, 8], [6, 3]], [[6.0, 3], [6, 8]]),
            "A bag has no order, and arrows that add up to the same sum are the same to VLAD. "
            "Move one descriptor within its cell.",
        ),
        Mistake(
            "the vectors differ in length only",
            ([[4.0, 7]], [[5.0, 7]]),
            "All residuals grew by one factor, and the normalisation takes it away. Turn one "
            "of the arrows.",
        ),
    ),
    hints=(
        "The histogram sees the cell only. What can a descriptor do inside it?",
        "Reflect a descriptor through its word: the cell is the same, the arrow is reversed.",
    ),
    solution="A descriptor may move anywhere in its cell without the histogram noticing; its "
    "residual does. Reflecting all of them through their words gives the opposite vector, at "
    "distance 2, the largest there is.",
)

VANISH = Exercise(
    id="vlad.vanish",
    title="Rich image, zero vector",
    kind="construct",
    statement=r"""For the two words $(3, 7)$ and $(6, 2)$, give one bag with at least two
descriptors in each cell, none of them on its word, whose residual sums are all zero.""",
    stub="bag = [...]  # rows [x, y]",
    answer="bag",
    reference=[[4.0, 7], [2, 7], [6, 3], [6, 1]],
    verify=vanishes,
    evidence=counts_and_sums,
    mistakes=(
        Mistake(
            "a word has fewer than two descriptors",
            [[4.0, 7], [2, 7], [6, 3]],
            "Assign each descriptor again: perhaps one of them crossed into the other cell.",
        ),
        Mistake(
            "a descriptor lies on its centre",
            [[3.0, 7], [3, 7], [6, 3], [6, 1]],
            "A residual of zero is too easy. Let residuals cancel each other.",
        ),
        Mistake(
            "one word vanishes, the other does not",
            [[4.0, 7], [2, 7], [6, 3], [7, 1]],
            "The residuals of every word have to cancel, each word for itself.",
        ),
        Mistake(
            "the residuals do not cancel",
            [[4.0, 7], [4, 8], [6, 3], [7, 3]],
            "The descriptors of a cell have to balance round their word. What is then their mean?",
        ),
    ),
    hints=(
        "Which arrow cancels a given arrow?",
        "For a descriptor x of the word μ, add its reflection 2μ − x.",
    ),
    solution="A sum of residuals vanishes when the word is the mean of its descriptors, for "
    "instance when they lie symmetrically round it. VLAD says where the image departs from "
    "the codebook; the histogram still counts two and two.",
)
