"""Which cells are found to depend on features, and which are not."""

from __future__ import annotations

import pytest

from tests.notebooks.dependence import depends_on_features

DETECTED = "from coursekit.features import sift\nfound = sift(image)"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("words = assign(found, centroids)", "words"),
        ("one, *others = found", "others"),
        ("count = 0\nfor one in found:\n    count += 1", "count"),
        ("for i, one in enumerate(found):\n    pass", "i"),
        ("for i in (1, 2):\n    later = earlier\n    earlier = found", "later"),
        ("many = False\nif len(found) > 3:\n    many = True", "many"),
        ("kept = found\nif flag:\n    kept = 4", "kept"),
        ("table = {}\ntable['found'] = len(found)", "table"),
        ("table.rows[0].name = found", "table"),
        ("rows = []\nrows.append(found)", "rows"),
        ("rows = []\nfor photo in photos:\n    rows.append(len(found))", "rows"),
        ("total = len(found)\ntotal += 1", "total"),
        ("def show(k):\n    return found[k]", "show"),
        ("class Shown:\n    first = found[0]", "Shown"),
        ("double = lambda k: 2 * len(found)", "double"),
        ("lengths = [len(one) for one in found]", "lengths"),
        ("with context(found) as inside:\n    pass", "inside"),
    ],
)
def test_dependence_is_found(source: str, name: str) -> None:
    assert depends_on_features([DETECTED, source, f"print({name})", "print(1)"])[2:] == [
        True,
        False,
    ]


@pytest.mark.parametrize("source", ["print(len(found))", "found", "%matplotlib inline"])
def test_cell_depends_by_itself(source: str) -> None:
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
