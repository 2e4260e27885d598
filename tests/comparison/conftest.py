from __future__ import annotations

import numpy as np
import pytest

from coursekit.comparison import postprocessing
from coursekit.data import Benchmark, Photo, places


@pytest.fixture(scope="session")
def small() -> Benchmark[Photo]:
    """Three places of the set *Places*, seven distractors, eighteen photos to learn on."""
    whole = places()
    chosen = [i for i, group in enumerate(whole.group) if group in {"skull", "bananas", "umayyad"}]
    kept = [*chosen, *range(len(whole.queries), len(whole.queries) + 7)]
    return Benchmark(
        learning=whole.learning[:18],
        database=tuple(whole.database[i] for i in kept),
        queries=tuple(whole.queries[i] for i in chosen),
        positives=whole.positives[np.ix_(chosen, kept)],
        kind=whole.kind[chosen],
        group=whole.group[chosen],
        exclude=np.arange(len(chosen)),
    )


@pytest.fixture
def small_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views of 96 pixels: the protocol is the same, and quick."""
    monkeypatch.setattr(postprocessing, "_VIEW_SIDE", 96)
