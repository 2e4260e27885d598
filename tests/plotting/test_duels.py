"""Two methods side by side: which queries are chosen, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from coursekit.comparison import RankedLists
from coursekit.data import places
from coursekit.plotting import plot_duels
from coursekit.plotting.style import GREEN, ORANGE


@pytest.fixture(scope="module")
def gallery():
    return places()


@pytest.fixture
def lists(gallery):
    """With the first codebook VLAD wins query 4 by most, GeM query 9; MAC is as good as GeM."""
    Q = len(gallery.queries)
    right = [np.flatnonzero(row)[:1] for row in gallery.positives]
    wrong = [np.flatnonzero(~row & (np.arange(len(row)) != q))[:3]
             for q, row in enumerate(gallery.positives)]  # fmt: skip
    first = np.array([[*r, *w] for r, w in zip(right, wrong, strict=True)])
    vlad, gem = np.full(Q, 0.5), np.full(Q, 0.5)
    vlad[4], gem[9] = 0.9, 1.0
    vlad[5] = 0.6
    other_codebooks = np.eye(Q)[:2]  # of which nothing is shown
    return {
        "vlad": RankedLists("places", "vlad", np.vstack([vlad, other_codebooks]), first),
        "gem": RankedLists("places", "gem", gem[None], first[:, ::-1]),
        "mac": RankedLists("places", "mac", gem[None].copy(), first),
    }


def drawn(figure):
    return [ax for ax in figure.axes if ax.images]


def test_a_row_for_the_query_that_each_of_a_pair_wins_by_most(gallery, lists):
    figure = Figure(figsize=(6, 4))
    plot_duels(gallery, lists, [("vlad", "gem")], n_nearest=2, figure=figure)
    axes = drawn(figure)
    assert len(axes) == 2 * (1 + 2 * 2)
    for start, q in ((0, 4), (5, 9)):
        np.testing.assert_array_equal(axes[start].images[0].get_array(), gallery.queries[q].load())
    labels = [text.get_text() for ax in axes for text in ax.texts]
    assert labels == [
        "VLAD, K = 64 · AP 0.90",
        "GeM, p = 3 · AP 0.50",
        "VLAD, K = 64 · AP 0.50",
        "GeM, p = 3 · AP 1.00",
    ]


def test_frames_and_marks_tell_right_from_wrong(gallery, lists):
    figure = Figure(figsize=(6, 4))
    plot_duels(gallery, lists, [("vlad", "gem")], n_nearest=2, figure=figure)
    for ax in drawn(figure)[1:5]:
        right = "✓" in ax.get_title()
        assert right or "✗" in ax.get_title()
        frame = to_hex(ax.spines["left"].get_edgecolor()).upper()
        assert frame == (GREEN if right else ORANGE)
    assert [("✓" in ax.get_title()) for ax in drawn(figure)[1:5]] == [True, False, False, False]


def test_bad_input(gallery, lists):
    with pytest.raises(ValueError, match=r"^pairs: expected two methods that some query tells"):
        plot_duels(gallery, lists, [("gem", "mac")], figure=Figure())
    with pytest.raises(ValueError, match=r"^n_nearest: expected at most 4, the photos kept, got 5"):
        plot_duels(gallery, lists, [("vlad", "gem")], n_nearest=5, figure=Figure())
    short = {"vlad": RankedLists("places", "vlad", np.ones((1, 2)), np.zeros((2, 4), int))}
    with pytest.raises(
        ValueError, match=r"^lists\['vlad'\]: expected lists of 76 queries to match"
    ):
        plot_duels(gallery, short | {"gem": lists["gem"]}, [("vlad", "gem")], figure=Figure())
