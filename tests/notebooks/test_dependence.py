"""Which cells are found to depend on features, and which are not."""

from __future__ import annotations

import pytest

from tests.notebooks.dependence import depends_on_features

DETECTED = "from coursekit.features import sift\nfound = sift(image)"


@pytest.mark.parametrize(
    "source",
    [
        "print(len(found))",
        "sift",
        "words = assign(found, centroids)\nprint(words)",
        "count = 0\nfor one in found:\n    count += 1\nprint(count)",
        "if len(found) > 3:\n    print('many')",
        "table = {}\ntable['found'] = len(found)\nprint(table)",
        "rows = []\nrows.append(found)\nprint(rows)",
        "rows = []\nfor photo in photos:\n    rows.append(len(found))\nprint(rows)",
        "total = 0\ntotal += len(found)\nprint(total)",
        "def show(k):\n    return found[k]\nprint(show(1))",
        "double = lambda k: 2 * len(found)\nprint(double(1))",
        "print([len(one) for one in found])",
        "with context(found) as inside:\n    print(inside)",
        "one, *others = found\nprint(others)",
        "kept = 3\nif flag:\n    kept = found\nif flag:\n    kept = 4\nprint(kept)",
        "%matplotlib inline",
    ],
)
def test_dependence_is_found(source: str) -> None:
    assert depends_on_features([DETECTED, source])[1]


@pytest.mark.parametrize(
    "source",
    [
        "print(1)",
        "found = 3\nprint(found)",
        "print([found for found in (1, 2)])",
        "for found in (1, 2):\n    print(found)",
        "def show(found):\n    return found\nprint(show(1))",
        "def show():\n    found = 1\n    return found\nprint(show())",
        "from coursekit.features import root_sift\nprint(root_sift(x))",
        "from coursekit.comparison import stored_rows\nprint(stored_rows()[0])",
        "from coursekit.data import found\nprint(found)",
    ],
)
def test_cells_of_their_own_are_told_apart(source: str) -> None:
    assert depends_on_features([DETECTED, source]) == [True, False]


@pytest.mark.parametrize(
    "source",
    [
        "from coursekit.features import dense_sift as describe\nprint(describe(image))",
        "from coursekit.features.sift import sift\nprint(sift(image))",
        "from coursekit.comparison import SOURCES\nprint(SOURCES['sift']().fit(photos))",
        "import coursekit.features\nprint(coursekit.features.sift(image))",
        "import coursekit as c\nprint(c.features.sift(image))",
        "import cv2\nprint(cv2.SIFT.create().detect(image))",
    ],
)
def test_sources_of_features_are_known(source: str) -> None:
    assert depends_on_features([source]) == [True]


def test_cells_follow_one_another() -> None:
    cells = ["print(found)", DETECTED, "print(found)", "found = 1", "print(found)"]
    assert depends_on_features(cells) == [False, True, True, False, False]
