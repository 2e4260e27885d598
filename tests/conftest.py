"""The strict session: every test runs with floating-point errors raised and seeded generators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, however slow the machine and whatever failed here before.
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def strict_floating_point() -> Iterator[None]:
    """Raise on division by zero, NaN and overflow in our NumPy code."""
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        yield


@pytest.fixture(params=[0, 1, 2], ids=lambda seed: f"seed{seed}")
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a seeded generator; the seed stands in the test's name."""
    return np.random.default_rng(request.param)
