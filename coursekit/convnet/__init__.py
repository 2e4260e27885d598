"""Convolutional networks: their layers by hand, in NumPy, and their arithmetic on paper."""

from coursekit.convnet.architecture import (
    VGG16,
    Convolution,
    FullyConnected,
    Layer,
    Pooling,
    ReceptiveField,
    count_parameters,
    output_size,
    receptive_field,
)
from coursekit.convnet.layers import avg_pool2d, conv2d, fully_connected, max_pool2d, relu

__all__ = [
    "VGG16",
    "Convolution",
    "FullyConnected",
    "Layer",
    "Pooling",
    "ReceptiveField",
    "avg_pool2d",
    "conv2d",
    "count_parameters",
    "fully_connected",
    "max_pool2d",
    "output_size",
    "receptive_field",
    "relu",
]
