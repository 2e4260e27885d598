"""What the chapter *Which one wins?* prints side by side: the stored table, and part of it anew."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import normalize

from coursekit.comparison import METHODS, SOURCES, stored_lists, stored_rows
from coursekit.data import Benchmark, Photo, places
from coursekit.retrieval import mean_average_precision


@pytest.fixture(scope="module")
def gallery() -> Benchmark[Photo]:
    return places()


@pytest.mark.parametrize("names", [("vlad",), ("mac", "gem")], ids=["SIFT", "maps"])
def test_the_stored_table_is_computed_again(names, gallery):
    """The first codebook of each method: the others take another seed and nothing else."""
    source = SOURCES[METHODS[names[0]].source]()
    database = source.transform(gallery.database)
    # A pooling learns nothing, so it is spared the features of the photos to learn on.
    learning = source.transform(gallery.learning) if names == ("vlad",) else database
    for name in names:
        V = normalize(METHODS[name].make().fit(learning).transform(database))
        scores = V[: len(gallery.queries)] @ V.T
        found = mean_average_precision(scores, gallery.positives, exclude=gallery.exclude)
        stored = np.atleast_2d(stored_lists()["places", name].precision)
        # The lists hold four decimals.
        np.testing.assert_allclose(found.per_query, stored[0], rtol=0, atol=1e-4, err_msg=name)


def test_rows_are_the_means_of_the_lists():
    lists = stored_lists()
    for row in stored_rows():
        if row.postprocessing == "none":
            precision = lists[row.dataset, row.method].precision
            assert row.mean == pytest.approx(np.nanmean(precision), abs=1e-4), row.method
