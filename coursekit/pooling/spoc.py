"""SPoC, sum-pooled convolutional features: each map's sum, the centre counting most.

Slide S50; Babenko & Lempitsky, ICCV 2015.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from coursekit.validation import check_choice

from ._maps import check_maps, hide, rectangles, weighted_sum, working_dtype


def spoc(x: Tensor, *, center_prior: bool = True, mask: Tensor | None = None) -> Tensor:
    r"""Return the sum of each map, weighted by a Gaussian around its centre (*somme pondérée*).

    .. math:: f_c = \sum_{i,j} \alpha_{i,j}\, x_{c,i,j}, \qquad \alpha_{i,j} =
        \exp\Bigl(-\frac{(i - (H-1)/2)^2 + (j - (W-1)/2)^2}{2\sigma^2}\Bigr)

    with σ = min(H, W)/6, a third of the distance from the centre to the nearest border.

    Parameters
    ----------
    x : (B, C, H, W) floating
        Maps; H, W ≥ 1. B = 0 gives (0, C).
    center_prior : bool, default True
        False takes the plain sum, α = 1.
    mask : (B, H, W) bool, optional
        True on the rectangle that holds the image, False on its padding; the prior is centred on
        that rectangle. An image without any True gives zeros.

    Returns
    -------
    (B, C) of the dtype of `x`, not normalised
        Summed in float32 for half precision; a sum beyond float16's 65504 is still infinite there.

    Raises
    ------
    TypeError, ValueError
        If `x` or `mask` has another type, dtype or shape, or a mask is no axis-aligned rectangle
        (that is not checked in a compiled graph).

    References
    ----------
    Babenko & Lempitsky 2015 (sum pooling, centering prior); slide S50.

    Examples
    --------
    >>> import torch
    >>> spoc(torch.ones(1, 1, 2, 3), center_prior=False).tolist()
    [[6.0]]
    """
    check_maps(x, mask)
    check_choice(center_prior, "center_prior", (True, False))
    prior = _prior(x, mask) if center_prior else _ones(x, mask)
    return weighted_sum(hide(x, mask, 0.0), prior).to(x.dtype)


def _ones(x: Tensor, mask: Tensor | None) -> Tensor:
    if mask is not None:
        rectangles(mask)  # for its check alone: the padding is already zero
    return x.new_ones((1, x.shape[2], x.shape[3]), dtype=working_dtype(x))


def _prior(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return α, (1, H, W), or (B, H, W) with a mask."""
    dtype = working_dtype(x)
    H, W = x.shape[2:]
    if mask is None:
        return _centred(x)
    top, left, height, width = (side.to(dtype) for side in rectangles(mask))
    sigma = torch.minimum(height, width) / 6  # 0 for an empty rectangle: its weights are exp(−∞)
    down = _gaussian(H, top + (height - 1) / 2, sigma)  # (B, H)
    across = _gaussian(W, left + (width - 1) / 2, sigma)  # (B, W)
    return down[:, :, None] * across[:, None]  # (B, H, W)


def _centred(x: Tensor) -> Tensor:
    """Return α, (1, H, W), for the whole map: what `_prior` gives without a mask, in few calls."""
    H, W = x.shape[2:]
    # Twice the distances from the centre, squared: 1/(2·(2σ)²) = 4.5/min(H, W)².
    down, across = (
        torch.arange(1 - n, n, 2, dtype=working_dtype(x), device=x.device).square() for n in (H, W)
    )
    short: Any = torch.sym_min(H, W)  # an int, or the symbol of one in an exported graph
    return torch.exp((down[:, None] + across) * (-4.5 / short**2))[None]


def _gaussian(n: int, centre: Tensor, sigma: Tensor) -> Tensor:
    positions = torch.arange(n, dtype=centre.dtype, device=centre.device)
    return torch.exp(-0.5 * ((positions - centre[:, None]) / sigma[:, None]) ** 2)  # (B, n)


class SPoC(nn.Module):
    """Layer form of `spoc`.

    Parameters
    ----------
    center_prior : bool, default True
        As in `spoc`.

    Examples
    --------
    >>> SPoC(center_prior=False)
    SPoC(center_prior=False)
    """

    def __init__(self, *, center_prior: bool = True) -> None:
        super().__init__()
        self.center_prior = check_choice(center_prior, "center_prior", (True, False))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``spoc(x, center_prior=…, mask=mask)``."""
        return spoc(x, center_prior=self.center_prior, mask=mask)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"center_prior={self.center_prior}"
