"""Each perturbation changes what it says, by as much as it says, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.notebooks import perturbed
from tests.notebooks.kernel import PERTURBATIONS, GuardedKernel
from tests.notebooks.mode import OPTION
from tests.notebooks.samples import ROOT, code, make_book, run_pytest, write
from tests.notebooks.store import run_cell, store
from tests.notebooks.workspace import Workspace

RUN = """
import contextlib, io, json
for text in {texts!r}:
    exec(compile(text, "perturbations.py", "exec"), {{"__name__": "notebook_perturbations"}})
for action in {actions!r}:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(action, {{}})
    print(json.dumps(printed.getvalue()))
"""
SIFT = """
import hashlib
from functools import partial
from coursekit.data import photo
from coursekit.features import extract, sift
detector = partial(sift, contrast_threshold=0.02)
(found,) = extract([photo("umayyad_0")], detector)
print(len(found), hashlib.sha256(found.descriptors.tobytes()).hexdigest())
"""
GRID = """
import numpy as np
from coursekit.features import dense_sift, extract
blank = np.zeros((400, 400, 3), np.uint8)
(found,) = extract([blank], lambda image: dense_sift(image, step=4, patch_sizes=[16]))
print(*found.positions.astype(int) @ [1000, 1])
"""
CODEBOOK = """
import numpy as np
from coursekit.aggregation import assign, kmeans
X = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
centroids = kmeans(X, 5)
print(*centroids.ravel().tolist(), *assign(X, centroids).tolist())
"""
PCA = """
import numpy as np
from sklearn.decomposition import PCA
X = np.random.default_rng(0).normal(size=(50, 8)).astype(np.{})
print(*PCA(3).fit_transform(X).ravel().tolist(), *PCA(3).fit(X).transform(X).ravel().tolist())
"""
WHITENING = """
import numpy as np
from coursekit.retrieval import PCAWhitening
X = np.random.default_rng(0).normal(size=(50, 8))
whitened = PCAWhitening(3).fit(X).transform(X)
print(*whitened.ravel().tolist())
"""
TO_SIX_DIGITS = {
    "maps": """
import torch
from coursekit.convnet.backbones import backbone
torch.set_num_threads(1)
maps = backbone()(torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64))
print(*maps[maps > 0].double().tolist())
""",
    "mixture": """
import numpy as np
from coursekit.aggregation import gaussian_mixture
X = np.random.default_rng(0).normal(size=(200, 2)) + [[0, 0], [2, 3]] * 100
print(*np.concatenate([part.ravel() for part in gaussian_mixture(X, 2)]).tolist())
""",
    "posteriors": """
import numpy as np
from coursekit.aggregation import fisher_vector
X = np.random.default_rng(0).normal(size=(200, 2))
means, variances = np.array([[-1.0, 0.5], [1.0, 2.0]]), np.ones((2, 2))
print(*fisher_vector(X, [0.4, 0.6], means, variances, power=1, norm=False).tolist())
""",
    "whitening": WHITENING,
    "PCA": PCA.format("float32"),
}
BIT_FOR_BIT = {"features": SIFT, "codebook": CODEBOOK}
TO_A_DOZEN_DIGITS = {"PCA in float64": PCA.format("float64")}
ALL = BIT_FOR_BIT | TO_SIX_DIGITS | TO_A_DOZEN_DIGITS


def run(actions: Iterable[str], call: str = "") -> list[str]:
    """Return what each action prints in a fresh Python, with a perturbation or without."""
    texts = [PERTURBATIONS.read_text(encoding="utf-8") + call] if call else []
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(texts=texts, actions=list(actions))],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@cache
def everything(call: str = "") -> dict[str, str]:
    return dict(zip(ALL, run(ALL.values(), call), strict=True))


def gaps(name: str) -> tuple[list[float], float]:
    """Return how far jitter moves each number that an action prints, and the largest number."""
    plain, jittered = everything()[name].split(), everything("jitter(1)")[name].split()
    pairs = [(float(a), float(b)) for a, b in zip(plain, jittered, strict=True)]
    return [abs(a - b) for a, b in pairs], max(abs(a) for a, _ in pairs)


def test_optimised_code_of_opencv_cannot_be_switched_off() -> None:
    switches = "cv2.setUseOptimized(False); cv2.setNumThreads(1); cv2.ipp.setUseIPP(False)"
    state = "print(cv2.useOptimized(), cv2.getNumThreads(), cv2.ipp.useIPP())"
    before, after = run([f"import cv2; {state}; {switches}; {state}"], "optimised(0)")[
        0
    ].splitlines()
    assert before == after
    assert before.startswith("True")


def test_thinning_leaves_out_one_feature_in_a_thousand() -> None:
    whole, first, second = (
        set(run([GRID], call)[0].split()) for call in ("", "thinned(0)", "thinned(1)")
    )
    assert len(whole) == 97 * 97
    assert first < whole > second
    assert first != second
    assert all(3 <= len(whole - kept) <= 20 for kept in (first, second))


@pytest.mark.parametrize("call", ["thinned(1)", "jitter(1)"])
def test_perturbation_is_repeatable(call: str) -> None:
    actions = [GRID, WHITENING]
    assert run(actions, call) == run(actions, call) != run(actions)


@pytest.mark.parametrize("name", TO_SIX_DIGITS)
def test_jitter_moves_what_is_promised_to_six_digits_by_a_millionth(name: str) -> None:
    moved, largest = gaps(name)
    assert 1e-7 * largest < max(moved) < 1e-4 * largest
    assert sum(gap > 0 for gap in moved) > len(moved) / 2


def test_jitter_leaves_a_dozen_digits_of_pca_in_float64() -> None:
    """From it, rounded, codebooks are learnt."""
    moved, largest = gaps("PCA in float64")
    assert 0 < max(moved) < 1e-10 * largest


@pytest.mark.parametrize("name", BIT_FOR_BIT)
def test_jitter_leaves_features_and_partitions_alone(name: str) -> None:
    assert everything()[name] == everything("jitter(1)")[name]


def test_jitter_follows_its_seed() -> None:
    assert run([WHITENING], "jitter(2)") != [everything("jitter(1)")["whitening"]]


@pytest.mark.parametrize("name", ["optimised", "thinned:1", "jitter:2"])
def test_no_name_is_left_in_the_kernel(name: str, tmp_path: Path) -> None:
    kernels = [
        GuardedKernel(Workspace.create(tmp_path / str(i)), perturbation=perturbation)
        for i, perturbation in enumerate(("", name))
    ]
    try:
        told = [run_cell(kernel, "print(sorted(globals()))", 1)[0].text for kernel in kernels]
    finally:
        for kernel in kernels:
            kernel.stop()
    assert told[0] == told[1]


def test_unknown_perturbation_is_an_error(tmp_path: Path) -> None:
    message = r"^perturbations: expected shaken\(0\) to run, got .*NameError"
    with pytest.raises(RuntimeError, match=message):
        GuardedKernel(Workspace.create(tmp_path / "run"), perturbation="shaken")


def test_printed_digits_on_an_edge_fail_under_jitter(tmp_path: Path) -> None:
    """What `python -m tests.notebooks.perturbed` runs: jitter is noticed if a digit shows it."""
    source = WHITENING.partition("print")[0]
    chapters = make_book(tmp_path)
    cells = code(source + "print(whitened[0, 0])"), code("print(f'{whitened[0, 0]:.3f}')")
    store(write(chapters / "one.ipynb", *cells), tmp_path)
    options = ("--nbval", "-k", "not rule", f"{OPTION}={perturbed.mode_for('jitter:1')}")
    outcome = run_pytest(tmp_path, *options, env=[("NOTEBOOK_PERTURBATION", "jitter:1")])
    assert list(outcome.failed) == [("one.ipynb", "Cell 0")]


def test_command_runs_each_perturbation_with_the_comparison_that_has_to_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fake(perturbation: str, paths: object) -> subprocess.CompletedProcess[str]:
        status = int(perturbation == "thinned:2")
        return subprocess.CompletedProcess([], status, f"cells\n{9 - status} passed\n", "")

    monkeypatch.setattr(perturbed, "run", fake)
    assert perturbed.main([]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["=== optimised, tolerant: 9 passed", "=== thinned:0, tolerant: 9 passed"]
    assert told[3:5] == ["=== thinned:2, tolerant: cells", "8 passed"]
    assert told[-1] == "=== jitter:2, strict: 9 passed"
    assert perturbed.main(["--only", "jitter:7"]) == 0
