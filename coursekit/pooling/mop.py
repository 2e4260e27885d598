"""MOP, multi-scale orderless pooling: VLADs of a network's activations of ever smaller patches.

The whole image gives one activation, the patches of each further level one VLAD.

Slide S52; Gong, Wang, Guo & Lazebnik, ECCV 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import normalize
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from coursekit.aggregation import VLAD, PerDescriptor
from coursekit.types import FloatArray, RandomState
from coursekit.validation import as_matrix, check_integer

Levels = Sequence[ArrayLike]


class MOP(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # untyped scikit-learn
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    r"""Pool the activations of an image and of its patches (*agrégation multi-échelle*).

    .. math:: f = \Bigl(\frac{a}{\lVert a \rVert}, \frac{V_2}{\lVert V_2 \rVert}, \dots\Bigr),
        \qquad V_l = \mathrm{VLAD}\bigl(\{P_l\, x : x \text{ activation of a patch of level }
        l\}\bigr)

    with a the activation of the whole image and P_l the PCA of level l. Each level has its own PCA
    and its own codebook; within it the order of the patches does not matter.

    Parameters
    ----------
    n_words : int, default 100
        K, the size of each codebook.
    n_components : int or None, default 500
        Dimensions left by the PCA of the activations: fewer where the activations have fewer, or
        where there are fewer patches to learn from. None leaves them as they are.
    n_pooled : int or None, default None
        Dimensions left by a second PCA, of each level's VLADs: 4096 in the paper. At most as many
        as there are images to learn from. None keeps the VLADs.
    power : float in (0, 1], default 0.5
        As in `coursekit.aggregation.vlad`.
    intra_norm : bool, default False
        As in `coursekit.aggregation.vlad`.
    n_init, max_iter
        As in `coursekit.aggregation.kmeans`.
    max_descriptors : int or None, default 100_000
        The codebook of a level is learnt from this many patches, drawn at random; None takes all.
    random_state : int, RandomState or None, default 0
        Seed of draws, k-means and PCA.
    n_jobs : int, optional
        As in `coursekit.aggregation.VLAD`.

    Attributes
    ----------
    encoders_ : list of Pipeline
        For level 2, 3, …: PCA of each activation, VLAD, and the PCA of the VLADs, as far as asked.
    n_features_in_ : int
        D of the whole image's activation.

    Notes
    -----
    Patches are assigned to their nearest word; the authors share each out among its five nearest,
    with weights that fall with the distance. Each level has length 1, so f has the length √L for L
    levels. A PCA with whitening of all levels together, which the paper tries for retrieval, is one
    more step: ``make_pipeline(MOP(), PCA(2048, whiten=True), Normalizer())``.

    References
    ----------
    Gong et al. 2014 and the authors' script; slide S52.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = [[rng.normal(size=(n, 16)) for n in (1, 25, 49)] for _ in range(3)]
    >>> MOP(n_words=4, n_components=8).fit(images).transform(images).shape  # 16 + 4·8 + 4·8
    (3, 80)
    """

    # Data, not metadata to route: no set_fit_request() for what scikit-learn would call X.
    __metadata_request__fit: ClassVar = {"images": UNUSED}
    __metadata_request__transform: ClassVar = {"images": UNUSED}

    def __init__(
        self,
        n_words: int = 100,
        *,
        n_components: int | None = 500,
        n_pooled: int | None = None,
        power: float = 0.5,
        intra_norm: bool = False,
        n_init: int = 1,
        max_iter: int = 100,
        max_descriptors: int | None = 100_000,
        random_state: RandomState = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_words = n_words
        self.n_components = n_components
        self.n_pooled = n_pooled
        self.power = power
        self.intra_norm = intra_norm
        self.n_init = n_init
        self.max_iter = max_iter
        self.max_descriptors = max_descriptors
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, images: Sequence[Levels], y: Any = None) -> MOP:
        """Learn the PCA and the codebook of each level.

        Parameters
        ----------
        images : list of lists of arrays
            Per image, the activations (1, D) of the whole, then those (n, D) of the n patches of
            each level, as from `mop_activations`. n may differ between images, D between levels.
        y : ignored

        Returns
        -------
        MOP
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            If `images` is not as above or not finite, an option is out of range, or a level has
            fewer (distinct) patches than words.
        """
        n_words = check_integer(self.n_words, "n_words")
        for name in ("n_components", "n_pooled"):
            if getattr(self, name) is not None:
                check_integer(getattr(self, name), name)
        levels = _by_level(images)
        if not levels:
            raise ValueError("images: expected at least one, got none")
        _check_enough(levels, max(2, n_words))
        if self.n_pooled is not None and len(images) < 2:
            raise ValueError("images: expected at least 2 for n_pooled, got 1")
        self.n_features_in_ = levels[0][0].shape[1]
        with np.errstate(invalid="ignore"):  # a PCA of equal rows: shares of no variance are 0/0
            self.encoders_ = [self._encoder(bags).fit(bags) for bags in levels[1:]]
        self._widths = [self.n_features_in_, *(_width(encoder) for encoder in self.encoders_)]
        return self

    def _encoder(self, bags: list[FloatArray]) -> Pipeline:
        """Return the steps of one level, unfitted, with no PCA wider than its data allow."""
        N, D = sum(map(len, bags)), bags[0].shape[1]
        steps: list[Any] = []
        if self.n_components is not None:
            D = min(self.n_components, D, N)
            steps.append(PerDescriptor(PCA(D, random_state=self.random_state)))
        steps.append(
            VLAD(
                self.n_words,
                power=self.power,
                intra_norm=self.intra_norm,
                n_init=self.n_init,
                max_iter=self.max_iter,
                max_descriptors=self.max_descriptors,
                random_state=self.random_state,
                n_jobs=self.n_jobs,
            )
        )
        if self.n_pooled is not None:
            width = min(self.n_pooled, len(bags), self.n_words * D)
            steps.append(PCA(width, random_state=self.random_state))
        return make_pipeline(*steps)

    def transform(self, images: Sequence[Levels]) -> FloatArray:
        """Pool images.

        Parameters
        ----------
        images : list of lists of arrays
            As for `fit`, with as many levels and the same D.

        Returns
        -------
        (n_images, dimension) floating
            Level after level, each of length 1, in the dtype of the activations (float32 for
            integers); zeros for a level without patches or of zeros.

        Raises
        ------
        TypeError, ValueError
            If `images` is not as above or not finite.
        sklearn.exceptions.NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        levels = _by_level(images, [self.n_features_in_, *map(_columns, self.encoders_)])
        if not levels:
            return np.zeros((0, sum(self._widths)), np.float32)
        dtype = np.result_type(*(rows for bags in levels for rows in bags))
        blocks = [np.concatenate(levels[0])]
        for bags, encoder in zip(levels[1:], self.encoders_, strict=True):
            vectors = encoder.transform(bags)
            vectors[[len(rows) == 0 for rows in bags]] = 0  # the second PCA takes a mean off
            blocks.append(vectors)
        working = np.promote_types(dtype, np.float32)
        units = [normalize(block.astype(working, copy=False)) for block in blocks]
        return np.concatenate(units, axis=1).astype(dtype, copy=False)

    @property
    def _n_features_out(self) -> int:
        return sum(self._widths)


def _check_enough(levels: list[list[FloatArray]], least: int) -> None:
    for number, bags in enumerate(levels[1:], start=2):
        n = sum(map(len, bags))
        if n < least:
            raise ValueError(
                f"images: expected at least {least} patches at level {number}, got {n}"
            )


def _columns(encoder: Pipeline) -> int:
    return int(encoder[0].n_features_in_)


def _width(encoder: Pipeline) -> int:
    return len(encoder[-1].get_feature_names_out())


def _by_level(
    images: Any, columns: list[int] | None = None, match: str = "fit"
) -> list[list[FloatArray]]:
    """Return, level by level, the activations of each image; nothing for no image.

    The number of levels and their dimensions follow `columns` or else the first image.
    """
    if not isinstance(images, list | tuple):
        raise TypeError(f"images: expected a list of lists of arrays, got {type(images).__name__}")
    rows: list[list[FloatArray]] = []
    for i, image in enumerate(images):
        rows.append(_as_levels(image, f"images[{i}]", columns, match))
        if columns is None:
            columns, match = [x.shape[1] for x in rows[0]], "images[0]"
    return [list(bags) for bags in zip(*rows, strict=True)]


def _as_levels(image: Any, name: str, columns: list[int] | None, match: str) -> list[FloatArray]:
    if not isinstance(image, list | tuple):
        raise TypeError(f"{name}: expected a list of arrays, got {type(image).__name__}")
    if columns is None and not image:
        raise ValueError(f"{name}: expected at least one level, got none")
    if columns is not None and len(image) != len(columns):
        raise ValueError(
            f"{name}: expected {len(columns)} levels to match {match}, got {len(image)}"
        )
    widths: Sequence[int | None] = columns or [None] * len(image)
    levels = [
        as_matrix(x, f"{name}[{level}]", columns=width, match=match, symbols="(n, D)")
        for level, (x, width) in enumerate(zip(image, widths, strict=True))
    ]
    if len(levels[0]) != 1:
        raise ValueError(f"{name}[0]: expected shape (1, D), got {levels[0].shape}")
    return levels
