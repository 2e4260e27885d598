"""Mean and standard deviation of the channels over ImageNet, for images in [0, 1], RGB.

What torchvision's networks and ours were trained with.
"""

from typing import Final

__all__ = ["MEAN", "STD"]

MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)
