"""The table against its parts put together by hand, and what is learnt on what."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.decomposition import PCA

from coursekit.aggregation import VLAD, PerDescriptor
from coursekit.comparison import METHODS, SOURCES, Row, evaluate, read_rows, write_rows
from coursekit.comparison.sources import Tuned
from coursekit.features import extract, sift
from coursekit.retrieval import PCAWhitening, bootstrap_interval, mean_average_precision


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def test_a_row_is_what_its_steps_give_by_hand(small):
    plain, whitened = evaluate([METHODS["vlad"]], small, dataset="small")

    detector = partial(sift, n_features=1000, contrast_threshold=0.02)
    learning, database = (extract(part, detector) for part in (small.learning, small.database))
    reduce = PerDescriptor(PCA(64, random_state=0)).fit(learning)
    encoder = VLAD(64, power=0.5).fit(reduce.transform(learning))
    V = unit(encoder.transform(reduce.transform(database)))
    W = PCAWhitening(17).fit(unit(encoder.transform(reduce.transform(learning)))).transform(V)
    for row, X in ((plain, V), (whitened, W)):
        Q = len(small.queries)
        found = mean_average_precision(X[:Q] @ X.T, small.positives, exclude=small.exclude)
        low, high = bootstrap_interval(found.per_query, small.group)
        assert row.mean == pytest.approx(found.mean, abs=6e-5)
        assert (row.low, row.high) == pytest.approx((low, high), abs=6e-5)
        assert (row.dimension, row.bytes) == (X.shape[1], 4 * X.shape[1])
        parts = [f"{kind} {found.of(small.kind == kind):.3f}" for kind in ("other",)]
        assert row.per_kind == "; ".join(parts)
    assert (plain.whitened, whitened.whitened) == (False, True)
    assert plain.milliseconds > 0


DIMENSIONS = {
    "bow64": 64,
    "bow1000": 1000,
    "bow1000x3": 1000,
    "bow1000tfidf": 1000,
    "pyramid": 21 * 64,
    "vlad": 64 * 64,
    "supervector": 64 * 65,
    "fisher": 2 * 64 * 64,
    "ckn_vlad": 64 * 64,
    "mac": 256,
    "gem": 256,
    "mac_random": 256,
    "gem_random": 256,
    "spoc": 256,
    "spoc_flat": 256,
    "crow": 256,
    "rmac": 256,
    "netvlad": 64 * 256,
    "gem_learnt_p": 256,
    "gem_tuned": 256,
    "mop": 256 + 2 * 64 * 64,
}


def test_every_method_gives_the_dimension_that_its_definition_says(small, monkeypatch):
    assert set(METHODS) == set(DIMENSIONS)
    for name, blocks in (("tuned_p", 0), ("tuned", 1)):
        monkeypatch.setitem(SOURCES, name, partial(Tuned, blocks=blocks, n_epochs=1))
    rows = list(evaluate(list(METHODS.values()), small, dataset="small"))
    assert [row.method for row in rows[::2]] == sorted(
        METHODS,
        key=lambda name: [*dict.fromkeys(m.source for m in METHODS.values())].index(
            METHODS[name].source
        ),
    )
    for row in rows:
        expected = 17 if row.whitened else DIMENSIONS[row.method]
        assert row.dimension == expected
        assert 0 < row.low <= row.mean <= row.high <= 1


def test_the_same_figures_from_run_to_run(small):
    methods = [METHODS[name] for name in ("bow64", "fisher", "netvlad")]
    runs = [list(evaluate(methods, small, dataset="small")) for _ in range(2)]
    first, second = ([replace(row, milliseconds=0) for row in run] for run in runs)
    assert first == second


def test_nothing_is_learnt_on_what_is_evaluated(small, monkeypatch):
    """Sources and encoders are fitted on the photos to learn on, and on nothing else."""
    seen = []

    class Spy:
        def fit(self, images):
            seen.append(tuple(images))
            return self

        def transform(self, images):
            return [np.full((4, 2, 2), len(one.name), dtype=np.float32) for one in images]

    class Encoder:
        def fit(self, features):
            seen.append(len(features))
            return self

        def transform(self, features):
            return np.stack([one[:, 0, 0] + np.arange(4) for one in features])

    monkeypatch.setitem(SOURCES, "spy", Spy)
    method = replace(METHODS["mac"], source="spy", make=Encoder)
    list(evaluate([method], small, dataset="small"))
    assert seen == [small.learning, len(small.learning)]


def test_queries_outside_the_database(small):
    """As in Copies: the same figures when the queries stand apart from the database."""
    Q = len(small.queries)
    apart = replace(
        small,
        database=small.database[Q:] + small.database[:1],
        positives=np.arange(8)[None].repeat(Q, 0) == 7,
        exclude=None,
    )
    (row, _) = evaluate([METHODS["gem_random"]], apart, dataset="apart")
    assert 0 < row.mean < 1


def test_rows_survive_their_file(tmp_path):
    rows = [
        Row("places", "vlad", False, 0.9, 0.8, 0.95, 4096, 16384, 110.0, "aerial 0.9; other 0.8"),
        Row("copies", "gem", True, 0.5, 0.4, 0.6, 64, 256, 3.5, "crop 0.5"),
    ]
    path = tmp_path / "rows.csv"
    write_rows(rows, path)
    assert read_rows(path) == rows
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]
