"""Every chapter runs once under every setting; a second call goes on, and the table says all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.proofs.__main__ import prove
from tests.proofs.ledger import Ledger, key, surroundings
from tests.proofs.machine import Verdict
from tests.proofs.run import Outcome
from tests.proofs.settings import Setting
from tests.proofs.table import faults, legend, table

PLAIN, OLD, DRAWN = (
    Setting("nothing set", ""),
    Setting("BLAS", "old", {"B": "old"}),
    Setting("drawn 1", "BLAS: old; threads: 2", {"B": "old", "T": "2"}),
)
SETTINGS = [PLAIN, OLD, DRAWN]
FAILED = Outcome(False, 2.0, "Cell 7", ".924", ".923")


@pytest.fixture
def notebooks(tmp_path: Path) -> dict[str, Path]:
    for name in ("vlad", "gem"):
        (tmp_path / f"{name}.ipynb").write_text(name)
    return {name: tmp_path / f"{name}.ipynb" for name in ("vlad", "gem")}


class Runner:
    """Notes what is run, and fails one chapter wherever B is old."""

    def __init__(self, breaks_at: int = 100) -> None:
        self.seen: list[tuple[str, str]] = []
        self.left = iter(range(breaks_at))

    def __call__(self, path: Path, setting: Setting) -> Outcome:
        if next(self.left, None) is None:
            raise KeyboardInterrupt
        self.seen.append((path.stem, setting.name))
        failed = path.stem == "vlad" and "B" in setting.environment
        return FAILED if failed else Outcome(True, 1.0)


def test_every_chapter_runs_once_under_every_setting(notebooks, tmp_path) -> None:
    runner = Runner()
    outcomes = prove(notebooks, SETTINGS, Ledger(tmp_path / "kept"), "", runner)
    assert sorted(runner.seen) == sorted((c, s.name) for c in notebooks for s in SETTINGS)
    assert {place for place, one in outcomes.items() if not one.passed} == {
        ("vlad", OLD),
        ("vlad", DRAWN),
    }


def test_a_second_call_runs_nothing_and_says_the_same(notebooks, tmp_path) -> None:
    ledger = Ledger(tmp_path / "kept")
    first, again = prove(notebooks, SETTINGS, ledger, "", Runner()), Runner()
    assert prove(notebooks, SETTINGS, ledger, "", again) == first
    assert again.seen == []


def test_a_call_that_was_stopped_goes_on(notebooks, tmp_path) -> None:
    ledger, rest = Ledger(tmp_path / "kept"), Runner()
    with pytest.raises(KeyboardInterrupt):
        prove(notebooks, SETTINGS, ledger, "", Runner(breaks_at=2))
    assert len(prove(notebooks, SETTINGS, ledger, "", rest)) == 6
    assert len(rest.seen) == 4


def test_a_changed_notebook_runs_anew_and_no_other(notebooks, tmp_path) -> None:
    ledger, again = Ledger(tmp_path / "kept"), Runner()
    prove(notebooks, SETTINGS, ledger, "", Runner())
    notebooks["gem"].write_text("another")
    prove(notebooks, SETTINGS, ledger, "", again)
    assert sorted(again.seen) == sorted(("gem", one.name) for one in SETTINGS)


def test_what_is_not_final_is_not_kept(tmp_path) -> None:
    ledger = Ledger(tmp_path / "kept")
    ledger.keep("a", replace(FAILED, final=False))
    ledger.keep("b", FAILED)
    assert (ledger.find("a"), ledger.find("b")) == (None, FAILED)


@pytest.mark.parametrize(
    "other",
    [
        Setting("", "", {"B": "older"}),
        Setting("", "", {"B": "old"}, options=("--lax",)),
        Setting("", "", {"B": "old"}, busy=1),
    ],
)
def test_the_key_changes_with_what_a_setting_does(other: Setting, notebooks) -> None:
    path = notebooks["gem"]
    assert key(path, OLD, "") == key(path, Setting("renamed", "", {"B": "old"}), "")
    assert key(path, OLD, "") != key(path, other, "")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("y = 2"),
        lambda path: path.rename(path.with_name("b.py")),
    ],
)
def test_the_key_changes_with_the_package(change: Callable[[Path], object], tmp_path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    before = surroundings(tmp_path.iterdir(), ["AVX2"])
    assert surroundings(tmp_path.iterdir(), ["AVX2"]) == before
    change(tmp_path / "a.py")
    assert surroundings(tmp_path.iterdir(), ["AVX2"]) != before


def test_the_key_changes_with_the_processor() -> None:
    assert surroundings([], ["AVX2"]) != surroundings([], ["AVX2", "AVX512_SKX"])


OUTCOMES = {
    ("vlad", PLAIN): Outcome(True, 20.4),
    ("gem", PLAIN): Outcome(True, 9.0),
    ("vlad", OLD): FAILED,
    ("gem", OLD): Outcome(True, 8.0),
}


def test_table_has_a_line_for_each_setting_and_a_column_for_each_chapter() -> None:
    new = Setting("BLAS", "new")
    judged = dict.fromkeys([PLAIN, OLD], Verdict("followed")) | {
        new: Verdict("lacking", "this processor has no AVX2"),
        DRAWN: Verdict("ignored", "openblas ignores it and says New"),
    }
    assert table(["vlad", "gem"], judged, OUTCOMES) == [
        "             vlad     gem      seconds",
        "nothing set  ok       ok            29",
        "BLAS: old    FAIL     ok            10",
        "BLAS: new    not run  not run        0",
        "drawn 1      IGNORED  IGNORED        0",
    ]
    assert legend(judged) == [
        "drawn 1: BLAS: old; threads: 2",
        "not run: BLAS: new (this processor has no AVX2)",
        "not run: drawn 1 (openblas ignores it and says New)",
    ]


def test_a_fault_names_its_settings_and_the_lines_that_differ() -> None:
    assert faults(OUTCOMES | {("vlad", DRAWN): FAILED}) == [
        "vlad, Cell 7, under BLAS: old, drawn 1:",
        "    stored    .924",
        "    computed  .923",
    ]


def test_a_fault_of_every_setting_says_so_once() -> None:
    assert faults({("vlad", PLAIN): FAILED, ("vlad", OLD): FAILED})[0] == (
        "vlad, Cell 7, under every setting:"
    )
