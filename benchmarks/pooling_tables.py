"""Pooling layers against one pass over memory, and NetVLAD against its two matrix products.

One pass over memory is ``x.sum()``: it reads every number of the maps once and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.profiler import ProfilerActivity, profile

from benchmarks import pooling_rivals as rivals
from benchmarks.tables import Table
from benchmarks.timing import Call, Result, compare
from coursekit.pooling import NetVLAD, crow, gem, mac, rmac, spoc

SHAPE = (8, 512, 32, 24)
SIZES = "maps (8, 512, 32, 24), float32"
K = 64
Pool = Callable[[Tensor], Tensor]

AT_MOST = {
    "coursekit.mac": 1.3,
    "coursekit.spoc": 1.3,
    "coursekit.gem, p = 3": 3.0,
    "coursekit.crow": 4.0,
    "coursekit.rmac": 10.0,
    "coursekit.NetVLAD": 3.0,
    "coursekit.NetVLAD, columns normalised": 3.0,
}
MEMORY_AT_MOST = {name: 2.0 for name in AT_MOST if "rmac" in name or "NetVLAD" in name}
NOTES = {
    "coursekit.gem, p = 3": (
        "clamping (a pass that writes too) 1.2 to 1.9, powers 0.6, sums 0.3, the calls on 32 "
        "pieces 0.4; runs vary from 2.6 to 3.9, for a reason not found"
    ),
    "coursekit.gem, learned p": "log and exp of every response; p = 3 takes two products",
    "coursekit.crow": (
        "two products with the maps take half of it, counting the non-zero responses (their signs, "
        "written and read again: torch has no vector code that counts) most of the rest"
    ),
}


def pooling_table(seconds: float, *, backward: bool = False) -> Table:
    """All layers but NetVLAD."""
    x = _maps()
    families = _families(nn.Parameter(torch.tensor(3.0)))
    for family in families:
        _agree(family, x)
    pools = {name: pool for family in families for name, pool in family.items()}
    return _table("Pooling", Tensor.sum, "one pass over memory", pools, x, seconds, backward)


def netvlad_table(seconds: float, *, backward: bool = False) -> Table:
    """NetVLAD, with and without the normalisation of the columns."""
    x = _maps()
    torch.manual_seed(0)
    layer, normalising = (NetVLAD(SHAPE[1], K, normalize_input=flag) for flag in (False, True))
    normalising.load_state_dict(layer.state_dict())
    words = dict(layer.named_parameters())

    def products(x: Tensor) -> Tensor:
        columns = x.flatten(2)
        assigned = torch.bmm(layer.weight.expand(len(x), -1, -1), columns)
        return torch.bmm(assigned, columns.mT)

    plain: dict[str, Pool] = {
        "coursekit.NetVLAD": layer,
        "torch: two einsums": partial(rivals.einsum_netvlad, **words),
        "torch: word by word (Nanne)": partial(rivals.word_by_word_netvlad, **words),
    }
    normalised: dict[str, Pool] = {
        "coursekit.NetVLAD, columns normalised": normalising,
        "torch: normalize, two einsums": lambda x: rivals.einsum_netvlad(normalize(x), **words),
    }
    _agree(plain, x)
    _agree(normalised, x)
    pools = {**plain, **normalised}
    title = f"NetVLAD, K = {K}"
    return _table(title, products, "two matrix products", pools, x, seconds, backward)


def _families(p: nn.Parameter) -> list[dict[str, Pool]]:
    """Return contenders, grouped by the layer that they compute."""
    return [
        {
            "coursekit.mac": mac,
            "torch max_pool2d (cirtorch)": rivals.torch_max_pool,
            "torch adaptive_max_pool2d": rivals.torch_adaptive_max_pool,
        },
        {"coursekit.spoc": spoc, "torch: maps times prior": rivals.weighted_spoc},
        {
            "coursekit.spoc, no prior": partial(spoc, center_prior=False),
            "torch avg_pool2d (cirtorch)": rivals.torch_average_pool,
        },
        {
            "coursekit.gem, p = 3": partial(gem, p=3.0),
            "torch: pow(3), avg_pool2d (cirtorch)": partial(rivals.power_pool_gem, p=3.0),
            "coursekit.gem, learned p": partial(gem, p=p),
            "torch: pow(p), avg_pool2d (cirtorch)": partial(rivals.power_pool_gem, p=p),
        },
        {"coursekit.crow": crow, "torch: step by step": rivals.direct_crow},
        {
            "coursekit.rmac": rmac,
            "torch max_pool2d per region (cirtorch)": rivals.pooled_rmac,
            "torch amax per region": rivals.reduced_rmac,
        },
    ]


def _table(
    title: str,
    reference: Pool,
    name: str,
    pools: Mapping[str, Pool],
    x: Tensor,
    seconds: float,
    backward: bool,
) -> Table:
    """Time pools; with gradients, of the maps and of parameters, the bars do not hold."""
    calls = {name: _call(pool, x, backward) for name, pool in pools.items()}
    first, *others = compare(
        _call(reference, x, False), calls, seconds=seconds, memory=peak_torch_memory
    )
    return Table(
        f"{title}, {'forward and backward' if backward else 'forward'}: {SIZES}",
        [Result(name, first.seconds, first.ratio, first.peak_bytes), *others],
        x.numel() * x.element_size(),
        at_most={} if backward else {n: AT_MOST[n] for n in pools if n in AT_MOST},
        memory_at_most={} if backward else MEMORY_AT_MOST,
        notes={} if backward else NOTES,
    )


def _call(pool: Pool, x: Tensor, backward: bool) -> Call:
    if not backward:
        return torch.no_grad()(lambda: pool(x))
    leaf = x.clone().requires_grad_()
    slopes = torch.ones_like(pool(leaf).detach())

    def step() -> None:
        leaf.grad = None
        torch.autograd.backward(pool(leaf), slopes)

    return step


def peak_torch_memory(call: Call) -> int:
    """Return the most bytes of tensors held at once during a call, beyond those before it.

    From torch's record of what its allocator gives and takes back; what a matrix product borrows
    from elsewhere is not seen.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        result = call()
    del result
    kineto: Any = record.profiler
    events = [e for e in kineto.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def _maps() -> Tensor:
    """Return maps as a ConvNet with ReLU gives them: half of the responses are 0."""
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)).relu()


def _agree(pools: Mapping[str, Pool], x: Tensor) -> None:
    with torch.no_grad():
        first, *others = [pool(x) for pool in pools.values()]
    for other in others:
        torch.testing.assert_close(other, first, rtol=1e-4, atol=1e-4 * float(first.abs().max()))
