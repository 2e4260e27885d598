"""The set Places: fixed, without a leak, and with the right neighbours."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from coursekit.data import Benchmark, Photo, groups, photos, places


@pytest.fixture(scope="module")
def benchmark() -> Benchmark[Photo]:
    return places()


def test_the_split_is_the_one_that_figures_were_measured_on(benchmark):
    names = "\n".join(one.name for one in benchmark.learning)
    assert hashlib.sha256(names.encode()).hexdigest()[:16] == "4ce9611273868abd"
    assert [one.name for one in benchmark.learning[:2]] == ["d_cesenatico_0", "d_kinkakuji_0"]
    assert len(benchmark.learning) == 85


def test_every_photo_is_either_for_learning_or_in_the_database(benchmark):
    learning, database = set(benchmark.learning), set(benchmark.database)
    assert not learning & database
    assert learning | database == set(photos())
    assert len(benchmark.database) == len(database) == 161


@pytest.mark.parametrize("origin", ["group", "blob", "source_page"])
def test_no_group_and_no_source_is_on_both_sides(benchmark, origin):
    sides = [
        {getattr(one, origin) for one in side} - {None}
        for side in (benchmark.learning, benchmark.database)
    ]
    assert not sides[0] & sides[1]


def test_no_source_file_is_on_both_sides(benchmark):
    sides = [
        {(one.repository, one.path) for one in side}
        for side in (benchmark.learning, benchmark.database)
    ]
    assert not sides[0] & sides[1]


def test_queries_are_the_grouped_photos_in_front_of_the_database(benchmark):
    assert benchmark.queries == benchmark.database[:76]
    assert all(query.group is not None for query in benchmark.queries)
    assert all(one.group is None for one in benchmark.database[76:])
    for query, itself in zip(benchmark.queries, benchmark.exclude, strict=True):
        assert benchmark.database[itself] is query


def test_positives_are_the_other_views_of_the_group(benchmark):
    assert benchmark.positives.shape == (76, 161)
    assert benchmark.positives.dtype == bool
    for q, query in enumerate(benchmark.queries):
        right = {benchmark.database[i].name for i in np.flatnonzero(benchmark.positives[q])}
        assert right == {one.name for one in photos(group=query.group)} - {query.name}
        assert 1 <= len(right) <= 5


def test_queries_of_one_place_are_one_group(benchmark):
    assert benchmark.group.tolist() == [query.group for query in benchmark.queries]


def test_nothing_is_junk(benchmark):
    assert benchmark.junk is None


def test_kinds_tell_the_aerial_places_from_the_others(benchmark):
    others = {
        query.group
        for query, kind in zip(benchmark.queries, benchmark.kind, strict=True)
        if kind == "other"
    }
    assert others == {"bananas", "skull", "eiffel", "umayyad", "sports_bag"}
    assert set(benchmark.kind) == {"aerial", "other"}
    assert (benchmark.kind == "other").sum() == 21
    assert len(groups()) - len(others) == 15
