"""The tolerance of a cell: the default one, or what its metadata states."""

from __future__ import annotations

from typing import Any

import pytest

from tests.notebooks.tolerance import DEFAULT, Bound, problems, tolerance_of

REASON = "counts the features of each photo"


def test_cell_that_states_nothing_has_the_default() -> None:
    assert tolerance_of({}) == tolerance_of({"exercise": "vlad.vlad"}) == DEFAULT


def test_cell_changes_what_it_states_and_no_more() -> None:
    stated = {"whole": {"relative": 0.01}, "figure": 20, "reason": REASON}
    tolerance = tolerance_of({"tolerance": stated})
    assert tolerance.whole == Bound(absolute=0, relative=0.01)
    assert tolerance.figure == 20
    assert tolerance.decimals == DEFAULT.decimals


def test_bound_adds_a_number_and_a_share() -> None:
    assert Bound(absolute=2, relative=0.5).around(-10) == 7


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        (0.1, "expected bounds and a reason, got 0.1"),
        ({"whole": {"absolute": 1}}, "expected a reason of at least 20 characters, got ''"),
        (
            {"whole": {"absolute": 1}, "reason": "it varies"},
            "expected a reason of at least 20 characters, got 'it varies'",
        ),
        ({"reason": REASON}, "expected one of decimals, whole, figure, words, got none"),
        (
            {"numbers": 1, "figure": 3, "reason": REASON},
            "expected decimals, whole, figure, words and reason, got numbers",
        ),
        (
            {"whole": 1, "reason": REASON},
            "whole: expected numbers > 0 as absolute or relative, got 1",
        ),
        (
            {"decimals": {}, "reason": REASON},
            "decimals: expected numbers > 0 as absolute or relative, got {}",
        ),
        (
            {"decimals": {"percent": 1}, "reason": REASON},
            "decimals: expected numbers > 0 as absolute or relative, got {'percent': 1}",
        ),
        (
            {"whole": {"absolute": -1}, "reason": REASON},
            "whole: expected numbers > 0 as absolute or relative, got {'absolute': -1}",
        ),
        ({"figure": True, "reason": REASON}, "figure: expected a number > 0, got True"),
        ({"words": "level", "reason": REASON}, "words: expected a list of words, got 'level'"),
        ({"words": [".*"], "reason": REASON}, "words: expected a list of words, got ['.*']"),
    ],
)
def test_malformed_tolerance_is_refused(stated: Any, problem: str) -> None:
    assert list(problems(stated)) == [problem]
    with pytest.raises(ValueError, match=r"^tolerance: expected |^tolerance: \w+: expected "):
        tolerance_of({"tolerance": stated})
