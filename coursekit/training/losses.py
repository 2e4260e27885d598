"""What says that matching vectors should be near and others far."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coursekit.validation import check_positive

__all__ = ["contrastive_loss", "info_nce"]


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


def info_nce(first: Tensor, second: Tensor, *, temperature: float = 0.1) -> Tensor:
    r"""Compute the loss of telling which two views of a batch match.

    .. math::

        -\frac{1}{2B} \sum_i \left( \log \frac{\exp(s_{ii}/\tau)}{\sum_j \exp(s_{ij}/\tau)}
        + \log \frac{\exp(s_{ii}/\tau)}{\sum_j \exp(s_{ji}/\tau)} \right)

    with :math:`s_{ij}` the cosine of the i-th first view and the j-th second one: a classification
    of each view into the photos of the batch, in both directions.

    Parameters
    ----------
    first, second : (B, D) floating tensors
        Row i of one and row i of the other match, and no others. Scaled to norm 1 here.
    temperature : float, default 0.1
        τ: the smaller, the more the hardest of the other photos count.

    Returns
    -------
    () tensor
        At least 0; log B when all cosines are equal.

    Raises
    ------
    ValueError
        If shapes differ or are not (B, D) with B ≥ 1, or `temperature` is not positive.

    References
    ----------
    van den Oord, Li & Vinyals 2018; in both directions Chen et al. 2020 and Radford et al. 2021.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> round(info_nce(x, x, temperature=1.0).item(), 4)  # log(1 + exp(-1))
    0.3133
    """
    check_positive(temperature, "temperature")
    if first.ndim != 2 or len(first) == 0:
        raise ValueError(f"first: expected shape (B, D), got {tuple(first.shape)}")
    if second.shape != first.shape:
        raise ValueError(
            f"second: expected shape {tuple(first.shape)}, that of first, got {tuple(second.shape)}"
        )
    x, y = (nn.functional.normalize(one, dim=1) for one in (first, second))
    scores = x @ y.T / temperature
    own = torch.arange(len(x), device=x.device)
    both = nn.functional.cross_entropy(scores, own) + nn.functional.cross_entropy(scores.T, own)
    return both / 2
