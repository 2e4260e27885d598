"""The local features of many images at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from joblib import Parallel, delayed

from coursekit.types import Image, Loadable, LocalFeatures
from coursekit.validation import read_image

__all__ = ["extract"]


def extract(
    images: Iterable[Image | Loadable],
    extractor: Callable[[Image], LocalFeatures],
    *,
    n_jobs: int | None = None,
) -> list[LocalFeatures]:
    """Apply an extractor to every image; photos are read where they are needed.

    Parameters
    ----------
    images : iterable of (H, W, 3) uint8 or of objects with ``load()``
        Images, or photos.
    extractor : callable
        From one image to its local features, such as ``partial(sift, n_features=500)``.
    n_jobs : int, optional
        How many images to work on at a time, as joblib takes it (−1: one for each core). The
        workers are threads unless a joblib backend is set, since OpenCV leaves Python's lock.

    Returns
    -------
    list of LocalFeatures
        In the order of the images, and the same for any `n_jobs`.

    Raises
    ------
    TypeError, ValueError
        As the extractor does, with the number of the image before the message.

    Examples
    --------
    >>> from coursekit.data import photos
    >>> from coursekit.features import dense_sift
    >>> [len(features) for features in extract(photos(group="umayyad"), dense_sift)]
    [9684, 9684]
    """
    run = Parallel(n_jobs=n_jobs, prefer="threads")
    return list(run(delayed(_extract_one)(i, image, extractor) for i, image in enumerate(images)))


def _extract_one(
    i: int, image: Image | Loadable, extractor: Callable[[Image], LocalFeatures]
) -> LocalFeatures:
    try:
        return extractor(read_image(image))
    except (TypeError, ValueError) as error:
        raise type(error)(f"images[{i}]: {error}") from error
