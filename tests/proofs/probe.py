"""What the libraries say of themselves: `python -m tests.proofs.probe LIBRARY …` prints JSON.

A process of its own asks, because libraries read their settings once, when they are loaded. A
library that is not installed, or was built without the part in question, says nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module


def openblas() -> list[str]:
    import faiss  # noqa: F401  # three copies of OpenBLAS: NumPy's, SciPy's and this one's
    import numpy as np  # noqa: F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    found = [one for one in threadpool_info() if one["internal_api"] == "openblas"]
    return sorted({one["architecture"] for one in found})


def threads() -> list[str]:
    import scipy.linalg  # noqa: F401
    import torch
    from threadpoolctl import threadpool_info

    counts = {torch.get_num_threads(), *(one["num_threads"] for one in threadpool_info())}
    return sorted(map(str, counts))


def numpy() -> list[str]:
    """Return one text: the instruction sets that NumPy chooses among and uses."""
    core = import_module("numpy._core._multiarray_umath")
    return [" ".join(name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name))]


def processor() -> list[str]:
    """Return what the processor has, in NumPy's words, and ``"2 cores"`` where there are two."""
    features = import_module("numpy._core._multiarray_umath").__cpu_features__
    has = sorted(name for name, here in features.items() if here)
    return has + ["2 cores"] * ((os.cpu_count() or 1) > 1)


def opencv() -> list[str]:
    import cv2

    return [cv2.getCPUFeaturesLine()]


def ipp() -> list[str]:
    import cv2

    version = cv2.ipp.getIppVersion()
    return [f"{version} {'on' if cv2.ipp.useIPP() else 'off'}"] if "ippIP" in version else []


def faiss() -> list[str]:
    import faiss

    return [faiss.SIMDConfig.get_level_name()] if hasattr(faiss, "SIMDConfig") else []


def torch() -> list[str]:
    import torch

    return [torch.backends.cpu.get_cpu_capability()]


def onednn() -> list[str]:
    """Make oneDNN print a line ``…,cpu,isa:…`` of its own, which the caller reads."""
    import torch

    verbose = torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON)
    with torch.no_grad(), verbose:
        torch.nn.functional.conv2d(torch.ones(2, 16, 64, 64), torch.ones(32, 16, 3, 3))
    return []


LIBRARIES: dict[str, Callable[[], list[str]]] = {
    one.__name__: one
    for one in (processor, openblas, threads, numpy, opencv, ipp, faiss, torch, onednn)
}


def main(names: list[str]) -> None:
    """Print, on the last line, library → what it says."""
    answers: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        with suppress(ImportError):
            answers[name] = LIBRARIES[name]()
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
