"""Any set by its name, as the command line takes it."""

from __future__ import annotations

from typing import Any, Final

from coursekit.data.benchmark import Benchmark
from coursekit.data.copies import copies
from coursekit.data.datasets import copydays, flowers, holidays
from coursekit.data.places import places
from coursekit.data.revisited import roxford5k, rparis6k
from coursekit.validation import check_choice

__all__ = ["DATASETS", "load"]

_SHIPPED: Final = {"places": places, "copies": copies}
_DOWNLOADED: Final = {
    "holidays": holidays,
    "copydays": copydays,
    "roxford5k": roxford5k,
    "rparis6k": rparis6k,
    "flowers": flowers,
}

DATASETS: Final = (*_SHIPPED, *_DOWNLOADED)
"""The names of the sets: those that ship, then those that are downloaded."""


def load(name: str, **options: Any) -> Benchmark[Any]:
    """Load a set by its name.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    **options
        What the set's own function takes: ``max_side`` and ``progress`` for those that are
        downloaded, ``protocol`` for Copydays and the revisited Oxford and Paris.

    Returns
    -------
    Benchmark

    Raises
    ------
    TypeError
        If the set has no such option.
    ValueError
        If there is no such set.
    DownloadError
        If a file is missing and cannot be downloaded; the message says where to put it.

    Examples
    --------
    >>> len(load("places").queries)
    76
    """
    check_choice(name, "name", DATASETS)
    if name in _SHIPPED:
        if options:
            raise TypeError(f"options: expected none for {name!r}, got {sorted(options)}")
        return _SHIPPED[name]()
    return _DOWNLOADED[name](**options)
