"""Pooling layers: one vector per image out of the maps of a ConvNet. Needs PyTorch."""

from .activations import mop_activations, mop_patches
from .crow import CroW, crow
from .gem import GeM, gem
from .mac import MAC, mac
from .mop import MOP
from .netvlad import NetVLAD, netvlad
from .rmac import RMAC, Region, regions, rmac
from .spoc import SPoC, spoc

__all__ = [
    "MAC",
    "MOP",
    "RMAC",
    "CroW",
    "GeM",
    "NetVLAD",
    "Region",
    "SPoC",
    "crow",
    "gem",
    "mac",
    "mop_activations",
    "mop_patches",
    "netvlad",
    "regions",
    "rmac",
    "spoc",
]
