"""MAC, the maximum activations of convolutions: each map's largest response.

Slides S46–S47; Tolias, Sicre & Jégou, ICLR 2016.
"""

from __future__ import annotations

from torch import Tensor, nn

from ._maps import check_maps, hide, zero_if_empty


def mac(x: Tensor, *, mask: Tensor | None = None) -> Tensor:
    r"""Return the maximum of each map (*maximum spatial*).

    .. math:: f_c = \max_{i,j} x_{c,i,j}

    Parameters
    ----------
    x : (B, C, H, W) floating
        Maps; H, W ≥ 1. B = 0 gives (0, C).
    mask : (B, H, W) bool, optional
        False where a map was padded; such pixels count for nothing, even if they hold NaN. An
        image without any True gives zeros.

    Returns
    -------
    (B, C) of the dtype of `x`, not normalised
        Equal maxima share the gradient evenly.

    Raises
    ------
    TypeError, ValueError
        If `x` or `mask` has another type, dtype or shape.

    References
    ----------
    Tolias, Sicre & Jégou 2016; slides S46–S47.

    Examples
    --------
    >>> import torch
    >>> mac(torch.tensor([[[[1.0, 5.0], [2.0, 0.0]]]])).tolist()
    [[5.0]]
    """
    check_maps(x, mask)
    return zero_if_empty(hide(x, mask, -float("inf")).amax((2, 3)), mask)


class MAC(nn.Module):
    """Layer form of `mac`.

    Examples
    --------
    >>> import torch
    >>> MAC()(torch.zeros(2, 512, 7, 7)).shape
    torch.Size([2, 512])
    """

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``mac(x, mask=mask)``."""
        return mac(x, mask=mask)
