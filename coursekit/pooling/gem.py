"""GeM, the generalised mean: between the average (p = 1) and the maximum (p → ∞), trainable.

Slide S51; Radenović, Tolias & Chum, PAMI 2018.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from coursekit.validation import check_choice, check_integer, check_positive

from ._maps import by_pieces, check_floating, check_maps, hide, working_dtype, zero_if_empty


def gem(
    x: Tensor, p: float | Tensor = 3.0, *, eps: float = 1e-6, mask: Tensor | None = None
) -> Tensor:
    r"""Return the generalised mean of each map (*moyenne généralisée*).

    .. math:: f_c = \Bigl(\frac{1}{HW} \sum_{i,j} \max(x_{c,i,j}, \epsilon)^{p_c}\Bigr)^{1/p_c}

    Parameters
    ----------
    x : (B, C, H, W) floating
        Maps; H, W ≥ 1. B = 0 gives (0, C).
    p : float > 0, or tensor () or (C,), default 3
        One exponent, or one per channel. The value of a tensor is not checked.
    eps : float > 0, default 1e-6
        Smaller responses are raised to it, so a zero map gives `eps`.
    mask : (B, H, W) bool, optional
        False where a map was padded; such pixels count for nothing, even if they hold NaN. An
        image without any True gives zeros.

    Returns
    -------
    (B, C) of the dtype of `x`, not normalised

    Raises
    ------
    TypeError, ValueError
        If `x`, `p` or `mask` has another type, dtype or shape, or `p` or `eps` is a number that is
        not finite and > 0.

    Notes
    -----
    Responses are divided by the largest of their map before the power and multiplied after it, so
    that no power leaves float32 (in which half precision is computed too). The plain numbers
    p = 1, 2, 3 skip this for float32 and float64, at two to three times the speed: float32
    responses above 1e11 would overflow there.

    References
    ----------
    Radenović, Tolias & Chum 2018, eq. (3)–(5); slide S51.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[[1.0, 7.0]]]])
    >>> gem(x, 1).tolist(), gem(x, 2).tolist()  # the average 4, the root of (1 + 49)/2
    ([[4.0]], [[5.0]])
    """
    check_maps(x, mask)
    eps = check_positive(eps, "eps")
    x = hide(x, mask, eps)
    if isinstance(p, Tensor):
        _check_exponents(p, x.shape[1])
        exponents = p.to(working_dtype(x)).expand(x.shape[1])  # (C,)
        pooled = by_pieces(partial(_scaled_mean, eps=eps), x, mask=mask, channels=exponents)
    elif check_positive(p, "p") in (1, 2, 3) and x.dtype == working_dtype(x) and eps > 1e-9:
        sums = by_pieces(partial(_sum_of_powers, p=p, eps=eps), x, mask=mask)
        pooled = (sums / _count(x, mask)) ** (1 / p)
    else:
        pooled = by_pieces(partial(_scaled_mean, p=p, eps=eps), x, mask=mask)
    return zero_if_empty(pooled, mask)


def _check_exponents(p: Tensor, n_channels: int) -> None:
    check_floating(p, "p")
    if p.ndim and p.shape != (n_channels,):
        raise ValueError(f"p: expected shape () or ({n_channels},), got {tuple(p.shape)}")


def _sum_of_powers(
    x: Tensor, mask: Tensor | None, channels: Tensor | None, *, p: float, eps: float
) -> Tensor:
    """Return the sums (B, C) of x^p, for p = 1, 2, 3, which torch computes by multiplication."""
    return _sum(x.clamp(min=eps).pow_(p), mask)


def _scaled_mean(
    x: Tensor, mask: Tensor | None, exponents: Tensor | None, *, eps: float, p: float = 3.0
) -> Tensor:
    """Return the generalised means (B, C) with `exponents` (C,), else with `p`, for any range."""
    y = x.to(working_dtype(x)).clamp(min=eps)
    peak = y.detach().amax((2, 3))  # cancels in the result: a constant for the gradient
    # exp(p log x), since torch's own power of a fraction or tensor is several times slower. In
    # place: a gradient keeps what it needs, and without one no memory is taken.
    logs = y.div_(peak[:, :, None, None]).log_()
    powers = logs.mul_(p if exponents is None else exponents[:, None, None]).exp_()
    root = 1 / p if exponents is None else 1 / exponents
    return (peak * (_sum(powers, mask) / _count(x, mask)) ** root).to(x.dtype)


def _sum(powers: Tensor, mask: Tensor | None) -> Tensor:
    """Return the sums (B, C) over the pixels kept."""
    return hide(powers, mask, 0.0).sum((2, 3))


def _count(x: Tensor, mask: Tensor | None) -> Tensor | int:
    """Return how many pixels are kept, (B, 1) with a mask; 1 for an empty image."""
    return x.shape[2] * x.shape[3] if mask is None else mask.sum((1, 2))[:, None].clamp(min=1)


class GeM(nn.Module):
    """Layer form of `gem`.

    Parameters
    ----------
    p : float > 0, default 3
        Exponent, or where its training starts.
    trainable : bool, default True
        False keeps the exponent as a plain number, which is faster and not in the state.
    channels : int, optional
        C, for one trainable exponent per channel; else one for all.
    eps : float > 0, default 1e-6
        As in `gem`.

    Attributes
    ----------
    p : Parameter () or (C,), or float if not trainable

    Examples
    --------
    >>> GeM(p=3.0, trainable=False)
    GeM(p=3, trainable=False, eps=1e-06)
    """

    p: nn.Parameter | float

    def __init__(
        self,
        p: float = 3.0,
        trainable: bool = True,
        channels: int | None = None,
        *,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        p = check_positive(p, "p")
        self.eps = check_positive(eps, "eps")
        self.trainable = check_choice(trainable, "trainable", (True, False))
        if channels is not None:
            check_integer(channels, "channels")
            if not trainable:
                raise ValueError(f"channels: expected None with trainable=False, got {channels}")
        size = () if channels is None else (channels,)
        self.p = nn.Parameter(torch.full(size, p)) if trainable else p

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``gem(x, self.p, eps=…, mask=mask)``."""
        return gem(x, self.p, eps=self.eps, mask=mask)

    def extra_repr(self) -> str:
        """Return the exponent, or how many there are, and the options."""
        if isinstance(self.p, float):
            exponent = f"p={self.p:.4g}"
        elif self.p.ndim:
            exponent = f"channels={len(self.p)}"
        else:
            exponent = f"p={self.p.item():.4g}"
        return f"{exponent}, trainable={self.trainable}, eps={self.eps:g}"
