"""What another machine might compute, on this one: features or last digits changed on purpose.

`tests.notebooks.kernel` sends this file's text to a fresh kernel, behind the guard and before the
first cell, and calls one of the functions below. Each wraps what coursekit computes and leaves no
name among the notebook's own. `optimised` and `thinned` change features, as another processor
may; a tolerant comparison has to pass. `jitter` changes what is promised to six digits only; a
strict comparison has to pass, which shows that no printed digit stands on an edge.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

SHARE = 1e-3  # of the features, left out by `thinned`
NOISE = 1e-6  # what `jitter` multiplies by 1 + this × a standard normal number
# The same for PCA in float64. Codebooks are learnt from it, rounded to float32, and partitions are
# promised bit for bit: so it has to be right to a dozen digits, and is.
FINE_NOISE = 1e-12


def optimised(seed: int) -> None:
    """Let OpenCV use all its code and its threads, whoever switches them off; has no seed."""
    import cv2

    cv2.setUseOptimized(True)
    for home, switch in (
        (cv2, "setUseOptimized"),
        (cv2, "setNumThreads"),
        (cv2.ipp, "setUseIPP"),
        (cv2.ipp, "setUseIPP_NotExact"),
    ):
        setattr(home, switch, lambda *_: None)


def thinned(seed: int) -> None:
    """Leave one feature in a thousand out, at random places, of what each image gives."""
    from dataclasses import replace

    import coursekit.features

    def thin(extract: Callable[..., Any]) -> Callable[..., Any]:
        def without_some(*args: Any, **options: Any) -> Any:
            found = extract(*args, **options)
            kept = _generator(seed, found.descriptors).random(len(found)) >= SHARE
            names = ("descriptors", "positions", "scales", "angles")
            return replace(found, **{name: getattr(found, name)[kept] for name in names})

        return without_some

    for original in (coursekit.features.sift, coursekit.features.dense_sift):
        _replace(original, thin)


def jitter(seed: int) -> None:
    """Shake the last digits of maps, posteriors, mixtures, PCA and whitening."""
    from sklearn.decomposition import PCA

    from coursekit.aggregation import _posteriors, gaussian_mixture
    from coursekit.convnet.backbones import Backbone
    from coursekit.retrieval.whitening import _Whitening

    def shake(compute: Callable[..., Any], in_float64: float = NOISE) -> Callable[..., Any]:
        def shaken(*args: Any, **options: Any) -> Any:
            value = compute(*args, **options)
            noise = in_float64 if str(getattr(value, "dtype", "")) == "float64" else NOISE
            return _shaken(seed, value, noise)

        return shaken

    _replace(gaussian_mixture, shake)
    _replace(_posteriors._shares, shake)
    for home, method, in_float64 in (
        (Backbone, "forward", NOISE),
        (_Whitening, "transform", NOISE),
        (PCA, "transform", FINE_NOISE),
        (PCA, "fit_transform", FINE_NOISE),
    ):
        setattr(home, method, shake(getattr(home, method), in_float64))


def _shaken(seed: int, value: Any, noise: float) -> Any:
    """Return an array, tensor or mixture whose entries are each off by about that share."""
    if hasattr(value, "means"):  # a mixture
        weights, means, variances = (_shaken(seed, part, noise) for part in value)
        return type(value)(weights / weights.sum(), means, variances)
    is_tensor = hasattr(value, "detach")
    array = value.detach().cpu().numpy() if is_tensor else value
    factors = 1 + noise * _generator(seed, array).standard_normal(array.shape)
    if is_tensor:
        return value * value.new_tensor(factors)
    return (value * factors).astype(value.dtype)


def _generator(seed: int, array: Any) -> Any:
    """Return a generator that depends on the content alone: threads may come in any order."""
    import zlib

    import numpy as np

    return np.random.default_rng([seed, zlib.crc32(np.ascontiguousarray(array).tobytes())])


def _replace(original: Callable[..., Any], wrap: Callable[..., Any]) -> None:
    """Put a wrapped function in the place of another wherever coursekit has imported it."""
    import functools

    wrapped = functools.wraps(original)(wrap(original))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "coursekit":
            for key, value in list(vars(module).items()):
                if value is original:
                    setattr(module, key, wrapped)
