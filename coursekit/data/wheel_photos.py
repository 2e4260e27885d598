"""The two photographs that come with scikit-learn, which coursekit depends on.

Of the wheels that every user has, matplotlib's holds a photograph as well, a portrait; it is left
out because the wheel does not name its author and some distributions install matplotlib without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from coursekit.data.transformations import scale
from coursekit.types import Image

__all__ = ["WheelPhoto", "wheel_photos"]

_LONGER_SIDE = 480  # of the photos that ship with coursekit


@dataclass(frozen=True)
class WheelPhoto:
    """A photograph of another package: what it shows and whom to credit.

    Parameters
    ----------
    name : str
        Identifier, and the stem of the file's name.
    title : str
        What the photo shows, in a few words.
    author : str
        The photo's account on Flickr.
    licence : str
        Short name.
    source_page : str
        The photo's own page.

    Examples
    --------
    >>> wheel_photos()[0].credit
    'danielbuechele (Flickr), CC BY 2.0, from scikit-learn, resized'
    """

    name: str
    title: str
    author: str
    licence: str
    source_page: str

    @property
    def credit(self) -> str:
        """The line to print under the photo: author, licence, source, change made."""
        return f"{self.author}, {self.licence}, from scikit-learn, resized"

    def load(self) -> Image:
        """Read the pixels and reduce them to the size of the other photos.

        Returns
        -------
        (H, W, 3) uint8, RGB
            A fresh array, which the caller may write to. The longer side is 480 pixels.
        """
        from sklearn.datasets import load_sample_image  # slow to import, and seldom needed

        image: Image = load_sample_image(f"{self.name}.jpg")
        return scale(image, _LONGER_SIDE / max(image.shape))


@cache
def wheel_photos() -> tuple[WheelPhoto, ...]:
    """List the photographs, always in the same order.

    Returns
    -------
    tuple of WheelPhoto

    Examples
    --------
    >>> [(one.name, one.load().shape) for one in wheel_photos()]
    [('china', (320, 480, 3)), ('flower', (320, 480, 3))]
    """
    flickr = "https://www.flickr.com/photos"
    # scikit-learn's notice names danielbuechele twice, but links the flower to vultilion's page.
    return (
        WheelPhoto(
            "china",
            "Summer Palace, Beijing",
            "danielbuechele (Flickr)",
            "CC BY 2.0",
            f"{flickr}/danielbuechele/6061409035/",
        ),
        WheelPhoto(
            "flower",
            "Dahlia",
            "vultilion (Flickr)",
            "CC BY 2.0",
            f"{flickr}/vultilion/6056698931/",
        ),
    )
