"""What says that matching vectors should be near and others far."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coursekit.validation import check_positive

__all__ = ["contrastive_loss"]


def contrastive_loss(vectors: Tensor, labels: Tensor, *, margin: float = 0.7) -> Tensor:
    r"""Compute the contrastive loss over all pairs of a batch.

    .. math::

        \ell(i, j) = \tfrac{1}{2} \|x_i - x_j\|^2 \text{ if } i, j \text{ match},
        \quad \tfrac{1}{2} \max(\tau - \|x_i - x_j\|, 0)^2 \text{ otherwise}

    The mean over the matching pairs is added to the mean over those others that are nearer than
    the margin: far ones have nothing to say, and would only dilute the rest.

    Parameters
    ----------
    vectors : (B, D) floating tensor
        Scaled to norm 1 here.
    labels : (B,) integer tensor
        Vectors of one label match.
    margin : float, default 0.7
        τ, a distance: two unit vectors are at most 2 apart.

    Returns
    -------
    () tensor
        0 for a batch without pairs.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, `labels` are no integers, or `margin` is not positive.

    References
    ----------
    Hadsell, Chopra & LeCun 2006; with this margin Radenović et al. 2019.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> round(contrastive_loss(x, torch.tensor([0, 0, 1])).item(), 4)  # ½·0.4 and ½·(0.7 − 0.89)²₊
    0.2
    """
    check_positive(margin, "margin")
    if vectors.ndim != 2:
        raise ValueError(f"vectors: expected shape (B, D), got {tuple(vectors.shape)}")
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(f"labels: expected integers, got {labels.dtype}")
    if labels.shape != vectors.shape[:1]:
        raise ValueError(f"labels: expected shape ({len(vectors)},), got {tuple(labels.shape)}")
    x = nn.functional.normalize(vectors, dim=1)
    i, j = torch.triu_indices(len(x), len(x), offset=1, device=x.device)
    square = (x[i] - x[j]).pow(2).sum(dim=1)
    same = labels[i] == labels[j]
    # The square root has no slope at 0: two equal vectors that should differ are pushed by none.
    near = (margin - square.clamp(min=1e-12).sqrt()).clamp(min=0)[~same]
    pulled, pushed = square[same].sum() / 2, near.pow(2).sum() / 2
    return pulled / same.sum().clamp(min=1) + pushed / (near > 0).sum().clamp(min=1)
