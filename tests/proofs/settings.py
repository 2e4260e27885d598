"""Under which settings the notebooks run: one factor at a time, then drawn combinations.

A factor is a choice that a library makes by the processor it finds, or that a machine makes for
it: which instructions, which kernels, how many threads, how busy the cores are. None of them may
change a stored output.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

STRICT = ("--stored-outputs", "strict")
TOLERANT = ("--stored-outputs", "tolerant")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
N_DRAWN = 8
SEED = 11

# What a processor must have, in NumPy's words; the last are two cores.
X86, AVX2, AVX512, TWO = {"SSE3"}, {"AVX2", "FMA3"}, {"AVX512_SKX"}, {"2 cores"}


@dataclass(frozen=True, eq=False)  # each is itself: outcomes are looked up by it
class Setting:
    """One value of one factor, or several at once.

    Parameters
    ----------
    factor, value : str
        What the table calls it.
    environment : mapping
        The variables that make the libraries follow it.
    says : mapping
        Library → pattern of what it says of itself where it follows (`tests.proofs.probe`).
    needs : set of str
        What the processor must have.
    options : sequence of str
        Options for pytest: how outputs are compared.
    busy : int
        How many processes compute beside, all the while.
    """

    factor: str
    value: str
    environment: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    needs: Iterable[str] = ()
    options: Sequence[str] = STRICT
    busy: int = 0

    @property
    def name(self) -> str:
        return f"{self.factor}: {self.value}" if self.value else self.factor

    @property
    def label(self) -> str:
        """The name, without the many parts of a combination."""
        return self.factor if "; " in self.value else self.name

    @property
    def variables(self) -> dict[str, str]:
        """One thread unless the setting says how many, so that two runs fit two cores."""
        return ONE_THREAD | dict(self.environment)


def _each(
    factor: str, variable: str, library: str, values: Iterable[tuple[str, str, set[str]]]
) -> list[Setting]:
    return [
        Setting(factor, value, {variable: value}, {library: says}, needs)
        for value, says, needs in values
    ]


# Nothing set: as many threads as there are cores, and each library's own choice.
AS_IT_IS = Setting("nothing set", "", dict.fromkeys(ONE_THREAD, ""))
LOADED = Setting("loaded cores", "two busy processes beside", dict.fromkeys(ONE_THREAD, ""), busy=2)


def factors(dispatched: Iterable[str]) -> dict[str, list[Setting]]:
    """Return the settings of each factor, which change that factor alone.

    Parameters
    ----------
    dispatched : strings
        The instruction sets that NumPy chooses among and finds here. Their names depend on the
        version of NumPy: ``AVX2`` or ``X86_V3``, ``AVX512_SKX`` or ``X86_V4``.
    """
    ipp = _each("OpenCV's IPP", "OPENCV_IPP", "ipp", [
        ("sse42", r".*SSE4\.2.* on", X86),
        ("avx2", r".*AVX2.* on", AVX2),
        ("avx512", r".*AVX-512.* on", AVX512),
    ])  # fmt: skip
    quiet = {"OPENCV_IPP": "disabled", "OPENCV_LOG_LEVEL": "ERROR"}  # it warns of this one
    ipp.append(Setting("OpenCV's IPP", "disabled", quiet, {"ipp": ".* off"}, X86))
    opencv = [
        Setting("OpenCV", f"without {what}", {"OPENCV_CPU_DISABLE": off}, {"opencv": says}, needs)
        for what, off, says, needs in (
            ("AVX2", "AVX2,FMA3", r".*\*AVX2\?.*", AVX2),
            ("AVX2 and AVX-512", "AVX512-SKX,AVX2,FMA3", r".*\*AVX2\? \*AVX512-SKX\?.*", AVX512),
        )
    ]
    # A wheel that holds no kernels of a processor takes the next older ones: Zen has Haswell's.
    blas = _each("OpenBLAS", "OPENBLAS_CORETYPE", "openblas", [
        ("Haswell", "Haswell", AVX2),
        ("Prescott", "Prescott|Katmai", X86),
        ("SkylakeX", "SkylakeX", AVX512),
        ("Zen", "Zen|Haswell", AVX2),
    ])  # fmt: skip
    threads = [
        Setting("threads", n, dict.fromkeys(ONE_THREAD, n), {"threads": n}, needs)
        for n, needs in (("1", set[str]()), ("2", TWO))
    ]
    torch = _each("torch", "ATEN_CPU_CAPABILITY", "torch", [
        ("default", "DEFAULT", X86),
        ("avx2", "AVX2", AVX2),
        ("avx512", "AVX512", AVX512),
    ])  # fmt: skip
    onednn = _each("oneDNN", "ONEDNN_MAX_CPU_ISA", "onednn", [
        ("SSE41", r"Intel SSE4\.1", X86),
        ("AVX2", "Intel AVX2", AVX2),
        ("AVX512_CORE", "Intel AVX-512 with AVX512BW.*", AVX512),
    ])  # fmt: skip
    faiss = _each("faiss", "FAISS_SIMD_LEVEL", "faiss", [
        ("NONE", "NONE", X86),
        ("AVX2", "AVX2", AVX2),
    ])  # fmt: skip
    groups = [ipp, opencv, blas, threads, torch, onednn, faiss, _numpy(list(dispatched))]
    return {group[0].factor: group for group in groups}


def _numpy(dispatched: Sequence[str]) -> list[Setting]:
    newest = [name for name in dispatched if "512" in name or "V4" in name]
    newer = [name for name in dispatched if name in {"AVX2", "FMA3", "X86_V3"}] + newest
    return [
        Setting("NumPy", value, {"NPY_DISABLE_CPU_FEATURES": " ".join(off)}, {"numpy": says}, needs)
        for value, off, says, needs in (
            ("without AVX-512", newest, r"(?!.*(512|V4)).*", AVX512),
            ("without AVX2 and AVX-512", newer, r"(?!.*(512|V4|AVX2|FMA3|V3)).*", AVX2),
        )
    ]


def perturbed() -> list[Setting]:
    """Return what stands in for other machines: values or features changed on purpose."""
    jitters = [("strict", f"jitter:{seed}", STRICT) for seed in range(3)]
    others = [("tolerant", name, TOLERANT) for name in ("optimised", "thinned:0")]
    return [
        Setting(f"perturbed, {mode}", name, {"NOTEBOOK_PERTURBATION": name}, options=options)
        for mode, name, options in (*jitters, *others)
    ]


def drawn(
    groups: Mapping[str, Sequence[Setting]], count: int = N_DRAWN, seed: int = SEED
) -> list[Setting]:
    """Draw combinations of one value, or none, from each factor; the same for the same seed.

    Returns
    -------
    at most `count` settings, each of two values or more and no two alike
    """
    rng = random.Random(seed)
    found: dict[str, Setting] = {}
    for _ in range(100 * count):  # few factors may not have `count` combinations
        picked = [rng.choice([None, *group]) for group in groups.values()]
        chosen = [setting for setting in picked if setting is not None]
        if len(chosen) > 1 and len(found) < count:
            value = "; ".join(setting.name for setting in chosen)
            found.setdefault(value, _combined(f"drawn {len(found) + 1}", value, chosen))
    return list(found.values())


def _combined(factor: str, value: str, chosen: Iterable[Setting]) -> Setting:
    environment: dict[str, str] = {}
    for setting in chosen:
        environment |= setting.environment
    return Setting(factor, value, environment)
