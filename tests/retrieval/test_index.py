"""The indexes: exactness, recall, bytes, files, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from coursekit.retrieval import CompressedIndex, ExactIndex


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(60, 32))
    X = centres[rng.integers(0, 60, 1500)] + 0.3 * rng.normal(size=(1500, 32))
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)


def recall(found, expected):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, expected, strict=True)])


def test_exact_search_sorts_inner_products(vectors):
    index = ExactIndex().fit(vectors[:10]).add(vectors[:700]).add(vectors[700:])
    assert len(index) == 1500
    assert index.bytes_per_vector == 128
    scores, found = index.search(vectors[:20], 10)
    products = vectors[:20].astype(np.float64) @ vectors.T.astype(np.float64)
    np.testing.assert_allclose(scores, -np.sort(-products, axis=1)[:, :10], rtol=1e-5)
    np.testing.assert_array_equal(found[:, 0], np.arange(20))


@pytest.mark.parametrize(("n_bytes", "least"), [(4, 0.3), (16, 0.7), (32, 0.85)])
def test_more_bytes_find_more(vectors, n_bytes, least):
    _, expected = ExactIndex().fit(vectors).add(vectors).search(vectors[:50], 10)
    index = CompressedIndex(n_bytes).fit(vectors).add(vectors)
    assert index.bytes_per_vector == n_bytes
    assert recall(index.search(vectors[:50], 10)[1], expected) > least


def test_visiting_more_lists_finds_more(vectors):
    _, expected = ExactIndex().fit(vectors).add(vectors).search(vectors[:50], 10)
    found = []
    for n_probe in (1, 4, 20):
        index = CompressedIndex(32, n_lists=20, n_probe=n_probe).fit(vectors).add(vectors)
        found.append(recall(index.search(vectors[:50], 10)[1], expected))
    assert found == sorted(found)
    assert found[0] < found[-1]
    assert found[-1] > 0.85


def test_the_same_seed_gives_the_same_answers(vectors):
    answers = [
        CompressedIndex(8, n_lists=10, seed=3).fit(vectors).add(vectors).search(vectors[:9], 5)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*[scores for scores, _ in answers])


def test_lists_that_hold_too_few_say_so(vectors):
    index = CompressedIndex(8, n_lists=100, n_probe=1).fit(vectors).add(vectors[:200])
    scores, found = index.search(vectors[:5], 150)
    assert (found == -1).any()
    assert np.isneginf(scores[found == -1]).all()
    assert np.isfinite(scores[found >= 0]).all()


@pytest.mark.parametrize("index", [ExactIndex(), CompressedIndex(8), CompressedIndex(8, n_lists=9)])
def test_a_file_holds_the_whole_index(vectors, tmp_path, index):
    index.fit(vectors).add(vectors)
    path = tmp_path / "photos.index"
    index.save(path)
    again = type(index).load(path)
    assert [one.name for one in tmp_path.iterdir()] == ["photos.index"]
    assert (len(again), again.bytes_per_vector) == (1500, index.bytes_per_vector)
    for a, b in zip(index.search(vectors[:9], 5), again.search(vectors[:9], 5), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_of_another_kind_is_refused(vectors, tmp_path):
    ExactIndex().fit(vectors).save(tmp_path / "exact")
    (tmp_path / "broken").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"^path: expected a CompressedIndex, got IndexFlatIP"):
        CompressedIndex.load(tmp_path / "exact")
    with pytest.raises(ValueError, match=r"^path: expected an index"):
        ExactIndex.load(tmp_path / "broken")
    with pytest.raises(FileNotFoundError):
        ExactIndex.load(tmp_path / "absent")


def test_bad_input(vectors):
    with pytest.raises(NotFittedError):
        ExactIndex().add(vectors)
    with pytest.raises(NotFittedError):
        CompressedIndex().search(vectors, 1)
    index = ExactIndex().fit(vectors).add(vectors[:3])
    with pytest.raises(ValueError, match=r"^queries: expected shape \(n, 32\) to match fit, got"):
        index.search(vectors[:, :5], 1)
    with pytest.raises(ValueError, match=r"^k: expected an integer in \[1, 3\], got 4$"):
        index.search(vectors, 4)
    with pytest.raises(ValueError, match=r"^X: expected finite values"):
        index.add(vectors * np.nan)
    with pytest.raises(ValueError, match=r"^X: expected at least 256 vectors to learn from, got 9"):
        CompressedIndex(8).fit(vectors[:9])
    with pytest.raises(ValueError, match=r"^n_bytes: expected a divisor of D = 32, got 5$"):
        CompressedIndex(5).fit(vectors)
    for option in ({"n_bytes": 0}, {"n_lists": 0}, {"n_probe": 0}, {"seed": -1}):
        with pytest.raises(ValueError, match=f"^{next(iter(option))}: expected an integer"):
            CompressedIndex(**option)
