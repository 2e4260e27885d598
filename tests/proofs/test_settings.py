"""Settings change one factor at a time; combinations are drawn, and drawn alike each time."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.proofs.settings import (
    AS_IT_IS,
    LOADED,
    STRICT,
    TOLERANT,
    Setting,
    drawn,
    factors,
    perturbed,
)

DISPATCHED = ["X86_V3", "X86_V4", "AVX512_ICL"]
GROUPS = factors(DISPATCHED)
SINGLE = [setting for group in GROUPS.values() for setting in group]


def test_what_the_issue_of_machines_is_about_is_there() -> None:
    assert GROUPS.keys() == {
        *("OpenCV's IPP", "OpenCV", "OpenBLAS", "threads", "torch", "oneDNN", "faiss", "NumPy")
    }


def test_names_differ() -> None:
    names = [one.name for one in [AS_IT_IS, LOADED, *SINGLE, *drawn(GROUPS), *perturbed()]]
    assert len(set(names)) == len(names)


def test_no_two_factors_set_one_variable() -> None:
    variables = [{name for one in group for name in one.environment} for group in GROUPS.values()]
    assert all(a.isdisjoint(b) for a, b in combinations(variables, 2))


@pytest.mark.parametrize("setting", SINGLE, ids=lambda one: one.name)
def test_each_value_of_a_factor_can_be_checked(setting: Setting) -> None:
    assert setting.says
    assert setting.environment


def test_a_run_has_one_thread_unless_its_setting_says_how_many() -> None:
    counts = {one.name: one.variables["OMP_NUM_THREADS"] for one in [AS_IT_IS, LOADED, *SINGLE]}
    several = {name: count for name, count in counts.items() if count != "1"}
    assert several == {AS_IT_IS.name: "", LOADED.name: "", "threads: 2": "2"}


@pytest.mark.parametrize(
    ("dispatched", "without_512", "without_avx2"),
    [
        (DISPATCHED, "X86_V4 AVX512_ICL", "X86_V3 X86_V4 AVX512_ICL"),
        (
            ["SSE42", "AVX", "FMA3", "AVX2", "AVX512F", "AVX512_SKX"],
            "AVX512F AVX512_SKX",
            "FMA3 AVX2 AVX512F AVX512_SKX",
        ),
        (["ASIMDHP"], "", ""),
    ],
)
def test_numpy_is_told_the_names_that_it_has(
    dispatched: list[str], without_512: str, without_avx2: str
) -> None:
    told = [one.environment["NPY_DISABLE_CPU_FEATURES"] for one in factors(dispatched)["NumPy"]]
    assert told == [without_512, without_avx2]


def test_eight_combinations_are_drawn_of_two_values_or_more() -> None:
    values = [one.value for one in drawn(GROUPS)]
    assert len(set(values)) == len(values) == 8
    assert all("; " in value for value in values)


def test_the_same_seed_draws_the_same() -> None:
    values = [[one.name for one in drawn(GROUPS, seed=seed)] for seed in (3, 3, 4)]
    assert values[0] == values[1] != values[2]


def test_a_combination_sets_the_variables_of_all_its_values() -> None:
    first, second = Setting("a", "1", {"A": "x"}), Setting("b", "2", {"B": "y"})
    [both] = drawn({"a": [first], "b": [second]})
    assert (both.name, both.environment) == ("drawn 1: a: 1; b: 2", {"A": "x", "B": "y"})


def test_perturbed_runs_say_how_outputs_are_compared() -> None:
    modes = {one.value: one.options for one in perturbed()}
    assert modes == {
        **dict.fromkeys(("jitter:0", "jitter:1", "jitter:2"), STRICT),
        **dict.fromkeys(("optimised", "thinned:0"), TOLERANT),
    }
