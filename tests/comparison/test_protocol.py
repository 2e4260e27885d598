"""Rows against their parts put together by hand, what is learnt on what, and what is shared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from coursekit.aggregation import VLAD, kmeans
from coursekit.comparison import (
    METHODS,
    POSTPROCESSING,
    SOURCES,
    RankedLists,
    described,
    evaluate,
    postprocessing,
    protocol,
)
from coursekit.comparison.postprocessing import make_views
from coursekit.features import extract, sift
from coursekit.retrieval import PCAWhitening, bootstrap_interval, mean_average_precision
from tests.oracles import retrieval as oracle

N = len(POSTPROCESSING)
pytestmark = pytest.mark.usefixtures("small_views")


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def figures(rows):
    """Rows without what differs from run to run."""
    return [replace(row, milliseconds=0) for row in rows]


def test_rows_are_what_their_steps_give_by_hand(small):
    kept: list[RankedLists] = []
    rows = list(evaluate([METHODS["vlad"]], {"small": small}, codebooks=1, keep=kept.append))
    assert [row.postprocessing for row in rows] == list(POSTPROCESSING)

    detector = partial(sift, n_features=1000, contrast_threshold=0.02)
    views = make_views(small.learning)
    sets = [extract(part, detector) for part in (small.learning, views, small.database)]
    encoder = VLAD(64, power=0.5, random_state=0).fit(sets[0])
    learning, seen, V = (unit(encoder.transform(one)) for one in sets)
    Q = len(small.queries)
    shown = [*range(18), *np.repeat(range(18), 2)]
    mean, P = oracle.learned_whitening(np.concatenate([learning, seen]).astype(float), shown, 17)
    by_hand = [
        (V[:Q], V),
        (S := unit(PCA(17, svd_solver="full").fit(learning).transform(V)), S),
        (W := PCAWhitening(17).fit(learning).transform(V), W),
        (L := unit((V - mean) @ P.T), L),
        (oracle.expanded(V[:Q], V, 5, 3.0, small.exclude), V),
    ]
    for row, (queries, X) in zip(rows, by_hand, strict=True):
        found = mean_average_precision(queries[:Q] @ X.T, small.positives, exclude=small.exclude)
        low, high = bootstrap_interval(found.per_query, small.group)
        assert row.mean == pytest.approx(found.mean, abs=6e-5)
        assert (row.low, row.high) == pytest.approx((low, high), abs=6e-5)
        assert (row.dimension, row.bytes) == (X.shape[1], 4 * X.shape[1])
        assert row.per_kind == f"other {found.mean:.3f}"
        assert row.milliseconds > 0

    (lists,) = kept
    assert (lists.dataset, lists.method) == ("small", "vlad")
    plain = mean_average_precision(V[:Q] @ V.T, small.positives, exclude=small.exclude)
    np.testing.assert_allclose(lists.precision, plain.per_query[None])
    for q in range(Q):
        order = [i for i in np.argsort(-(V[q] @ V.T), kind="stable") if i != small.exclude[q]]
        assert lists.first[q].tolist() == order[:4]


DIMENSIONS = {
    "colours": 64,
    "bow64": 64,
    "bow1000": 1000,
    "bow1000x3": 1000,
    "bow1000tfidf": 1000,
    "pyramid": 21 * 64,
    "vlad": 64 * 128,
    "vlad_pca": 64 * 64,
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
    "netvlad_learnt": 64 * 256,
    "gem_learnt_p": 256,
    "gem_tuned": 256,
    "mop": 256 + 2 * 64 * 64,
}


def quick(method):
    """One epoch of training."""
    if not getattr(method.make(), "n_epochs", 0):
        return method

    def make(random_state=0):
        return method.make(random_state=random_state).set_params(n_epochs=1)

    return replace(method, make=make)


def test_every_method_gives_the_dimension_that_its_definition_says(small, monkeypatch):
    assert set(METHODS) == set(DIMENSIONS)
    monkeypatch.setattr(postprocessing, "_VIEWS", 1)
    Q = len(small.queries)
    fewer = replace(small, database=small.queries, positives=small.positives[:, :Q])
    methods = [quick(one) for one in METHODS.values()]
    rows = list(evaluate(methods, {"fewer": fewer}, codebooks=1))
    sources = list(dict.fromkeys(one.source for one in METHODS.values()))
    expected = sorted(METHODS, key=lambda name: sources.index(METHODS[name].source))
    assert [(row.method, row.postprocessing) for row in rows] == [
        (name, after) for name in expected for after in POSTPROCESSING
    ]
    for row in rows:
        shortened = row.postprocessing not in {"none", "query expansion"}
        assert row.dimension == (17 if shortened else DIMENSIONS[row.method])
        assert 0 < row.low <= row.mean <= row.high <= 1
        trained = row.method in {"netvlad_learnt", "gem_learnt_p", "gem_tuned"}
        assert ("loss on photos kept apart" in row.note) == trained
        assert row.note.startswith("p = ") == (row.method in {"gem_learnt_p", "gem_tuned"})


def test_the_same_figures_from_run_to_run_however_many_at_once(small, monkeypatch):
    less = {"less": replace(small, learning=small.learning[:6])}
    methods = [METHODS[name] for name in ("bow64", "netvlad")]
    first = figures(evaluate(methods, less, codebooks=2))
    monkeypatch.setattr(described, "_AT_ONCE", 5)
    assert figures(evaluate(methods, less, codebooks=2)) == first


class Spy:
    """A source that keeps what it is given; an image's features are a number and its square."""

    chance = False
    described: list[Any]

    def __init__(self, random_state=0):
        self.random_state = random_state

    def transform(self, images):
        self.described.extend(images)
        return [np.array([1.0, self.number(one), self.number(one) ** 2]) for one in images]

    @staticmethod
    def number(image):
        pixels = image if isinstance(image, np.ndarray) else image.load()
        return float(pixels.mean()) / 255


class Encoder:
    learnt: list[Any]

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, features, images):
        self.learnt.append((len(features), images))
        return self

    def transform(self, features):
        return np.stack(features)


@pytest.fixture
def spied(monkeypatch):
    """A method that tells what it was given."""
    Spy.described, Encoder.learnt = [], []
    monkeypatch.setitem(SOURCES, "spy", Spy)
    return replace(METHODS["vlad"], source="spy", make=Encoder, codebook="")


def test_nothing_is_learnt_on_what_is_evaluated(small, spied, monkeypatch):
    """Encoders and whitenings learn from the photos to learn on, and from nothing else."""
    given: list[Any] = []

    def record(name):
        learn = getattr(protocol, name)

        def recorded(*vectors):
            given.extend(vectors)
            return learn(*vectors)

        monkeypatch.setattr(protocol, name, recorded)

    record("reduction")
    record("pca_whitening")
    record("learned_whitening")
    list(evaluate([spied], {"small": small}, codebooks=1))
    assert Encoder.learnt == [(18, small.learning)]
    photos, views = (
        unit(np.stack([[1, a, a**2] for a in map(Spy.number, images)]))
        for images in (small.learning, make_views(small.learning))
    )
    for vectors, expected in zip(given, (photos, photos, photos, views), strict=True):
        np.testing.assert_allclose(vectors, expected)


def test_sets_with_the_same_photos_to_learn_on_share_what_they_can(small, spied):
    """An image of both is described once, and nothing is learnt twice; the figures are the same."""
    other = replace(small, positives=np.roll(small.positives, 1, axis=1))
    rows = list(evaluate([spied], {"one": small, "other": other}, codebooks=1))
    assert len(Encoder.learnt) == 1
    photos = [image for image in Spy.described if not isinstance(image, np.ndarray)]
    assert len(photos) == len(small.learning) + len(small.database)
    assert [row.dataset for row in rows] == ["one"] * N + ["other"] * N
    alone = figures(evaluate([spied], {"other": other}, codebooks=1))
    assert figures(rows)[N:] == alone


def test_sets_with_other_photos_to_learn_on_share_nothing(small, spied):
    less = replace(small, learning=small.learning[1:])
    rows = list(evaluate([spied], {"one": small, "less": less}, codebooks=1))
    assert Encoder.learnt == [(18, small.learning), (17, less.learning)]
    assert figures(rows)[N:] == figures(evaluate([spied], {"less": less}, codebooks=1))


def test_methods_of_one_codebook_learn_it_once(small, monkeypatch):
    methods = [METHODS[name] for name in ("bow64", "pyramid", "vlad", "vlad_pca", "supervector")]
    assert {one.codebook for one in methods} == {"64", "64 after PCA"}
    less = {"less": replace(small, learning=small.learning[:5])}
    alone = [row for one in methods for row in figures(evaluate([one], less, codebooks=2))]
    calls = []

    def counted(*given, **options):
        calls.append(given[1])
        return kmeans(*given, **options)

    monkeypatch.setattr("coursekit.aggregation.encoder.kmeans", counted)
    assert figures(evaluate(methods, less, codebooks=2)) == alone
    assert calls == [64] * 4  # two codebooks in each of two draws


def test_junk_is_not_ranked_and_does_not_change_how_queries_are_expanded(small, spied):
    """Expansion looks at no label: neither at what is right, nor at what is junk."""
    Q = len(small.queries)
    junk = np.zeros_like(small.positives)
    junk[:, Q:] = True
    rows = list(evaluate([spied], {"junk": replace(small, junk=junk)}, codebooks=1))
    V = unit(np.stack([[1, a, a**2] for a in map(Spy.number, small.database)]))
    queries = oracle.expanded(V[:Q], V, 5, 3.0, small.exclude)
    found = mean_average_precision(queries @ V.T, small.positives, junk=junk, exclude=small.exclude)
    assert rows[-1].postprocessing == "query expansion"
    assert rows[-1].mean == pytest.approx(found.mean, abs=6e-5)


def test_queries_outside_the_database(small):
    """As in Copies: no query is left out of its own expansion or ranking."""
    Q = len(small.queries)
    apart = replace(
        small,
        learning=small.learning[:6],
        database=small.database[Q:] + small.database[:1],
        positives=np.arange(8)[None].repeat(Q, 0) == 7,
        exclude=None,
    )
    rows = list(evaluate([METHODS["gem_random"]], {"apart": apart}, codebooks=1))
    assert len(rows) == N
    assert all(0 < row.mean < 1 for row in rows)
