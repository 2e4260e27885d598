"""A setting that is not followed proves nothing: what libraries say of themselves decides."""

from __future__ import annotations

import pytest

from tests.proofs.machine import Verdict, environment, examine, judge, what_is_usual
from tests.proofs.settings import AS_IT_IS, Setting, factors, perturbed

KERNEL = Setting("BLAS", "old", {"OPENBLAS_CORETYPE": "Old"}, {"openblas": "Old|Ancient"}, {"SSE3"})
HAS = ["SSE3", "AVX2"]


@pytest.mark.parametrize(
    ("has", "usual", "answers", "verdict"),
    [
        (HAS, ["New"], ["Old", "Ancient"], Verdict("followed")),
        ([], ["New"], ["Old"], Verdict("lacking", "this processor has no SSE3")),
        (HAS, [], [], Verdict("lacking", "no openblas here, or not of this kind")),
        (HAS, ["Old"], ["Old"], Verdict("usual", "what the libraries do here by themselves")),
        (HAS, ["New"], ["Old", "New"], Verdict("ignored", "openblas ignores it and says New")),
        (HAS, ["New"], ["Older"], Verdict("ignored", "openblas ignores it and says Older")),
    ],
)
def test_verdict(has: list[str], usual: list[str], answers: list[str], verdict: Verdict) -> None:
    assert judge(KERNEL, has, {"openblas": usual}, {"openblas": answers}) == verdict


def test_what_cannot_be_asked_is_followed() -> None:
    assert {examine(one, HAS, {}) for one in [AS_IT_IS, *perturbed()]} == {Verdict("followed")}


def test_a_library_that_a_processor_cannot_run_is_not_asked() -> None:
    assert examine(KERNEL, [], {}).kind == "lacking"


def test_no_setting_of_the_caller_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = {"OPENBLAS_CORETYPE": "Zen", "OMP_NUM_THREADS": "7", "NOTEBOOK_PERTURBATION": "x"}
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    assert environment(AS_IT_IS).keys().isdisjoint(foreign)
    assert environment(KERNEL)["OPENBLAS_CORETYPE"] == "Old"
    assert environment(KERNEL)["OMP_NUM_THREADS"] == "1"


@pytest.fixture(scope="module")
def usual() -> dict[str, list[str]]:
    return what_is_usual()


def test_every_library_of_the_lock_says_something(usual: dict[str, list[str]]) -> None:
    x86_only = set() if "SSE3" in usual["processor"] else {"ipp", "openblas", "onednn"}
    assert {name for name, said in usual.items() if not said} <= x86_only


# One value of each factor, of those whose libraries load soon; `make proofs` checks all.
@pytest.mark.parametrize("factor", ["OpenCV's IPP", "OpenCV", "OpenBLAS", "faiss", "NumPy"])
def test_libraries_follow_their_setting(factor: str, usual: dict[str, list[str]]) -> None:
    setting = factors(usual["numpy"][0].split())[factor][1]
    assert examine(setting, usual["processor"], usual).kind in ("followed", "usual", "lacking")
