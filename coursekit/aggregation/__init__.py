"""Encoders: one vector per image out of its set of local descriptors."""

from .bag_of_words import bag_of_words
from .codebook import assign, kmeans
from .vlad import residual_sums, vlad

__all__ = ["assign", "bag_of_words", "kmeans", "residual_sums", "vlad"]
