"""Which regions of a picture make it similar to something: each is hidden in turn, and what that costs is measured."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.engine.embedders.base import Embedder

#: Regions in a row, and in a column.
SIDE = 7
#: A region is hidden together with so much of its neighbours on each side, in sides of a region.
MARGIN = 0.5


def regions(embedder: Embedder, image: Image.Image, other: np.ndarray, side: int = SIDE) -> np.ndarray:
    """How much of a picture's similarity is lost when a region of it is hidden behind the picture's mean colour.

    Measured by `tests/unit/engine/search/test_regions.py`.

    Args:
        embedder: Of the backbone.
        image: RGB.
        other: (dim,) float32, L2-normalised: what the picture is compared with.
        side: Regions in a row, and in a column.

    Returns:
        (side, side) float32, rows from the top; below 0 where hiding a region brings the two closer.

    Source: Zeiler and Fergus 2014 (occlusion sensitivity).
    """
    size = embedder.record.input_size
    square = image.resize((size, size), Image.Resampling.BICUBIC)
    hidden = [hide(square, row, column, side) for row in range(side) for column in range(side)]
    similarities = embedder.embed_images([square, *hidden]) @ other
    return np.asarray(similarities[0] - similarities[1:], np.float32).reshape(side, side)


def hide(image: Image.Image, row: int, column: int, side: int = SIDE) -> Image.Image:
    """A copy of a picture with one region painted in the mean colour of the whole."""
    width, height = image.size
    rows, columns = ((at - MARGIN, at + 1 + MARGIN) for at in (row, column))
    left, right = (round(max(0.0, min(at, side)) * width / side) for at in columns)
    top, bottom = (round(max(0.0, min(at, side)) * height / side) for at in rows)
    mean = tuple(round(value) for value in np.asarray(image).reshape(-1, 3).mean(axis=0))
    copy = image.copy()
    copy.paste(mean, (left, top, right, bottom))
    return copy


def veil(lost: np.ndarray, darkest: int = 200) -> Image.Image:
    """What `regions` gives, as a layer to lie over the picture: clear where most is lost, dark where nothing is.

    Args:
        lost: (side, side) float32.
        darkest: Its highest opacity, of 255.

    Returns:
        An image of mode RGBA, black.
    """
    share = np.clip(lost, 0, None) / max(float(lost.max()), 1e-6)
    layer = np.zeros((*lost.shape, 4), np.uint8)
    layer[..., 3] = np.rint((1 - share) * darkest)
    return Image.fromarray(layer).resize((lost.shape[1] * 16, lost.shape[0] * 16), Image.Resampling.BILINEAR)
