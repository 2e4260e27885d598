"""Pooling layers: one vector per image out of the maps of a ConvNet. Needs PyTorch."""

from .crow import CroW, crow
from .gem import GeM, gem
from .mac import MAC, mac
from .netvlad import NetVLAD, netvlad
from .rmac import RMAC, Region, regions, rmac
from .spoc import SPoC, spoc

__all__ = [
    "MAC",
    "RMAC",
    "CroW",
    "GeM",
    "NetVLAD",
    "Region",
    "SPoC",
    "crow",
    "gem",
    "mac",
    "netvlad",
    "regions",
    "rmac",
    "spoc",
]
