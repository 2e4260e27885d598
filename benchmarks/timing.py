"""Fair timing on a machine that does other things too: contenders take turns, ratios are medians.

Every round times each contender once, shortly after the reference; its ratio to the reference is
taken within the round, and the median over the rounds is what is reported. A burst of other work
thus hits both or counts for one round only.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Call = Callable[[], Any]
SECONDS_PER_TURN = 0.02  # as in a loop over images: the caches and the branch predictor are warm


@dataclass(frozen=True)
class Result:
    """One contender: time in seconds and as a ratio to the reference, and NumPy's peak memory."""

    name: str
    seconds: float
    ratio: float
    peak_bytes: int


def compare(
    reference: Call,
    contenders: Mapping[str, Call],
    *,
    seconds: float,
    memory: Callable[[Call], int] | None = None,
) -> list[Result]:
    """Time contenders in turns for about `seconds`, and measure the memory of each.

    Parameters
    ----------
    reference : callable without arguments
        What the ratios refer to; its result comes first, under the name "reference".
    contenders : mapping of names to callables without arguments
    seconds : float
        Spent in all; at least five rounds are made.
    memory : callable, optional
        From a call to the bytes at its peak; `peak_memory` by default.

    Returns
    -------
    list of Result
    """
    calls = {"reference": reference, **contenders}
    repeats = {name: _repeats(call) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times["reference"]) < 5:
        for name, call in calls.items():
            times[name].append(_time(call, repeats[name]))
    return [
        Result(
            name,
            median(times[name]),
            median(t / r for t, r in zip(times[name], times["reference"], strict=True)),
            (memory or peak_memory)(call),
        )
        for name, call in calls.items()
    ]


def peak_memory(call: Call) -> int:
    """Return the most bytes that NumPy held at once during a call, its result included.

    What a library allocates behind NumPy's back (faiss) is not seen.
    """
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _repeats(call: Call) -> int:
    """Return how many calls make a turn; warms up on the way."""
    call()
    return max(1, round(SECONDS_PER_TURN / _time(call, 1)))


def _time(call: Call, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats
