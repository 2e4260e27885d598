"""NetVLAD: VLAD as a trainable layer, with soft assignment of a map's columns to words.

Slide S52; Arandjelović, Gronat, Torii, Pajdla & Sivic, CVPR 2016.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.validation import as_matrix, check_choice, check_integer, check_positive

from ._maps import (
    by_images,
    check_floating,
    check_maps,
    check_shape,
    full_precision,
    hide,
    lengths,
    working_dtype,
)


def netvlad(
    x: Tensor, centroids: Tensor, weight: Tensor, bias: Tensor, *, mask: Tensor | None = None
) -> Tensor:
    r"""Return the soft-assigned residual sums of a map's columns (*VLAD différentiable*).

    .. math:: V_k = \sum_{i,j} a_k(x_{i,j})\,(x_{i,j} - c_k), \qquad
        a(x) = \operatorname{softmax}(\text{weight}\,x + \text{bias})

    Each V_k is L2-normalised, then all of them together.

    Parameters
    ----------
    x : (B, C, H, W) floating
        Maps; H, W ≥ 1. B = 0 gives (0, K·C). The columns are taken as they are, see `NetVLAD`.
    centroids : (K, C) floating
        Visual words, K ≥ 1.
    weight, bias : (K, C), (K,) floating
        Of the assignment; 2αc and −α‖c‖² make it a softmax of −α times squared distances.
    mask : (B, H, W) bool, optional
        False where a map was padded; such pixels count for nothing, even if they hold NaN. An
        image without any True gives zeros.

    Returns
    -------
    (B, K·C) of the dtype of `x`, word by word, of length 1 (or 0, if every residual sum is 0)
        Computed in float32 for half precision and under autocast: assignments are too sharp for
        less.

    Raises
    ------
    TypeError, ValueError
        If an argument has another type, dtype or shape.

    Notes
    -----
    V = A Xᵀ − diag(A 1) C: two matrix products and nothing of size B·K·C·H·W.

    References
    ----------
    Arandjelović et al. 2016, eq. (3)–(4); slide S52.

    Examples
    --------
    One word, two columns: (1 + 4 − 2·2, 0 + 0 − 2·0) = (1, 0).

    >>> import torch
    >>> x = torch.tensor([[[[1.0, 4.0]], [[0.0, 0.0]]]])
    >>> netvlad(x, torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2), torch.zeros(1)).tolist()
    [[1.0, 0.0]]
    """
    check_maps(x, mask)
    _check_words(centroids, weight, bias, x.shape[1])
    return _pool(x, centroids, weight, bias, mask, normalize=False)


def _pool(
    x: Tensor,
    centroids: Tensor,
    weight: Tensor,
    bias: Tensor,
    mask: Tensor | None,
    *,
    normalize: bool,
) -> Tensor:
    """Return `netvlad` of the columns, or of the columns over their lengths."""
    dtype = working_dtype(x)
    centroids, weight, bias = centroids.to(dtype), weight.to(dtype), bias.to(dtype)
    columns = hide(x, mask, 0.0).flatten(2).to(dtype)  # (B, C, N)
    B = x.shape[0]
    with full_precision(x):
        scores = torch.bmm(weight.expand(B, -1, -1), columns)  # (B, K, N)
        # Lengths divide what is small, the scores and assignments, instead of the columns.
        norms = _column_lengths(columns) if normalize else None  # (B, 1, N)
        scores = bias[:, None] + (scores if norms is None else scores / norms)
        assigned = scores.softmax(1)
        if mask is not None:
            assigned = assigned.masked_fill(~mask.flatten(1)[:, None], 0.0)
        shares = assigned if norms is None else assigned / norms
        sums = torch.bmm(shares, columns.mT) - assigned.sum(2)[:, :, None] * centroids  # (B, K, C)
    sums = sums / lengths(sums, 2)
    vector = sums.flatten(1)
    return (vector / lengths(vector, 1)).to(x.dtype)


def _column_lengths(columns: Tensor) -> Tensor:
    """Return the lengths (B, 1, N) of columns (B, C, N); 1 for one of zeros.

    What `lengths` gives, several times faster: a norm along the second dimension has no vector
    code.
    """
    values = columns.detach()
    peak = torch.maximum(values.amax(1, keepdim=True), -values.amin(1, keepdim=True))
    # A number too small for its inverse to exist counts as zero.
    peak = peak.where(peak >= torch.finfo(peak.dtype).smallest_normal, 1.0)
    images = zip(by_images(columns), by_images(peak), strict=True)
    squares = torch.cat([(part / top).square().sum(1, keepdim=True) for part, top in images])
    return peak * squares.where(squares > 0, 1.0).sqrt()


def _check_words(centroids: Tensor, weight: Tensor, bias: Tensor, C: int) -> None:
    for name, value in [("centroids", centroids), ("weight", weight), ("bias", bias)]:
        check_floating(value, name)
    if centroids.ndim != 2 or centroids.shape[1] != C or len(centroids) == 0:
        shape = tuple(centroids.shape)
        raise ValueError(f"centroids: expected shape (K, {C}), K ≥ 1, to match x, got {shape}")
    check_shape(weight, "weight", tuple(centroids.shape), "centroids")
    check_shape(bias, "bias", (len(centroids),), "centroids")


class NetVLAD(nn.Module):
    """Layer form of `netvlad`, with trainable words and assignment.

    Parameters
    ----------
    channels : int
        C, of the maps.
    n_words : int, default 64
        K. The words start as random directions, with the assignment of `from_centroids`, which is
        the better start.
    normalize_input : bool, default True
        L2-normalise each column first, as the paper does.

    Attributes
    ----------
    centroids, weight : Parameter (K, C)
    bias : Parameter (K,)

    Examples
    --------
    >>> import torch
    >>> NetVLAD(512, n_words=8)(torch.rand(2, 512, 7, 7)).shape
    torch.Size([2, 4096])
    """

    def __init__(self, channels: int, n_words: int = 64, *, normalize_input: bool = True) -> None:
        super().__init__()
        check_integer(channels, "channels")
        check_integer(n_words, "n_words")
        self.normalize_input = check_choice(normalize_input, "normalize_input", (True, False))
        self.centroids = nn.Parameter(torch.empty(n_words, channels))
        self.weight = nn.Parameter(torch.empty(n_words, channels))
        self.bias = nn.Parameter(torch.empty(n_words))
        self.reset_parameters()

    @classmethod
    def from_centroids(
        cls,
        centroids: Any,
        alpha: float | None = None,
        *,
        descriptors: Any = None,
        normalize_input: bool = True,
    ) -> NetVLAD:
        r"""Make the layer whose assignment is a softmax of −α‖x − c_k‖².

        Parameters
        ----------
        centroids : (K, C) floating
            Visual words, for example those of `coursekit.aggregation.kmeans` on columns of maps
            (of length 1, if the layer is to normalise its input).
        alpha : float > 0, optional
            Sharpness. By default −ln(0.01) over the mean gap between the two smallest squared
            distances to words, so that the second word typically weighs a hundredth of the first.
        descriptors : (T, C) floating, optional
            Columns from which the gap is taken; by default the words stand in for them, each at
            distance 0 from itself.
        normalize_input : bool, default True
            As in the class.

        Returns
        -------
        NetVLAD
            With weight 2αc and bias −α‖c‖², in float32.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or the gap is 0, so that no α follows from it.

        References
        ----------
        Arandjelović et al. 2016, eq. (2)–(3), and the authors' code for α.

        Examples
        --------
        >>> layer = NetVLAD.from_centroids([[1.0, 0.0], [0.0, 2.0]], alpha=3.0)
        >>> layer.weight.tolist(), layer.bias.tolist()
        ([[6.0, 0.0], [0.0, 12.0]], [-3.0, -12.0])
        """
        words = _as_tensor(centroids, "centroids", "(K, C)")
        if len(words) == 0:
            raise ValueError(f"centroids: expected at least one row, got {tuple(words.shape)}")
        points = words
        if descriptors is not None:
            points = _as_tensor(descriptors, "descriptors", "(T, C)", columns=words.shape[1])
        alpha = _sharpness(points, words) if alpha is None else check_positive(alpha, "alpha")
        layer = cls(words.shape[1], len(words), normalize_input=normalize_input)
        layer._place(words, alpha)
        return layer

    def reset_parameters(self) -> None:
        """Draw the words anew, as random directions of length 1."""
        words = torch.randn(self.centroids.shape)
        # Two random directions of many dimensions are at a squared distance of about 2.
        self._place(words / lengths(words, 1), -math.log(0.01) / 2)

    @torch.no_grad()
    def _place(self, words: Tensor, alpha: float) -> None:
        self.centroids.copy_(words)
        self.weight.copy_(2 * alpha * words)
        self.bias.copy_(-alpha * words.square().sum(1))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return ``netvlad(x, …, mask=mask)``, after normalising the columns if asked."""
        check_maps(x, mask)
        words = (self.centroids, self.weight, self.bias)
        _check_words(*words, x.shape[1])
        return _pool(x, *words, mask, normalize=self.normalize_input)

    def extra_repr(self) -> str:
        """Return sizes and options."""
        K, C = self.centroids.shape
        return f"channels={C}, n_words={K}, normalize_input={self.normalize_input}"


def _as_tensor(values: Any, name: str, symbols: str, *, columns: int | None = None) -> Tensor:
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    matrix = as_matrix(values, name, columns=columns, match="centroids", symbols=symbols)
    return torch.from_numpy(matrix).double()


def _sharpness(points: Tensor, words: Tensor) -> float:
    """Return α from the two smallest squared distances of each point to words."""
    if len(words) == 1:
        return 1.0  # one word takes everything at any sharpness
    squared = torch.cdist(points, words, compute_mode="donot_use_mm_for_euclid_dist").square()
    first, second = squared.topk(2, dim=1, largest=False).values.unbind(1)
    gap = float((second - first).mean()) if len(points) else 0.0
    if not gap > 0:
        raise ValueError(f"alpha: expected a number > 0, since the mean gap is {gap}, got None")
    return -math.log(0.01) / gap
