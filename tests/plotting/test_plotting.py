"""The figures show what they were given: positions, lengths, colours and order are read back."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from coursekit import plotting
from coursekit.data import places
from coursekit.plotting.style import BLUE, GREEN, ORANGE
from coursekit.types import LocalFeatures

PHOTO = np.zeros((4, 6, 3), np.uint8)
WORDS = np.array([[0.0, 0.0], [4.0, 0.0]])


@pytest.fixture
def ax():
    return Figure().subplots()


def strokes(collection):
    return np.array(collection.get_segments())  # (n, 2 ends, xy)


def test_a_glyph_entry_is_a_stroke_in_its_cell_and_direction(ax):
    vector = np.zeros(128)
    vector[(1 * 4 + 2) * 8 + 2] = 3.0  # row 1, column 2, orientation 2: upwards
    plotting.plot_glyph(vector, ax)
    np.testing.assert_allclose(strokes(ax.collections[0]), [[[2.5, 1.5], [2.5, 1.0]]], atol=1e-12)
    assert ax.get_ylim() == (4, 0)  # y runs down, as in the image


def test_the_sign_of_a_glyph_entry_is_its_colour(ax):
    vector = np.zeros(128)
    vector[[0, 9, 17]] = 1, -1, -2
    plotting.plot_glyph(vector, ax)
    colours = [to_hex(group.get_color()[0]).upper() for group in ax.collections]
    assert colours == [BLUE, ORANGE]
    assert [len(strokes(group)) for group in ax.collections] == [1, 2]


def test_stroke_lengths_are_proportional_and_capped_by_the_scale(ax):
    vector = np.zeros(128)
    vector[[0, 8, 16]] = 1, 2, 40
    plotting.plot_glyph(vector, ax, scale=4)
    ends = strokes(ax.collections[0])
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    np.testing.assert_allclose(lengths, [0.125, 0.25, 0.5])


def test_a_zero_vector_has_no_stroke(ax):
    plotting.plot_glyph(np.zeros(128), ax)
    assert sum(len(group.get_segments()) for group in ax.collections) == 0


def test_a_glyph_table_shares_the_scale_within_a_row():
    figure = Figure()
    block = np.zeros((2, 128))
    block[0, 0], block[1, 0] = 1, 4
    plotting.plot_glyph_table([PHOTO], [block], words=[0, 1], labels=["photo"], figure=figure)
    first, second = (strokes(axes.collections[0]) for axes in figure.axes[1:])
    assert np.ptp(first[0, :, 0]) == pytest.approx(0.125)
    assert np.ptp(second[0, :, 0]) == pytest.approx(0.5)


def test_residual_arrows_go_from_word_to_descriptor(ax):
    plotting.plot_residuals(np.array([[1.0, 2.0], [5.0, 0.0]]), WORDS, [0, 1], ax)
    points = [tuple(line.get_xydata()[0]) for line in ax.lines[2:]]  # after the two words
    assert points == [(1, 2), (5, 0)]
    corners = [patch.get_xy() for patch in ax.patches]
    assert all(
        np.abs(c - tip).sum(axis=1).min() < 1e-9 for c, tip in zip(corners, points, strict=True)
    )


def test_the_plane_shows_all_points_and_words_unless_told(ax):
    points = np.array([[1.0, 2.0], [5.0, 0.0]])
    plotting.plot_residuals(points, WORDS, [0, 1], ax)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-2, 7), (-2, 4))
    plotting.plot_residuals(points, WORDS, [0, 1], ax, xlim=(0, 9))
    assert ax.get_xlim() == (0, 9)


def test_a_sum_starts_at_its_word(ax):
    plotting.plot_sums(np.array([[2.0, 1.0], [0.0, 3.0]]), WORDS, ax)
    assert [text.xy for text in ax.texts] == [(2, 1), (4, 3)]


def test_cells_are_coloured_by_the_nearest_word(ax):
    plotting.plot_cells(WORDS, ax, xlim=(-2, 6), ylim=(-1, 1))
    cells = ax.images[0].get_array()
    assert cells[:, 0].tolist() == [0] * 400
    assert cells[:, -1].tolist() == [1] * 400
    assert (cells == 0).mean() == pytest.approx(0.5)


def test_a_ranking_is_nearest_first_and_marks_right_and_wrong_by_sign_and_colour():
    figure, gallery = Figure(), places()
    table = np.full(gallery.positives.shape, 9.0)
    friend, stranger = np.flatnonzero(gallery.positives[3])[0], len(gallery.database) - 1
    table[3, 3], table[3, stranger], table[3, friend] = 0, 0.5, 1.25
    rankings = {"BoW": table, "VLAD": 2 * table}
    plotting.plot_rankings(gallery, 3, rankings, n_nearest=2, figure=figure)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["query", "✗ 0.50", "✓ 1.25", "query", "✗ 1.00", "✓ 2.50"]
    assert figure.axes[1].title.get_color() == ORANGE
    assert figure.axes[2].title.get_color() == GREEN


def test_photos_stand_in_a_row_under_their_titles():
    figure = Figure()
    plotting.plot_photos([PHOTO, PHOTO + 9], ["one", "two"], figure=figure)
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]
    assert [np.max(np.asarray(axes.images[0].get_array())) for axes in figure.axes] == [0, 9]


def some_features():
    places = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    return LocalFeatures(np.ones((3, 8)), places, np.array([2.0, 4.0, 6.0]), (4, 6))


def test_features_are_dots_at_their_places(ax):
    plotting.plot_features(PHOTO, some_features(), ax)
    (dots,) = ax.collections
    assert dots.get_offsets().tolist() == [[1, 1], [2, 1], [3, 1]]


def test_only_the_chosen_words_are_drawn(ax):
    plotting.plot_features(PHOTO, some_features(), ax, assignments=[7, 5, 7], words=[7])
    (dots,) = ax.collections
    assert dots.get_offsets().tolist() == [[1, 1], [3, 1]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["word 8"]


def test_energy_is_drawn_from_the_heaviest_word(ax):
    plotting.plot_energy({"none": np.array([0.1, 0.7, 0.2])}, ax)
    assert ax.lines[0].get_ydata().tolist() == [0.7, 0.2, 0.1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ax: plotting.plot_glyph(np.zeros(64), ax),
         r"^vector: expected shape \(128,\), got \(64,\)$"),
        (lambda ax: plotting.plot_glyph(np.full(128, np.nan), ax),
         r"^vector: expected finite values, got nan at \[0\]$"),
        (lambda ax: plotting.plot_glyph_table([PHOTO], [], words=[0], labels=["a"]),
         r"^blocks, labels: expected one for each image, got 1 images, 0 blocks and 1 labels$"),
        (lambda ax: plotting.plot_glyph_table(
            [PHOTO], [np.zeros((2, 128))], words=[2], labels=["a"]),
         r"^words: expected indices in \[0, 2\), got \[2\]$"),
        (lambda ax: plotting.plot_cells(np.zeros((2, 3)), ax, xlim=(0, 1), ylim=(0, 1)),
         r"^centroids: expected shape \(K, 2\), got \(2, 3\)$"),
        (lambda ax: plotting.plot_residuals(np.zeros((2, 3)), WORDS, [0, 0], ax),
         r"^descriptors: expected shape \(T, 2\), got \(2, 3\)$"),
        (lambda ax: plotting.plot_sums(np.zeros((1, 2)), WORDS, ax),
         r"^sums: expected shape \(2, 2\) to match centroids, got \(1, 2\)$"),
        (lambda ax: plotting.plot_rankings(places(), 0, {}),
         r"^distances: expected at least one representation, got none$"),
        (lambda ax: plotting.plot_rankings(places(), 76, {"BoW": np.ones((76, 161))}),
         r"^query: expected an integer in \[0, 75\], got 76$"),
        (lambda ax: plotting.plot_rankings(places(), 0, {"BoW": np.ones((76, 9))}),
         r"^distances\['BoW'\]: expected shape \(76, 161\) to match gallery, got \(76, 9\)$"),
        (lambda ax: plotting.plot_photos([PHOTO], []),
         r"^titles: expected one for each image, got 1 images and 0 titles$"),
        (lambda ax: plotting.plot_features(PHOTO, some_features(), ax, assignments=[0]),
         r"^assignments: expected 3 words, got 1$"),
        (lambda ax: plotting.plot_features(PHOTO, some_features(), ax, words=[0]),
         r"^words: expected assignments to choose from, got none$"),
        (lambda ax: plotting.plot_energy({"none": np.zeros((2, 2))}, ax),
         r"^shares\['none'\]: expected shape \(K,\), got \(2, 2\)$"),
    ],
)  # fmt: skip
def test_bad_input_is_named(ax, call, message):
    with pytest.raises(ValueError, match=message):
        call(ax)


def test_a_function_without_a_figure_opens_one_as_wide_as_the_page():
    plotting.plot_photos([PHOTO], ["one"])
    figure = plt.gcf()
    assert (figure.get_figwidth(), len(figure.axes)) == (6, 1)
    plt.close(figure)
