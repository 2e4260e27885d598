"""The command line: what it prints, writes and refuses."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from coursekit import cli
from coursekit.comparison import METHODS, POSTPROCESSING, evaluate, read_lists, read_rows
from coursekit.data import DownloadError
from tests.comparison.conftest import small, small_views  # noqa: F401  (fixtures)


@pytest.fixture
def shipped(monkeypatch, small, small_views):  # noqa: F811
    asked = []
    few = replace(small, learning=small.learning[:6])

    def load(name):
        asked.append(name)
        return few

    monkeypatch.setattr(cli, "load", load)
    return asked


def test_evaluate_prints_and_writes_rows(shipped, capsys, tmp_path):
    out = tmp_path / "rows.csv"
    arguments = ["evaluate", "--dataset", "places", "copies", "--method", "gem_random"]
    arguments += ["--codebooks", "2"]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert shipped == ["places", "copies"]
    lines = capsys.readouterr().out.splitlines()
    rows = read_rows(out)
    assert len(lines) == len(rows) == 2 * len(POSTPROCESSING)
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(row.dataset)
        assert f"mAP {row.mean:.3f} ± {row.spread:.3f} over 2 [{row.low:.3f}, " in line
        after = [one.strip() for one in line.split(" mAP ")[0].split(maxsplit=2)[2:]]
        assert after == ([] if row.postprocessing == "none" else [row.postprocessing])
    lists = read_lists(tmp_path / "rows_lists.csv")
    assert list(lists) == [("places", "gem_random"), ("copies", "gem_random")]
    for (dataset, _), one in lists.items():
        plain = next(row for row in rows if row.dataset == dataset)
        assert one.precision.mean() == pytest.approx(plain.mean, abs=1e-4)


def test_the_file_holds_one_set_after_the_other(shipped, tmp_path):
    """Whatever the order in which rows are made, which is that of the methods."""
    out = tmp_path / "rows.csv"
    arguments = [
        "evaluate",
        "--dataset",
        "copies",
        "places",
        "--method",
        "mac_random",
        "gem_random",
        "--codebooks",
        "1",
    ]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    found = [(row.dataset, row.method, row.postprocessing) for row in read_rows(out)]
    assert found == [
        (dataset, method, after)
        for dataset in ("copies", "places")
        for method in ("mac_random", "gem_random")
        for after in POSTPROCESSING
    ]


def test_an_interrupted_run_writes_the_rows_that_are_done(shipped, monkeypatch, tmp_path):
    def interrupted(*given, **options):
        yield from itertools.islice(evaluate(*given, **options), 3)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "evaluate", interrupted)
    out = tmp_path / "rows.csv"
    arguments = ["evaluate", "--method", "colours", "--codebooks", "1", "--out", str(out)]
    with pytest.raises(KeyboardInterrupt):
        cli.main(arguments)
    assert [row.postprocessing for row in read_rows(out)] == list(POSTPROCESSING[:3])
    assert list(read_lists(tmp_path / "rows_lists.csv")) == [("places", "colours")]


@pytest.mark.parametrize("given", [["--dataset", "places"], ["--all"], []])
def test_five_codebooks_unless_told_otherwise(given, monkeypatch):
    asked = []

    def noted(*given, codebooks, **_):
        asked.append(codebooks)
        return ()

    monkeypatch.setattr(cli, "load", lambda name: None)
    monkeypatch.setattr(cli, "evaluate", noted)
    for told in ([], ["--codebooks", "1"]):
        assert cli.main(["evaluate", *given, *told]) == 0
    assert asked == [5, 1]


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5"])
def test_codebooks_are_a_whole_number_from_1(number, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", "--codebooks", number])
    assert stop.value.code == 2
    expected = f"argument --codebooks: expected an integer ≥ 1, got {number}"
    assert capsys.readouterr().err.splitlines()[-1].endswith(expected)


def test_a_set_that_cannot_be_had_is_said_on_one_line(monkeypatch, capsys):
    def load(name):
        raise DownloadError(f"{name}: put it there")

    monkeypatch.setattr(cli, "load", load)
    assert cli.main(["evaluate", "--dataset", "holidays"]) == 1
    assert capsys.readouterr().err == "coursekit: holidays: put it there\n"


@pytest.mark.parametrize("arguments", [[], ["evaluate", "--method", "siftt"], ["train"]])
def test_what_it_does_not_know_it_refuses(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: coursekit" in capsys.readouterr().err


def test_help_names_every_method(capsys):
    with pytest.raises(SystemExit):
        cli.main(["evaluate", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert all(name in text for name in METHODS)
