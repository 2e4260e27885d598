"""The files that hold rows."""

from __future__ import annotations

import pytest

from coursekit.comparison import Row, read_rows, write_rows

ROWS = [
    Row(
        "places",
        "vlad",
        "none",
        5,
        0.9,
        0.01,
        0.8,
        0.95,
        4096,
        16384,
        110.0,
        "aerial 0.9; other 0.8",
    ),
    Row(
        "copies",
        "gem",
        "PCA whitening",
        1,
        0.5,
        0.0,
        0.4,
        0.6,
        64,
        256,
        3.5,
        "crop 0.5",
        "p = 3, or so",
    ),
]


def test_rows_survive_their_file(tmp_path):
    path = tmp_path / "rows.csv"
    write_rows(ROWS, path)
    assert read_rows(path) == ROWS
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]
    (plain := tmp_path / "plain").touch()
    assert path.stat().st_mode == plain.stat().st_mode


def test_columns_of_an_earlier_version_are_refused(tmp_path):
    path = tmp_path / "old.csv"
    write_rows(ROWS, path)
    path.write_text(path.read_text(encoding="utf-8").replace("postprocessing", "whitened", 1))
    expected = (
        r"old.csv: expected columns dataset, method, postprocessing, codebooks, .*, note, got "
    )
    with pytest.raises(
        ValueError, match=expected + r"dataset, method, whitened, codebooks, mean, "
    ):
        read_rows(path)
    path.write_text("")
    with pytest.raises(ValueError, match=r"old.csv: expected columns dataset, .*, note, got $"):
        read_rows(path)
