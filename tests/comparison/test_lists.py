"""The files that hold ranked lists."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.comparison import RankedLists, read_lists, write_lists


def test_lists_survive_their_file(tmp_path):
    path = tmp_path / "lists.csv"
    written = [
        RankedLists(
            "places", "vlad", np.array([[0.5, 1.0], [0.75, 0.1]]), np.array([[3, 1], [0, 2]])
        ),
        RankedLists("places", "gem", np.array([[0.25, np.nan]]), np.array([[1, 3], [2, 0]])),
        RankedLists("copies", "gem", np.array([[0.125]]), np.array([[7, 9]])),
    ]
    write_lists(written, path)
    found = read_lists(path)
    assert list(found) == [("places", "vlad"), ("places", "gem"), ("copies", "gem")]
    for one in written:
        again = found[one.dataset, one.method]
        assert again.precision.shape == one.precision.shape
        np.testing.assert_allclose(again.precision, one.precision, atol=5e-5)
        np.testing.assert_array_equal(again.first, one.first)
    assert [one.name for one in tmp_path.iterdir()] == ["lists.csv"]


def test_other_columns_are_refused(tmp_path):
    path = tmp_path / "lists.csv"
    path.write_text("dataset,method,query,precision,first\nplaces,vlad,0,0.5,1 2\n")
    columns = "dataset, method, query, precision"
    expected = f"expected columns {columns}s, first, got {columns}, first$"
    with pytest.raises(ValueError, match=expected):
        read_lists(path)
