"""CroW, cross-dimensional weighting: sums weighted by pixel and by channel.

Slide S50; Kalantidis, Mellina & Osindero, ECCV workshops 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coursekit.validation import check_positive

from ._maps import (
    by_pieces,
    check_maps,
    full_precision,
    hide,
    weighted_sum,
    working_dtype,
)


def crow(x: Tensor, *, alpha: float = 2, beta: float = 2, mask: Tensor | None = None) -> Tensor:
    r"""Return sums weighted by how active a pixel and how rare a channel is (*double pondération*).

    .. math:: f_c = w_c \sum_{i,j} s_{i,j}\, x_{c,i,j}, \qquad
        s_{i,j} = \Bigl(\frac{S_{i,j}}{\lVert S\rVert_\alpha}\Bigr)^{1/\beta}, \qquad
        w_c = \log\frac{\sum_k Q_k}{Q_c}

    S is the sum of the maps, clamped at 0, and Q_c the share of the pixels at which channel c
    responds (is not 0). The channel weight tempers bursts as an inverse document frequency does.

    Parameters
    ----------
    x : (B, C, H, W) floating
        Maps; H, W ≥ 1. B = 0 gives (0, C).
    alpha, beta : float > 0, default 2
        The norm and the root.
    mask : (B, H, W) bool, optional
        False where a map was padded; such pixels count for nothing, even if they hold NaN. An
        image without any True gives zeros.

    Returns
    -------
    (B, C) of the dtype of `x`, not normalised
        A channel that never responds gives 0, as does every channel of a zero map. Computed in
        float32 for half precision; a sum beyond float16's 65504 is still infinite there. The
        weights w are counts and carry no gradient; nor does s where S ≤ 0.

    Raises
    ------
    TypeError, ValueError
        If `x` or `mask` has another type, dtype or shape, or `alpha` or `beta` is not a finite
        number > 0.

    References
    ----------
    Kalantidis, Mellina & Osindero 2016 and the authors' script (which gives NaN on zero maps);
    slide S50.

    Examples
    --------
    Only one channel responds, so log(ΣQ/Q) is 0 for it:

    >>> import torch
    >>> x = torch.zeros(1, 2, 1, 2)
    >>> x[0, 0] = 3.0
    >>> crow(x).tolist()
    [[0.0, 0.0]]
    """
    check_maps(x, mask)
    alpha, beta = check_positive(alpha, "alpha"), check_positive(beta, "beta")
    x = hide(x, mask, 0.0)
    sums = weighted_sum(x, _spatial_weights(x, alpha, beta))  # (B, C)
    return (sums * _channel_weights(x)).to(x.dtype)


def _sum_of_channels(x: Tensor) -> Tensor:
    """Return S, (B, H, W), as a product with ones: `sum` over channels takes half as long again."""
    ones = x.new_ones((1, 1, x.shape[1]), dtype=working_dtype(x))
    with full_precision(x):
        sums = torch.bmm(ones.expand(x.shape[0], -1, -1), x.flatten(2).to(ones.dtype))
    return sums.reshape(x.shape[0], x.shape[2], x.shape[3])


def _spatial_weights(x: Tensor, alpha: float, beta: float) -> Tensor:
    """Return s, (B, H, W); 0 where the sum map is not positive."""
    total = _sum_of_channels(x)  # S, (B, H, W)
    peak = total.detach().amax((1, 2), keepdim=True)  # s is free of scale: no power may overflow
    scaled = total / peak.where(peak > 0, 1.0)
    active = scaled > 0
    scaled = scaled.where(active, 1.0)  # away from 0, where roots have no gradient
    powers = (scaled**alpha).where(active, 0.0).sum((1, 2), keepdim=True)
    norm = powers.where(powers > 0, 1.0) ** (1 / alpha)
    return ((scaled / norm) ** (1 / beta)).where(active, 0.0)


def _channel_weights(x: Tensor) -> Tensor:
    """Return w, (B, C); 0 for a channel that never responds."""
    # Σ sign(x)², which torch has vector code for; `count_nonzero` has none and is far slower.
    counts = by_pieces(_norm_of_signs, x.detach()).square()  # the area cancels in ΣQ/Q
    total = counts.sum(1, keepdim=True)
    alive = counts > 0
    return torch.log(total / counts.where(alive, 1.0)).where(alive, 0.0)


def _norm_of_signs(x: Tensor, mask: Tensor | None, channels: Tensor | None) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(x.to(working_dtype(x)).sign(), dim=(2, 3))
    return norm


class CroW(nn.Module):
    """Layer form of `crow`.

    Parameters
    ----------
    alpha, beta : float > 0, default 2
        As in `crow`.

    Examples
    --------
    >>> CroW()
    CroW(alpha=2, beta=2)
    """

    def __init__(self, *, alpha: float = 2, beta: float = 2) -> None:
        super().__init__()
        check_positive(alpha, "alpha")
        check_positive(beta, "beta")
        self.alpha, self.beta = alpha, beta

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``crow(x, alpha=…, beta=…, mask=mask)``."""
        return crow(x, alpha=self.alpha, beta=self.beta, mask=mask)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"alpha={self.alpha:g}, beta={self.beta:g}"
