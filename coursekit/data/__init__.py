"""Photographs that ship with the course, and the sets made from them."""

from coursekit.data.benchmark import Places, places
from coursekit.data.photos import Photo, groups, photo, photos

__all__ = ["Photo", "Places", "groups", "photo", "photos", "places"]
