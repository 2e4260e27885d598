"""What a comparison of texts lets through and what it does not, and how it says so."""

from __future__ import annotations

import pytest

from tests.notebooks import texts
from tests.notebooks.tolerance import Bound, Tolerance

TOLERANCE = Tolerance(decimals=Bound(0.03, 0.03), whole=Bound(), figure=1)
COUNTS = Tolerance(decimals=Bound(), whole=Bound(relative=0.01), figure=1)


def differences(stored: str, computed: str, tolerance: Tolerance | None = TOLERANCE) -> list[str]:
    return texts.compare(stored, computed, tolerance, "stdout")


@pytest.mark.parametrize(
    ("stored", "computed"),
    [
        ("mAP 0.886", "mAP 0.916"),
        ("mAP 0.886 (VLAD)", "mAP 0.856 (VLAD)"),
        ("0.59   0.02", "0.61  -0.01"),
        ("[ 2.   -1.01]", "[1.95 -1.  ]"),
        ("[-0.000, +0.046]", "[+0.004, +0.046]"),
        ("+0.004", "-0.01"),
        ("loss  9.98", "loss 10.01"),
        ("1.00e-03 off", "1.02e-03 off"),
        ("at 99.7 %, 2-norm .31", "at 98.1 %, 2-norm .33"),
        ("<td>0.886</td><td>12.5</td>", "<td>0.901</td><td>12.8</td>"),
        ("−0.31", "−0.30"),
    ],
)
def test_decimals_within_the_tolerance_agree(stored: str, computed: str) -> None:
    assert differences(stored, computed) == []
    assert differences(computed, stored) == []
    assert differences(stored, computed, None)


@pytest.mark.parametrize(
    ("stored", "computed", "reason"),
    [
        ("mAP 0.886", "mAP 0.950", "expected 0.886, got 0.950; they may be 0.057 apart"),
        ("0.31", "-0.31", "expected 0.31, got -0.31; they may be 0.039 apart"),
        ("0.31", "−0.31", "expected 0.31, got −0.31; they may be 0.039 apart"),
        ("+0.31", "0.31", "expected +0.31, got 0.31: one has a sign, the other has none"),
        ("2048 numbers", "2049 numbers", "expected 2048, got 2049"),
        ("in 20.", "in 21.", "expected 20., got 21."),
        ("1", "1.0", "expected 1, got 1.0: one is whole, the other is not"),
        ("(6, 128)", "(6, 64)", "expected 128, got 64"),
        ("mAP 0.886", "mAp 0.886", "expected the same letters, got others"),
        ("a 0.5 b", "a  b", "expected the same letters, got others"),
        ("0.5 0.5", "0.5", "expected the same letters, got others"),
        ("nan", "0.5", "expected the same letters, got others"),
        ("0.5", "inf", "expected the same letters, got others"),
        ("photo_1", "photo_2", "expected the same letters, got others"),
        ("float32", "float64", "expected the same letters, got others"),
        ("OpenCV 4.11.0", "OpenCV 4.12.0", "expected the same letters, got others"),
        ("x[0]-0.5", "x[0]+0.5", "expected the same letters, got others"),
        ("a  b 0.5", "a b 0.5", "expected the same letters, got others"),
        ("0.5\n", "0.5", "expected one more line, got none"),
        ("0.5", "0.5\n0.5", "expected no more lines, got one more"),
    ],
)
def test_anything_else_differs(stored: str, computed: str, reason: str) -> None:
    first = differences(stored, computed)[0]
    assert first.partition(": ")[2] == reason


def test_whole_numbers_differ_only_where_the_cell_says_so() -> None:
    assert differences("of 118522, 85 photos", "of 118401, 85 photos", COUNTS) == []
    assert differences("of 118522", "of 117000", COUNTS)
    assert differences("85 photos", "86 photos", COUNTS)


def test_words_come_and_go_only_where_the_cell_says_so() -> None:
    stored, computed = "gain -0.03 [-0.08, -0.00]", "gain -0.03 [-0.08, +0.00] level"
    passing = Tolerance(decimals=Bound(0.03), whole=Bound(), figure=1, words=["level"])
    assert differences(stored, computed, passing) == differences(computed, stored, passing) == []
    assert differences(stored, computed)
    assert differences(stored, computed.replace("level", "levelled"), passing)


def test_bound_itself_is_within_the_tolerance() -> None:
    tenth = Tolerance(decimals=Bound(absolute=0.1), whole=Bound(), figure=1)
    assert abs(0.3 - 0.4) > 0.1  # the computer's rounding, not the reader's
    assert differences("0.3", "0.4", tenth) == []


def test_message_shows_both_sides_from_the_first_difference_on() -> None:
    stored = "K = 16\nBoW  mAP 0.631 all 0.653\nVLAD mAP 0.886\n"
    computed = "K = 16\nBoW  mAP 0.633 all 0.753\nVLAD mAP 0.986\n"
    assert differences(stored, computed) == [
        "stdout, line 2: expected 0.653, got 0.753; they may be 0.05 apart",
        "  stored:   BoW  mAP 0.631 all 0.653",
        "  computed: BoW  mAP 0.633 all 0.753",
        "  (2 lines differ in all)",
    ]


def test_message_of_a_strict_comparison_names_the_numbers() -> None:
    assert differences("mAP 0.924", "mAP 0.923", None) == [
        "stdout, line 1: expected 0.924, got 0.923",
        "  stored:   mAP 0.924",
        "  computed: mAP 0.923",
    ]


def test_strict_comparison_passes_over_no_space() -> None:
    assert differences("mAP  0.924", "mAP 0.924", None)[0].endswith("the same letters, got others")


def test_long_lines_are_shown_around_the_difference() -> None:
    line = "<p>" + "word " * 100 + "{}" + " word" * 100 + "</p>"
    _, stored, computed = differences(line.format("0.5"), line.format("0.9"))
    assert "word 0.5 word" in stored
    assert "word 0.9 word" in computed
    assert len(stored) <= 120
    assert (stored.count("…"), computed.count("…")) == (2, 2)


def test_missing_line_is_named() -> None:
    assert differences("one\ntwo", "one")[1:] == ["  stored:   two", "  computed: (no such line)"]
