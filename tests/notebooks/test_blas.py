"""An output that depends on the processor is noticed by running on the kernels of another one."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tests.notebooks import blas
from tests.notebooks.samples import code, make_book, write
from tests.notebooks.store import store

PRODUCT = """\
import numpy as np

matrix = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
corner = float((matrix @ matrix)[0, 0])
{}"""

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"),
    reason="OPENBLAS_CORETYPE selects among kernels of x86 processors",
)


@pytest.mark.parametrize("processor", blas.PROCESSORS)
def test_selection_is_obeyed(processor: str) -> None:
    assert blas.is_obeyed(processor)


@pytest.mark.parametrize(("shown", "status"), [("corner", 1), ("round(corner, 2)", 0)])
def test_unrounded_output_fails_on_another_processor(
    shown: str, status: int, tmp_path: Path
) -> None:
    path = write(make_book(tmp_path) / "product.ipynb", code(PRODUCT.format(shown)))
    store(path, tmp_path)
    done = blas.run("Prescott", [path])
    assert done.returncode == status, done.stdout
