"""The part of a picture that is meant: a rectangle, said the same way in a link, a request and a command."""

from __future__ import annotations

import math
import re
from dataclasses import astuple, dataclass

from PIL import Image

from core.engine.images.decode import MIN_IMAGE_SIDE
from core.errors import ImageError, VitrineError, sentence

#: A side of a region, as a share of the picture's, at least: less is not aimed at, or shows no piece.
LEAST_SIDE = 0.05
_DIGITS = 3
#: How a region is written: left, top, right, bottom.
_NUMBER = r"[01](\.[0-9]{1,6})?"
_WRITTEN = re.compile(f"{_NUMBER}(,{_NUMBER}){{3}}")


@dataclass(frozen=True)
class Region:
    """A rectangle in a picture that stands upright; every number is a share of its width or height.

    Attributes:
        left: In [0, 1], counted from the left side.
        top: In [0, 1], counted from the upper side.
        right: In [0, 1], counted from the left side, at least `LEAST_SIDE` more than `left`.
        bottom: In [0, 1], counted from the upper side, at least `LEAST_SIDE` more than `top`.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        """Refuse what lies outside of a picture, or is too small to show a piece.

        Raises:
            VitrineError: Says which.
        """
        if not all(0 <= side <= 1 for side in astuple(self)):  # NaN is not, either
            raise VitrineError("engine.region-odd")
        if self.least_side < LEAST_SIDE - 10**-_DIGITS / 2:
            raise VitrineError("engine.region-small", least=round(100 * LEAST_SIDE))

    @classmethod
    def read(cls, text: str) -> Region:
        """A region as it is written: "0.1,0.25,0.6,0.9".

        Raises:
            VitrineError: It is written in another way, or see `__post_init__`.
        """
        if not _WRITTEN.fullmatch(text):
            raise VitrineError("engine.region-odd")
        return cls(*(round(float(number), _DIGITS) for number in text.split(",")))

    def __str__(self) -> str:
        """What `read` reads."""
        return ",".join(f"{side:.{_DIGITS}f}".rstrip("0").rstrip(".") for side in astuple(self))

    @property
    def least_side(self) -> float:
        """The shorter of width and height, each as a share of the picture's; negative for corners in odd order."""
        return min(self.right - self.left, self.bottom - self.top)

    def of(self, image: Image.Image, name: str | None = None) -> Image.Image:
        """The part of an upright picture, with every pixel that the rectangle touches.

        Raises:
            ImageError: The part has too few pixels; `name` is what the picture is called then.
        """
        left, top = math.floor(self.left * image.width), math.floor(self.top * image.height)
        right, bottom = math.ceil(self.right * image.width), math.ceil(self.bottom * image.height)
        if min(right - left, bottom - top) < MIN_IMAGE_SIDE:
            why = sentence("engine.region-few-pixels", least=MIN_IMAGE_SIDE, width=right - left, height=bottom - top)
            raise ImageError(name or "picture", why)
        return image.crop((left, top, right, bottom))
