"""Rows over several draws, against loops; and nobody may forget the seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from coursekit.comparison import (
    METHODS,
    POSTPROCESSING,
    SOURCES,
    RankedLists,
    evaluate,
    tuning,
)
from coursekit.comparison.postprocessing import make_views
from coursekit.retrieval import bootstrap_interval, mean_average_precision
from coursekit.types import LocalFeatures
from coursekit.validation import read_image

pytestmark = pytest.mark.usefixtures("small_views")


class Colour:
    """An image's features are its mean colour and mean square."""

    chance = False

    def __init__(self, random_state=0):
        self.random_state = random_state

    def transform(self, images):
        return [self.features(read_image(image)) for image in images]

    @staticmethod
    def features(pixels):
        flat = pixels.reshape(-1, 3) / 255
        return np.concatenate([flat.mean(axis=0), (flat**2).mean(axis=0)]).astype(np.float32)


class Drawn(Colour):
    """A source that depends on chance."""

    chance = True

    def transform(self, images):
        drawn = np.random.default_rng(self.random_state).normal(size=(6, 6)).astype(np.float32)
        return [drawn @ one for one in super().transform(images)]


class Projection:
    """An encoder that learns nothing and draws a projection."""

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, features, images):
        self.drawn = np.random.default_rng(self.random_state).normal(size=(6, 4))
        return self

    def transform(self, features):
        return (np.stack(features) @ self.drawn).astype(np.float32)


class Stack(Projection):
    def transform(self, features):
        return np.stack(features)


@pytest.fixture
def toy(monkeypatch):
    """Methods: of a random encoder, of a random source, and of neither."""
    monkeypatch.setitem(SOURCES, "colour", Colour)
    monkeypatch.setitem(SOURCES, "drawn", Drawn)
    base = METHODS["gem_tuned"]
    return {
        "encoder": replace(base, name="encoder", source="colour", make=Projection),
        "source": replace(base, name="source", source="drawn", make=Stack),
        "neither": replace(base, name="neither", source="colour", make=Stack, chance=False),
    }


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def slow_precision(small, vectors):
    V = unit(vectors.astype(float))
    scores = V[: len(small.queries)] @ V.T
    return mean_average_precision(scores, small.positives, exclude=small.exclude).per_query


def same(rows):
    return [replace(row, milliseconds=0) for row in rows]


def test_a_row_is_mean_spread_and_interval_over_draws(small, toy):
    kept: list[RankedLists] = []
    rows = list(evaluate([toy["encoder"]], {"small": small}, codebooks=4, keep=kept.append))
    features = np.stack([Colour.features(image.load()) for image in small.database])
    precision = [
        slow_precision(small, features @ np.random.default_rng(seed).normal(size=(6, 4)))
        for seed in range(4)
    ]
    means = [sum(one) / len(one) for one in precision]
    mean = sum(means) / 4
    spread = (sum((one - mean) ** 2 for one in means) / 3) ** 0.5
    low, high = bootstrap_interval(precision, small.group)
    assert rows[0].codebooks == 4
    assert (rows[0].mean, rows[0].spread) == pytest.approx((mean, spread), abs=6e-5)
    assert (rows[0].low, rows[0].high) == pytest.approx((low, high), abs=6e-5)
    assert rows[0].spread > 0.01
    assert rows[0].per_kind == f"other {mean:.3f}"
    np.testing.assert_allclose(kept[0].precision, precision, atol=1e-6)


def test_the_first_draw_is_that_of_one_codebook(small, toy):
    """Its lists are those that are kept; its size and its time are those of the row."""
    one: list[RankedLists] = []
    more: list[RankedLists] = []
    alone = list(evaluate([toy["encoder"]], {"small": small}, codebooks=1, keep=one.append))
    list(evaluate([toy["encoder"]], {"small": small}, codebooks=3, keep=more.append))
    assert all((row.codebooks, row.spread) == (1, 0) for row in alone)
    np.testing.assert_array_equal(one[0].precision[0], more[0].precision[0])
    np.testing.assert_array_equal(one[0].first, more[0].first)


def test_same_seeds_give_the_same_rows(small, toy):
    methods = list(toy.values())
    first = same(evaluate(methods, {"small": small}, codebooks=2))
    assert same(evaluate(methods, {"small": small}, codebooks=2)) == first


def test_a_source_that_depends_on_chance_is_drawn_anew(small, toy):
    row = next(evaluate([toy["source"]], {"small": small}, codebooks=3))
    precision = [
        slow_precision(small, np.stack(Drawn(seed).transform(small.database))) for seed in range(3)
    ]
    assert row.mean == pytest.approx(np.mean(precision), abs=6e-5)
    assert row.spread == pytest.approx(np.mean(precision, axis=1).std(ddof=1), abs=6e-5)


def test_without_chance_only_the_views_of_learned_whitening_are_drawn(small, toy):
    rows = list(evaluate([toy["neither"]], {"small": small}, codebooks=3))
    assert {row.postprocessing: row.codebooks for row in rows} == {
        after: 3 if after == "learned whitening" else 1 for after in POSTPROCESSING
    }
    alone = list(evaluate([toy["neither"]], {"small": small}, codebooks=1))
    for row, once in zip(rows, alone, strict=True):
        if row.postprocessing != "learned whitening":
            assert replace(row, milliseconds=once.milliseconds) == once
    views = [make_views(small.learning[:2], seed) for seed in range(2)]
    assert not np.array_equal(views[0], views[1])


def test_features_without_chance_are_computed_once_for_all_draws(small, toy, monkeypatch):
    described: list[Any] = []

    def counted(self, images, transform=Colour.transform):
        described.extend(image for image in images if not isinstance(image, np.ndarray))
        return transform(self, images)

    monkeypatch.setattr(Colour, "transform", counted)
    methods = [toy["encoder"], toy["neither"]]
    list(evaluate(methods, {"small": small}, codebooks=3))
    assert len(described) == len(small.learning) + len(small.database)
    described.clear()
    list(evaluate([toy["source"]], {"small": small}, codebooks=3))
    assert len(described) == 3 * (len(small.learning) + len(small.database))


@pytest.mark.parametrize(("codebooks", "error"), [(0, ValueError), (1.5, TypeError)])
def test_the_number_of_codebooks_is_checked_at_once(codebooks, error):
    with pytest.raises(error, match=r"^codebooks: expected an integer"):
        evaluate([], {}, codebooks=codebooks)


# --- No method ignores the seed -------------------------------------------------------------------


@pytest.fixture(scope="module")
def photos(small):
    return [image.load()[:160, :200] for image in small.learning]


@pytest.fixture(scope="module")
def cheap():
    """Features of the shapes that each source gives, of six images, made up."""
    rng = np.random.default_rng(0)

    def local(D):
        places = rng.uniform(0, 100, size=(260, 2))
        X = rng.random((260, D)).astype(np.float32)
        return LocalFeatures(X, places, np.full(260, 12.0), (100, 100))

    def maps(C, side):
        return np.maximum(rng.normal(size=(C, side, side)), 0).astype(np.float32)

    def activations(*counts):
        return [rng.normal(size=(n, 256)).astype(np.float32) for n in counts]

    return {
        "colours": [rng.random(64).astype(np.float32) for _ in range(6)],
        "sift": [local(128) for _ in range(6)],
        "sift_patches": [local(1024) for _ in range(6)],
        "maps": [maps(256, 6) for _ in range(6)],
        "middle_maps": [maps(160, 12) for _ in range(6)],
        "patches": [activations(1, 45, 77) for _ in range(6)],
    }


def encoded(method, features, photos, seed):
    """Return the vectors and what a training came to: its best epoch may be none."""
    encoder = method.make(random_state=seed)
    if getattr(encoder, "n_epochs", 0):
        encoder.set_params(n_epochs=1)
    vectors = np.asarray(encoder.fit(features, photos).transform(features))
    return vectors.tobytes(), getattr(encoder, "note", "")


@pytest.mark.parametrize("name", METHODS)
def test_another_seed_gives_other_vectors_exactly_where_a_method_says_so(
    name, cheap, photos, monkeypatch
):
    monkeypatch.setattr(tuning, "_SIDE", 48)
    method = METHODS[name]
    make = SOURCES[method.source]
    if make().chance:
        first, second = (make(random_state=seed).transform(photos[:2]) for seed in (0, 1))
        one, other = (encoded(method, some, photos, 0) for some in (first, second))
    else:
        one, other = (encoded(method, cheap[method.source], photos, seed) for seed in (0, 1))
    assert (one == other) == (not method.chance)


@pytest.mark.parametrize("name", SOURCES)
def test_another_seed_gives_other_features_exactly_where_a_source_says_so(name, photos):
    make = SOURCES[name]
    first, second = (make(random_state=seed).transform(photos[:1])[0] for seed in (0, 1))
    assert np.array_equal(flat(first), flat(second)) == (not make().chance)


def flat(features):
    parts = getattr(features, "descriptors", features)
    return np.concatenate([np.ravel(one) for one in parts])
