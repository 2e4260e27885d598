"""Local features of an image: where its patches are and what they look like."""

from coursekit.features.extraction import extract
from coursekit.features.maps import maps_to_features, network_features
from coursekit.features.patch_ckn import CKNLayer, PatchCKN
from coursekit.features.patches import dominant_angles, extract_patches
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
    "CKNLayer",
    "PatchCKN",
    "dense_sift",
    "dominant_angles",
    "extract",
    "extract_patches",
    "maps_to_features",
    "network_features",
    "root_sift",
    "sift",
]
