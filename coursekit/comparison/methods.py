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
from coursekit.comparison.pooled import LayerPooled, Pooled, gem_layer, netvlad_layer

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
        Returns a new encoder: ``fit(features, images)``, where only an encoder that makes views
        looks at the images, then ``transform(features)`` to (N, dim).
    codebook : str, default ""
        Methods of one source that name the same codebook learn the same one, by k-means from the
        same descriptors: `evaluate` has it learnt by the first of them. Empty for one of its own.
    """

    name: str
    title: str
    source: str
    make: Callable[[], Any]
    codebook: str = ""


def _reduced(encoder: Any) -> Any:
    """Put PCA before an encoder.

    In float64, then rounded: in float32 the last digits are those of the processor, and a codebook
    that is learnt from them may end in another minimum.
    """
    precise, rounded = (
        FunctionTransformer(np.asarray, kw_args={"dtype": dtype})
        for dtype in (np.float64, np.float32)
    )
    reduce = make_pipeline(precise, PCA(_D, random_state=0), rounded)
    return make_pipeline(PerDescriptor(reduce), encoder)


def _pooling(name: str, **options: Any) -> Any:
    import coursekit.pooling

    return Pooled(partial(getattr(coursekit.pooling, name), **options))


def _stacked() -> Any:
    return FunctionTransformer(np.stack)


def _mop() -> Any:
    from coursekit.pooling import MOP

    return MOP(n_words=64, n_components=_D, random_state=0)


def _local() -> Iterator[Method]:
    def sift(name: str, title: str, make: Callable[[], Any], codebook: str = "") -> Method:
        return Method(name, title, "sift", make, codebook)

    yield Method("colours", "Colour histogram, 64 bins", "colours", _stacked)
    words = partial(BagOfWords, 1000, norm="l2")
    yield sift("bow64", "BoW, K = 64", lambda: BagOfWords(64), "64")
    yield sift("bow1000", "BoW, K = 1000", words, "1000")
    yield sift("bow1000x3", "BoW, K = 1000, 3 words", partial(words, n_assign=3), "1000")
    yield sift("bow1000tfidf", "BoW, K = 1000, TF-IDF", partial(words, tf_idf=True), "1000")
    pyramid = "Spatial pyramid of BoW, K = 64"
    yield sift("pyramid", pyramid, lambda: SpatialPyramid(BagOfWords(64)), "64")
    yield sift("vlad", "VLAD, K = 64", lambda: _reduced(VLAD(64, power=0.5)), "64 after PCA")
    supervector = "Super-vector, K = 64"
    yield sift("supervector", supervector, lambda: _reduced(SuperVector(64)), "64 after PCA")
    yield sift("fisher", "Fisher vector, K = 64", lambda: _reduced(FisherVector(64)))
    yield Method(
        "ckn_vlad", "VLAD of patch-CKN, K = 64", "ckn", lambda: _reduced(VLAD(64, power=0.5))
    )


def _deep() -> Iterator[Method]:
    for source, suffix, title in (
        ("maps", "", ""),
        ("random_maps", "_random", ", random weights"),
    ):
        yield Method(f"mac{suffix}", f"MAC{title}", source, partial(_pooling, "mac"))
        yield Method(f"gem{suffix}", f"GeM, p = 3{title}", source, partial(_pooling, "gem"))
    yield Method("spoc", "SPoC", "maps", partial(_pooling, "spoc"))
    yield Method(
        "spoc_flat", "SPoC, no centre prior", "maps", partial(_pooling, "spoc", center_prior=False)
    )
    yield Method("crow", "CroW", "maps", partial(_pooling, "crow"))
    yield Method("rmac", "R-MAC", "maps", partial(_pooling, "rmac"))
    netvlad = partial(LayerPooled, netvlad_layer)
    yield Method("netvlad", "NetVLAD, K = 64, not trained", "maps", netvlad)
    learnt = partial(netvlad, n_epochs=_EPOCHS)
    yield Method("netvlad_learnt", "NetVLAD, K = 64, learnt", "maps", learnt)
    gem = partial(LayerPooled, gem_layer, n_epochs=_EPOCHS)
    yield Method("gem_learnt_p", "GeM, p learnt", "maps", gem)
    yield Method("gem_tuned", "GeM, p and last block learnt", "tuned", _stacked)
    yield Method("mop", "MOP-CNN, K = 64", "patches", _mop)


METHODS: Final[Mapping[str, Method]] = {one.name: one for one in (*_local(), *_deep())}
"""Each method by its name."""
