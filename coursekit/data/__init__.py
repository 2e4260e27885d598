"""Photographs that ship with the course, the sets made from them, and sets to download."""

from coursekit.data import transformations
from coursekit.data._download import DownloadError
from coursekit.data.benchmark import Benchmark, NamedImage
from coursekit.data.copies import COPY_KINDS, Copy, Step, copies
from coursekit.data.datasets import copydays, flowers, holidays
from coursekit.data.image_files import ImageFile
from coursekit.data.loading import DATASETS, load
from coursekit.data.photos import Photo, groups, photo, photos
from coursekit.data.places import places
from coursekit.data.revisited import roxford5k, rparis6k
from coursekit.data.wheel_photos import WheelPhoto, wheel_photos

__all__ = [
    "COPY_KINDS",
    "DATASETS",
    "Benchmark",
    "Copy",
    "DownloadError",
    "ImageFile",
    "NamedImage",
    "Photo",
    "Step",
    "WheelPhoto",
    "copies",
    "copydays",
    "flowers",
    "groups",
    "holidays",
    "load",
    "photo",
    "photos",
    "places",
    "roxford5k",
    "rparis6k",
    "transformations",
    "wheel_photos",
]
