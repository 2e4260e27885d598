"""Encoders and pooling layers of the lecture *Pooling*: how an image becomes one vector.

Sub-packages are imported by name (``from coursekit.aggregation import vlad``), so that
``import coursekit`` stays light.
"""

__version__ = "0.1.0"
