"""`python -m tests.notebooks.seeded_bugs` measures what it says; here two of its bugs run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.notebooks import seeded_bugs
from tests.notebooks.seeded_bugs import (
    BUGS,
    ROOT,
    UNIMPORTABLE,
    Bug,
    Verdict,
    judge,
    judge_all,
    seed,
    table,
)

SOON_NOTICED = ("dimension-major", "farthest word")  # one of each file, a few seconds each


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_text_of_each_bug_stands_once_in_coursekit(bug: Bug) -> None:
    assert (ROOT / "coursekit" / bug.file).read_text(encoding="utf-8").count(bug.right) == 1
    assert bug.right != bug.wrong


def test_names_of_bugs_differ() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 10


@pytest.mark.parametrize(("text", "count"), [("", 0), ("x = 1\nx = 1\n", 2)])
def test_bug_is_not_seeded_unless_its_text_stands_once(
    text: str, count: int, tmp_path: Path
) -> None:
    (tmp_path / "f.py").write_text(text)
    message = f"a bug: expected its text once in f.py, got it {count} times"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        seed(Bug("a bug", "f.py", "x = 1", "x = 2"), tmp_path)
    assert (tmp_path / "f.py").read_text() == text


def test_kernel_runs_the_copy() -> None:
    verdict = judge(UNIMPORTABLE)
    assert verdict.caught
    assert "ImportError" in verdict.text
    assert "the copy" in verdict.text


def test_notebook_notices_bugs_of_its_first_cells() -> None:
    verdicts = judge_all([bug for bug in BUGS if bug.name in SOON_NOTICED])
    assert [verdict.bug.name for verdict in verdicts if verdict.bug and verdict.caught] == list(
        SOON_NOTICED
    )


def test_table_counts_bugs_that_made_a_cell_fail() -> None:
    seen, unseen = Verdict(BUGS[0], "Cell 6", 2.0, ""), Verdict(BUGS[1], "", 30.0, "")
    assert table([Verdict(None, "", 30.0, ""), seen, unseen]).endswith("caught 1 of 2")


@pytest.mark.parametrize(
    ("mode", "missed", "status"),
    [("strict", 0, 0), ("strict", 1, 1), ("tolerant", 2, 0), ("tolerant", 3, 1)],
)
def test_command_allows_for_what_a_tolerance_hides(
    mode: str, missed: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(bugs: list[Bug | None], mode: str) -> list[Verdict]:
        failed = ["Cell 6"] * (len(bugs) - 1 - missed) + [""] * missed
        cells = zip(bugs, ["", *failed], strict=True)
        return [Verdict(bug, cell, 1.0, "") for bug, cell in cells]

    monkeypatch.setattr(seeded_bugs, "judge_all", fake)
    assert seeded_bugs.main(["--stored-outputs", mode]) == status
