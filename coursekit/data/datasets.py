"""The papers' data sets, downloaded once into the folder that ``COURSEKIT_DATA`` names.

Without that environment variable it is the user's cache folder. What was downloaded is verified by
its published checksum. Where nobody published one, the checksum of the first download is recorded
beside the file and holds from then on: this notices later changes and damage, but cannot tell
whether the first download was the right one. Holidays, Copydays' crops and JPEG images, and the
images and ground truths of Oxford and Paris are of this kind. A download that breaks off is resumed
by the next call; a file that was got by other means is used if it is put where the message says.

The images belong to their owners; each set's page states its terms, as a rule research only.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from coursekit.data._sources import check_count, images_of, matrix_of
from coursekit.data.benchmark import Benchmark
from coursekit.data.image_files import ImageFile
from coursekit.data.photos import Photo
from coursekit.data.places import places
from coursekit.validation import check_choice

__all__ = ["CopydaysProtocol", "copydays", "flowers", "holidays"]

CopydaysProtocol = Literal["strong", "crops", "jpeg"]


def holidays(*, max_side: int | None = 1024, progress: bool = True) -> Benchmark[Photo | ImageFile]:
    """Load INRIA Holidays: 500 scenes, one query each, 991 true neighbours (2.8 GB).

    Parameters
    ----------
    max_side : int or None, default 1024
        Longest side of an image after reading, in pixels; ``None`` keeps the camera's size.
    progress : bool, default True
        Whether to draw progress bars on the standard error stream.

    Returns
    -------
    Benchmark of ImageFile
        The query is in the database and excluded; learning is that of `places`. Some photos lie
        on their side, as published; figures on a version turned upright are higher.

    Raises
    ------
    DownloadError
        If a file is missing and cannot be downloaded; the message says where to put it.
    TypeError, ValueError
        If an argument is not as above, or a file is damaged or not the expected one.

    References
    ----------
    Jégou, Douze & Schmid 2008, "Hamming embedding and weak geometric consistency for large scale
    image search"; INRIA holds the copyright of the images.
    """
    files = images_of("holidays", ["first half", "second half"], max_side, progress)
    check_count("holidays", len(files))
    scene = np.array([one.name[:4] for one in files])
    exclude = np.array([i for i, one in enumerate(files) if one.name.endswith("00")])
    positives = scene[exclude, None] == scene
    positives[np.arange(len(exclude)), exclude] = False
    return Benchmark(
        learning=places().learning,
        database=files,
        queries=tuple(files[i] for i in exclude),
        positives=positives,
        kind=np.full(len(exclude), "holiday"),
        group=scene[exclude],
        exclude=exclude,
    )


def copydays(
    *,
    protocol: CopydaysProtocol = "strong",
    max_side: int | None = 1024,
    progress: bool = True,
) -> Benchmark[Photo | ImageFile]:
    """Load INRIA Copydays: copies of 157 photos, to be found among the originals.

    Parameters
    ----------
    protocol : {"strong", "crops", "jpeg"}, default "strong"
        229 strong alterations, or 9 × 157 crops or compressed images, whose archives only INRIA's
        server has, which users report to be out of reach.
    max_side, progress
        As for `holidays`.

    Returns
    -------
    Benchmark of ImageFile
        The kind of a crop or of a compressed image names its strength, such as ``"crops 80"``,
        the share of the area cut off in percent. The papers add distractors from Flickr, which
        have to be added to the database by hand. Learning is that of `places`.

    Raises
    ------
    DownloadError, TypeError, ValueError
        As for `holidays`.

    References
    ----------
    Douze, Jégou, Sandhawalia, Amsaleg & Schmid 2009, "Evaluation of GIST descriptors for
    web-scale image search".
    """
    check_choice(protocol, "protocol", get_args(CopydaysProtocol))
    database = images_of("copydays", ["original"], max_side, progress)
    check_count("copydays original", len(database))
    queries = images_of("copydays", [protocol], max_side, progress)
    check_count(f"copydays {protocol}", len(queries))
    photo = np.array([one.path.stem[:4] for one in queries])
    strength = [one.path.parent.name for one in queries]
    kind = [protocol if protocol == "strong" else f"{protocol} {s}" for s in strength]
    return Benchmark(
        learning=places().learning,
        database=database,
        queries=queries,
        positives=photo[:, None] == np.array([one.name[:4] for one in database]),
        kind=np.array(kind),
        group=photo,
    )


def flowers(*, max_side: int | None = 1024, progress: bool = True) -> Benchmark[ImageFile]:
    """Load the 102 Oxford flowers: find flowers of the same species (345 MB).

    Parameters
    ----------
    max_side, progress
        As for `holidays`.

    Returns
    -------
    Benchmark of ImageFile
        The 6,149 images of the test part are the database and the queries, each left out of its
        own ranking; learning is the training and the validation part. The group is the species.

    Raises
    ------
    DownloadError, TypeError, ValueError
        As for `holidays`.

    References
    ----------
    Nilsback & Zisserman 2008, "Automated flower classification over a large number of classes".
    The images come from the web; their page states no licence.
    """
    files = images_of("flowers", ["images"], max_side, progress)
    check_count("flowers", len(files))
    labels = np.asarray(matrix_of("flowers", "classes", "labels", progress))
    evaluated = matrix_of("flowers", "split", "tstid", progress) - 1  # image numbers start at 1
    learning = [matrix_of("flowers", "split", part, progress) - 1 for part in ("trnid", "valid")]
    species = np.array([f"species {label}" for label in labels])[evaluated]
    database = tuple(files[i] for i in evaluated)
    positives = species[:, None] == species
    np.fill_diagonal(positives, False)
    return Benchmark(
        learning=tuple(files[i] for i in np.concatenate(learning)),
        database=database,
        queries=database,
        positives=positives,
        kind=np.full(len(database), "flower"),
        group=species,
        exclude=np.arange(len(database)),
    )
