"""Local features of an image: where its patches are and what they look like."""

from coursekit.features.extraction import extract
from coursekit.features.maps import maps_to_features, network_features
from coursekit.features.sift import (
    CELLS,
    ORIENTATION_ANGLES,
    ORIENTATIONS,
    dense_sift,
    root_sift,
    sift,
)

__all__ = [
    "CELLS",
    "ORIENTATIONS",
    "ORIENTATION_ANGLES",
    "dense_sift",
    "extract",
    "maps_to_features",
    "network_features",
    "root_sift",
    "sift",
]
