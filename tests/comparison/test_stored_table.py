"""The table that ships: whole, and of the methods and sets that the code has."""

from __future__ import annotations

from importlib.resources import files

import pytest

from coursekit.comparison import METHODS, POSTPROCESSING, stored_lists, stored_rows
from coursekit.data import copies, places


def test_every_method_on_both_sets_after_every_step():
    found = [(row.dataset, row.method, row.postprocessing) for row in stored_rows()]
    assert len(found) == len(set(found))
    assert set(found) == {
        (dataset, method, after)
        for dataset in ("places", "copies")
        for method in METHODS
        for after in POSTPROCESSING
    }


def test_figures_are_in_range_and_kinds_those_of_the_sets():
    kinds = {name: set(one.kind) for name, one in (("places", places()), ("copies", copies()))}
    for row in stored_rows():
        assert 0 < row.low <= row.mean <= row.high <= 1
        assert 0 <= row.spread < 0.1
        assert row.codebooks > 1 or row.spread == 0
        assert row.bytes == 4 * row.dimension
        assert row.dimension <= 64 or row.postprocessing in {"none", "query expansion"}
        assert {one.rsplit(" ", 1)[0] for one in row.per_kind.split("; ")} == kinds[row.dataset]


def test_what_rests_on_chance_is_of_five_codebooks_and_the_rest_of_one():
    for row in stored_rows():
        chance = METHODS[row.method].chance or row.postprocessing == "learned whitening"
        assert row.codebooks == (5 if chance else 1)


def means():
    """The mean average precision of each method on each set, its vectors as they are."""
    plain = (row for row in stored_rows() if row.postprocessing == "none")
    return {(row.dataset, row.method): row.mean for row in plain}


@pytest.mark.parametrize("dataset", ["places", "copies"])
def test_training_beat_chance_by_a_tenth_and_is_level_with_the_encoders_of_sift(dataset):
    mean = {method: mean for (name, method), mean in means().items() if name == dataset}
    assert mean["gem"] - mean["gem_random"] > 0.10
    sift = [one.name for one in METHODS.values() if one.source == "sift"]
    assert mean["gem"] > max(mean[name] for name in sift)


def test_lists_are_of_the_rows():
    lists = stored_lists()
    sets = {"places": places(), "copies": copies()}
    plain = (row for row in stored_rows() if row.postprocessing == "none")
    codebooks = {(row.dataset, row.method): row.codebooks for row in plain}
    assert set(lists) == set(means())
    for (dataset, method), one in lists.items():
        benchmark = sets[dataset]
        assert one.precision.mean() == pytest.approx(means()[dataset, method], abs=1e-4)
        assert len(one.precision) == codebooks[dataset, method]
        assert one.first.shape == (len(benchmark.queries), 4)
        for q, first in enumerate(one.first):
            assert len(set(first.tolist())) == 4
            assert benchmark.exclude is None or benchmark.exclude[q] not in first
            # All is well exactly when the positives come first.
            n = min(4, int(benchmark.positives[q].sum()))
            assert (one.precision[0, q] == 1) <= benchmark.positives[q, first[:n]].all()


def test_what_was_trained_says_what_came_of_it():
    notes = {row.method: row.note for row in stored_rows()}
    trained = {name for name, note in notes.items() if "loss on photos kept apart" in note}
    assert trained == {"gem_learnt_p", "gem_tuned", "netvlad_learnt"}
    assert all(notes[name].startswith("p = ") for name in ("gem_learnt_p", "gem_tuned"))


def test_query_expansion_keeps_the_vectors_and_whitening_shortens_them():
    size = {(row.dataset, row.method, row.postprocessing): row.dimension for row in stored_rows()}
    for (dataset, method, after), dimension in size.items():
        if after == "query expansion":
            assert dimension == size[dataset, method, "none"]
        else:
            assert dimension <= size[dataset, method, "none"]


def test_the_model_card_quotes_the_table():
    card = (files("coursekit.convnet") / "weights" / "README.md").read_text(encoding="utf-8")
    mean = means()
    for dataset in ("places", "copies"):
        best = max(
            mean[dataset, method] for method in ("vlad", "vlad_pca", "supervector", "fisher")
        )
        trained, chance = (mean[dataset, method] for method in ("gem", "gem_random"))
        title = dataset.capitalize()
        assert f"| {title} | {trained:.3f} | {chance:.3f} | {best:.3f} |" in card
