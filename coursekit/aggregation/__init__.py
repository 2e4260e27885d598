"""Encoders: from the set of local descriptors of an image to one vector."""

from .bag_of_words import BagOfWords, bag_of_words
from .bags import Bags, PerDescriptor, as_bags
from .codebook import assign, kmeans
from .encoder import BagEncoder
from .fisher_kernel import fisher_information, score
from .fisher_vector import FisherVector, fisher_vector
from .mixture import Mixture, gaussian_mixture
from .spatial_pyramid import SpatialPyramid
from .supervector import SuperVector, supervector
from .vlad import VLAD, residual_sums, vlad

__all__ = [
    "VLAD",
    "BagEncoder",
    "BagOfWords",
    "Bags",
    "FisherVector",
    "Mixture",
    "PerDescriptor",
    "SpatialPyramid",
    "SuperVector",
    "as_bags",
    "assign",
    "bag_of_words",
    "fisher_information",
    "fisher_vector",
    "gaussian_mixture",
    "kmeans",
    "residual_sums",
    "score",
    "supervector",
    "vlad",
]
