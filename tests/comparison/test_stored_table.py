"""The table that ships: whole, and of the methods and sets that the code has."""

from __future__ import annotations

from importlib.resources import files

from coursekit.comparison import METHODS, stored_rows
from coursekit.data import copies, places


def test_every_method_on_both_sets_plain_and_whitened():
    found = [(row.dataset, row.method, row.whitened) for row in stored_rows()]
    assert len(found) == len(set(found))
    assert set(found) == {
        (dataset, method, whitened)
        for dataset in ("places", "copies")
        for method in METHODS
        for whitened in (False, True)
    }


def test_figures_are_in_range_and_kinds_those_of_the_sets():
    kinds = {name: set(one.kind) for name, one in (("places", places()), ("copies", copies()))}
    for row in stored_rows():
        assert 0 < row.low <= row.mean <= row.high <= 1
        assert row.bytes == 4 * row.dimension
        assert row.dimension <= 64 or not row.whitened
        assert {one.rsplit(" ", 1)[0] for one in row.per_kind.split("; ")} == kinds[row.dataset]


def test_training_beat_chance_by_a_tenth_and_says_which_p_it_learnt():
    mean = {(row.dataset, row.method): row.mean for row in stored_rows() if not row.whitened}
    # Not on Copies: a copy keeps its colours, which random weights see as well as trained ones.
    assert mean["places", "gem"] - mean["places", "gem_random"] > 0.10
    notes = {row.method: row.note for row in stored_rows()}
    assert notes["gem_learnt_p"].startswith("p = ")


def test_the_model_card_quotes_the_table():
    card = (files("coursekit.convnet") / "weights" / "README.md").read_text(encoding="utf-8")
    mean = {(row.dataset, row.method): row.mean for row in stored_rows() if not row.whitened}
    for dataset in ("places", "copies"):
        best = max(mean[dataset, method] for method in ("vlad", "supervector", "fisher"))
        trained, chance = (mean[dataset, method] for method in ("gem", "gem_random"))
        title = dataset.capitalize()
        assert f"| {title} | {trained:.3f} | {chance:.3f} | {best:.3f} |" in card
