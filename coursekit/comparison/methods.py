"""The methods that are compared: a source of features, then an encoder or a pooling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from coursekit.aggregation import (
    VLAD,
    BagOfWords,
    FisherVector,
    PerDescriptor,
    SpatialPyramid,
    SuperVector,
)
from coursekit.comparison.learnt import (
    LayerPooled,
    LayerTrained,
    PatchDescriptors,
    gem_layer,
    netvlad_layer,
)
from coursekit.comparison.pooled import Pooled

__all__ = ["METHODS", "Method"]

_D: Final = 64  # dimensions of SIFT after PCA, as in Jégou et al. 2012
_EPOCHS: Final = 8  # of the training of pooling layers, at most


@dataclass(frozen=True)
class Method:
    """One way from an image to a vector.

    Parameters
    ----------
    name : str
        As on the command line.
    title : str
        As in tables.
    source : str
        Which of `SOURCES` it starts from.
    make : callable
        ``make(random_state=i)`` returns a new encoder: ``fit(features, images)``, where only an
        encoder that makes views looks at the images, then ``transform(features)`` to (N, dim).
        Without `random_state` it is 0.
    codebook : str, default ""
        Methods of one source that name the same codebook learn the same one, by k-means from the
        same descriptors: in each draw, `evaluate` has it learnt by the first of them. Empty for one
        of its own.
    chance : bool, default True
        Whether another `random_state`, of the encoder or of the source, gives other vectors. If
        not, one draw is enough.
    """

    name: str
    title: str
    source: str
    make: Callable[..., Any]
    codebook: str = ""
    chance: bool = True


def _reduced(make: Callable[..., Any], random_state: int = 0) -> Any:
    """Put PCA before an encoder.

    In float64, then rounded: in float32 the last digits are those of the processor, and a codebook
    that is learnt from them may end in another minimum.
    """
    precise, rounded = (
        FunctionTransformer(np.asarray, kw_args={"dtype": dtype})
        for dtype in (np.float64, np.float32)
    )
    reduce = make_pipeline(precise, PCA(_D, random_state=random_state), rounded)
    return make_pipeline(PerDescriptor(reduce), make(random_state=random_state))


def _pooling(name: str, random_state: int = 0, **options: Any) -> Any:
    import coursekit.pooling

    return Pooled(partial(getattr(coursekit.pooling, name), **options))


def _stacked(random_state: int = 0) -> Any:
    return FunctionTransformer(np.stack)


def _pyramid(random_state: int = 0) -> Any:
    return SpatialPyramid(BagOfWords(64, random_state=random_state))


def _kernel_vlad(random_state: int = 0) -> Any:
    describe = PatchDescriptors(random_state)
    return make_pipeline(describe, *_reduced(partial(VLAD, 64, power=0.5), random_state))


def _mop(random_state: int = 0) -> Any:
    from coursekit.pooling import MOP

    return MOP(n_words=64, n_components=_D, random_state=random_state)


def _local() -> Iterator[Method]:
    def sift(name: str, title: str, make: Callable[..., Any], codebook: str = "") -> Method:
        return Method(name, title, "sift", make, codebook)

    yield Method("colours", "Colour histogram, 64 bins", "colours", _stacked, chance=False)
    words, vlad = partial(BagOfWords, 1000, norm="l2"), partial(VLAD, 64, power=0.5)
    yield sift("bow64", "BoW, K = 64", partial(BagOfWords, 64), "64")
    yield sift("bow1000", "BoW, K = 1000", words, "1000")
    yield sift("bow1000x3", "BoW, K = 1000, 3 words", partial(words, n_assign=3), "1000")
    yield sift("bow1000tfidf", "BoW, K = 1000, TF-IDF", partial(words, tf_idf=True), "1000")
    yield sift("pyramid", "Spatial pyramid of BoW, K = 64", _pyramid, "64")
    yield sift("vlad", "VLAD, K = 64", vlad, "64")
    reduced = "64 after PCA"
    yield sift("vlad_pca", "VLAD, K = 64, after PCA", partial(_reduced, vlad), reduced)
    supervector = partial(_reduced, partial(SuperVector, 64))
    yield sift("supervector", "Super-vector, K = 64", supervector, reduced)
    fisher = partial(_reduced, partial(FisherVector, 64))
    yield sift("fisher", "Fisher vector, K = 64", fisher)
    yield Method("ckn_vlad", "VLAD of patch-CKN, K = 64", "sift_patches", _kernel_vlad)


def _deep() -> Iterator[Method]:
    def fixed(name: str, title: str, pool: str, **options: Any) -> Method:
        return Method(name, title, "maps", partial(_pooling, pool, **options), chance=False)

    yield fixed("mac", "MAC", "mac")
    yield fixed("gem", "GeM, p = 3", "gem")
    for pool, title in (("mac", "MAC"), ("gem", "GeM, p = 3")):
        name, make = f"{pool}_random", partial(_pooling, pool)
        yield Method(name, f"{title}, random weights", "random_maps", make)
    yield fixed("spoc", "SPoC", "spoc")
    yield fixed("spoc_flat", "SPoC, no centre prior", "spoc", center_prior=False)
    yield fixed("crow", "CroW", "crow")
    yield fixed("rmac", "R-MAC", "rmac")
    netvlad = partial(LayerPooled, netvlad_layer)
    yield Method("netvlad", "NetVLAD, K = 64, not trained", "maps", netvlad)
    trained = partial(LayerTrained, n_epochs=_EPOCHS)
    for name, title, options in (
        ("netvlad_learnt", "NetVLAD, K = 64, learnt", {"start": netvlad_layer}),
        ("gem_learnt_p", "GeM, p learnt", {"start": gem_layer}),
        ("gem_tuned", "GeM, p and last block learnt", {"start": gem_layer, "last_block": True}),
    ):
        yield Method(name, title, "middle_maps", partial(trained, **options))
    yield Method("mop", "MOP-CNN, K = 64", "patches", _mop)


METHODS: Final[Mapping[str, Method]] = {one.name: one for one in (*_local(), *_deep())}
"""Each method by its name."""
