"""Encoders: from the set of local descriptors of an image to one vector."""

from .bag_of_words import BagOfWords, bag_of_words
from .bags import Bags, PerDescriptor, as_bags
from .codebook import assign, kmeans
from .encoder import BagEncoder
from .vlad import VLAD, residual_sums, vlad

__all__ = [
    "VLAD",
    "BagEncoder",
    "BagOfWords",
    "Bags",
    "PerDescriptor",
    "as_bags",
    "assign",
    "bag_of_words",
    "kmeans",
    "residual_sums",
    "vlad",
]
