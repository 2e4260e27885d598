"""R-MAC, regional MAC: the maxima of a grid of regions, each of length 1, added up.

Slides S48–S49; Tolias, Sicre & Jégou, ICLR 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import pairwise
from numbers import Real
from operator import index
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from coursekit.validation import check_choice, check_integer

from ._maps import ELEMENTS_PER_PIECE, check_maps, cuts_pay, lengths, rectangles, working_dtype

Whitening = Callable[[Tensor], Tensor]
_MILLION = 10**6


class Region(NamedTuple):
    """A square of a map, in pixels of the map."""

    level: int  # from 1, the coarsest
    top: int
    left: int
    size: int


class _Level(NamedTuple):
    size: int
    tops: list[int]
    lefts: list[int]


def regions(h: int, w: int, *, levels: int = 3, overlap: float = 0.4) -> list[Region]:
    r"""Return the square regions of R-MAC on a map of h×w pixels (*grille de régions*).

    At level l = 1, 2, … the squares have side ⌊2·min(h, w)/(l+1)⌋ and lie evenly, l of them along
    the short side and l + m along the long one. m = 0 on a square map; else it is the number from
    1 to 6 that brings the overlap of neighbours at level 1 closest to `overlap`.

    Parameters
    ----------
    h, w : int ≥ 1
        Size of the map, in pixels.
    levels : int ≥ 1, default 3
        How many levels; those whose squares would have side 0 are left out.
    overlap : float in [0, 1), default 0.4
        Share of a square's side.

    Returns
    -------
    list of Region
        Level by level, then row by row. There is at least one.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Notes
    -----
    All in integers: the authors' floating-point grid is off by a pixel on some map sizes.

    References
    ----------
    Tolias, Sicre & Jégou 2016, and the authors' script (m ≤ 6); slides S48–S49.

    Examples
    --------
    >>> len(regions(7, 7)), len(regions(24, 32)), regions(1, 1)
    (14, 20, [Region(level=1, top=0, left=0, size=1)])
    """
    h, w = check_integer(h, "h"), check_integer(w, "w")
    return [
        Region(number, top, left, level.size)
        for number, level in enumerate(_grid(h, w, levels, overlap), start=1)
        for top in level.tops
        for left in level.lefts
    ]


def _grid(h: int, w: int, levels: int, overlap: float) -> list[_Level]:
    check_integer(levels, "levels")
    _check_overlap(overlap)
    short, long = min(h, w), max(h, w)
    more = 0 if short == long else _more_along_the_long_side(short, long, overlap)
    grid = []
    for level in range(1, levels + 1):
        size = 2 * short // (level + 1)
        if size:
            down = _starts(h, size, level + (more if h == long else 0))
            across = _starts(w, size, level + (more if w == long else 0))
            grid.append(_Level(size, down, across))
    return grid


def _more_along_the_long_side(short: int, long: int, overlap: float) -> int:
    # |1 − (long − short)/(m·short) − overlap|, times 60·short·10⁶ to make it an integer: 60 is
    # divisible by every m, and the overlap is taken to six digits.
    rest = _MILLION - round(overlap * _MILLION)

    def miss(m: int) -> int:
        return 60 // m * abs(rest * m * short - _MILLION * (long - short))

    return min(range(1, 7), key=miss)


def _starts(n: int, size: int, count: int) -> list[int]:
    return [i * (n - size) // max(1, count - 1) for i in range(count)]


def _check_overlap(overlap: Any) -> None:
    if isinstance(overlap, bool) or not isinstance(overlap, Real):
        raise TypeError(f"overlap: expected a number, got {overlap!r}")
    if not 0 <= float(overlap) < 1:
        raise ValueError(f"overlap: expected a number in [0, 1), got {overlap}")


def rmac(
    x: Tensor,
    *,
    levels: int = 3,
    overlap: float = 0.4,
    whole_map: bool = False,
    whitening: Whitening | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    r"""Return the sum of the normalised maxima of a grid of regions (*maxima par région*).

    .. math:: f = \sum_R \frac{g(v_R)}{\lVert g(v_R) \rVert}, \qquad
        v_R = \frac{u_R}{\lVert u_R \rVert}, \qquad
        (u_R)_c = \max_{(i,j) \in R} x_{c,i,j}

    with g the whitening, or nothing.

    Parameters
    ----------
    x : (B, C, H, W) floating
        Maps; H, W ≥ 1. B = 0 gives (0, C).
    levels, overlap
        The grid, see `regions`.
    whole_map : bool, default False
        Add the normalised maxima of the whole map, as some implementations do.
    whitening : callable, optional
        g, from (…, C) to (…, C'), for example an ``nn.Linear``; it gets the dtype of `x`.
    mask : (B, H, W) bool, optional
        True on the rectangle that holds the image, False on its padding; the grid is laid on that
        rectangle, image by image. An image without any True gives zeros.

    Returns
    -------
    (B, C), or (B, C') with whitening, of the dtype of `x`, not normalised
        A region of zeros adds nothing. Equal maxima share the gradient, which sums to 1.

    Raises
    ------
    TypeError, ValueError
        If `x` or `mask` has another type, dtype or shape, a mask is no axis-aligned rectangle, or
        an option is not as above.

    Notes
    -----
    Overlapping regions share the maxima of the strips that they have in common. A compiled or
    exported graph holds for one H×W. With a mask the grid depends on values: ``torch.compile``
    breaks the graph there, ``torch.export`` refuses it.

    References
    ----------
    Tolias, Sicre & Jégou 2016; slides S48–S49.

    Examples
    --------
    One channel, so that every one of the 14 regions adds 1:

    >>> import torch
    >>> rmac(torch.full((1, 1, 7, 7), 5.0)).tolist()
    [[14.0]]
    """
    check_maps(x, mask)
    _check_options(whole_map, whitening)
    add_up = partial(_add_up, levels=levels, overlap=overlap, whole=whole_map, whitening=whitening)
    if mask is None:
        return add_up(x)
    return torch.cat([add_up(crop) for crop in _crops(x, mask)] or [add_up(x)])


# The grid follows the values of the mask, which a graph cannot: torch runs this part beside it.
@torch.compiler.disable  # type: ignore[untyped-decorator]
def _crops(x: Tensor, mask: Tensor) -> list[Tensor]:
    """Return the rectangle that the mask leaves of each image."""
    boxes = torch.stack(rectangles(mask), 1).tolist()
    return [
        x[i : i + 1, :, top : top + height, left : left + width]
        for i, (top, left, height, width) in enumerate(boxes)
    ]


def _check_options(whole_map: Any, whitening: Any) -> None:
    check_choice(whole_map, "whole_map", (True, False))
    if whitening is not None and not callable(whitening):
        raise TypeError(f"whitening: expected a callable, got {whitening!r}")


def _add_up(
    x: Tensor, *, levels: int, overlap: float, whole: bool, whitening: Whitening | None
) -> Tensor:
    if 0 in x.shape[2:]:  # what an all-False mask leaves has no region
        maxima = x.flatten(2).mT
    else:
        h, w = index(x.shape[2]), index(x.shape[3])  # plain numbers in a compiled graph too
        grid = _grid(h, w, levels, overlap)
        # Large pieces: beyond reading x, the work is on strips, a third of it or less.
        n = max(1, 4 * ELEMENTS_PER_PIECE // x.shape[1:].numel())
        parts = torch.split(x, n) if cuts_pay(x) else (x,)
        maxima = torch.cat([_region_maxima(part, grid, whole) for part in parts])
    vectors = maxima.to(working_dtype(x))  # (B, R, C)
    vectors = vectors / lengths(vectors, -1)
    if whitening is not None:
        vectors = whitening(vectors.to(x.dtype)).to(vectors.dtype)
        vectors = vectors / lengths(vectors, -1)
    return vectors.sum(1).to(x.dtype)


def _region_maxima(x: Tensor, grid: Sequence[_Level], whole: bool) -> Tensor:
    """Return the maxima (B, R, C) over the regions, then over the whole map if asked.

    The top and bottom edges of all regions cut the map into strips. Each pixel is read once, for
    the maximum of its strip; regions put theirs together from strips, which are much smaller.
    """
    edges = {edge for level in grid for top in level.tops for edge in (top, top + level.size)}
    cuts = sorted(edges | {0, x.shape[2]})
    heights = [below - above for above, below in pairwise(cuts)]
    strips = [_max_of_rows(strip) for strip in torch.split(x, heights, 2)]
    # Channels last, since `amax` has vector code only along other dimensions than the last.
    table = torch.cat([strip.permute(2, 3, 0, 1) for strip in strips])  # (strips, W, B, C)
    found = []
    for size, tops, lefts in grid:
        columns = torch.stack([table[:, left : left + size].amax(1) for left in lefts], 1)
        spans = [slice(cuts.index(top), cuts.index(top + size)) for top in tops]
        found += [columns[span].amax(0) for span in spans]
    if whole:
        found.append(table.amax((0, 1))[None])
    return torch.cat(found).transpose(0, 1)


def _max_of_rows(rows: Tensor) -> Tensor:
    """Return maxima (B, C, 1, W) by halving (B, C, h, W), long runs of memory at a time."""
    spare: list[Tensor] = []
    while (h := rows.shape[2]) > 1:
        first, second, *rest = torch.split(rows, h // 2, 2)  # of an odd number, a row is left over
        rows = torch.maximum(first, second)
        spare += rest
    return reduce(torch.maximum, spare, rows)


class RMAC(nn.Module):
    """Layer form of `rmac`.

    Parameters
    ----------
    levels, overlap, whole_map, whitening
        As in `rmac`. A Module as whitening is trained and stored with the layer.

    Examples
    --------
    >>> RMAC(levels=2)
    RMAC(levels=2, overlap=0.4, whole_map=False)
    """

    def __init__(
        self,
        *,
        levels: int = 3,
        overlap: float = 0.4,
        whole_map: bool = False,
        whitening: Whitening | None = None,
    ) -> None:
        super().__init__()
        self.levels = check_integer(levels, "levels")
        _check_overlap(overlap)
        self.overlap = overlap
        _check_options(whole_map, whitening)
        self.whole_map = whole_map
        self.whitening = whitening

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``rmac(x, …, mask=mask)`` with the layer's options."""
        return rmac(
            x,
            levels=self.levels,
            overlap=self.overlap,
            whole_map=self.whole_map,
            whitening=self.whitening,
            mask=mask,
        )

    def extra_repr(self) -> str:
        """Return the options."""
        return f"levels={self.levels}, overlap={self.overlap}, whole_map={self.whole_map}"
