"""Which neighbours show the very picture again, or nearly: pixels decide, so that no backbone moves the limits.

Measured over all pairs of both catalogues; those near the limits were looked at on contact sheets.

Fashion-MNIST (2.4 billion pairs): none is the same pixel by pixel. The summed difference alone does not tell: of 30
pairs between 0.035 and 0.05 half are one blank shirt with different prints, which differ much in few pixels. So no
single pixel may differ much. 45 pairs are within both limits, and each shows one picture; of the 19 whose worst
pixel differs by 41 to 50, one (training items 5081 and 9664) is two prints.

Clothing (14.6 million pairs): no file comes twice. One photo was saved anew by a second person (rows 2048 and 2100:
the same ThumbHash); the next pair of hashes is 4.0 apart, and is two pieces. Saved anew (JPEG quality 80) or made
half as large, 97 and 77 of 100 photos stay within the limit (300 were tried). A cosine of `vitrine-clip`
was no better: above 0.998 there is this pair and one jacket photographed twice, at 0.997 two pairs of trousers.
"""

from __future__ import annotations

import numpy as np

from core.engine.catalogues import get, photos
from core.engine.images.placeholders import decode
from core.engine.search.engine import Hit
from core.engine.search.gallery import Gallery
from core.errors import VitrineError
from core.own.items import OWN
from core.ui.visit import session
from core.ui.visit.session import Mark

#: Pictures of few pixels: the largest difference of one pixel (grey levels), and of all as a share of the values.
NEAR_WORST = 40
NEAR_SUM = 0.10
#: Photos: the largest root mean square between what two ThumbHashes paint, in levels of 0 to 255.
NEAR_HASH = 3.0
_SIDE = 16  # pixels that a hash is painted with


def mark(gallery: Gallery, position: int, hit: Hit) -> Mark:
    """Whether a hit is the same picture as the item at `position`, or nearly, or neither (""); never across."""
    item = gallery.items.row(position)
    if item.catalogue != hit.catalogue:
        return ""
    try:
        if item.catalogue == OWN:
            return session.mark(item.id, hit)
        if get(item.catalogue).pixelated:
            return compare_pixels(*(np.asarray(photos.picture(id)) for id in (item.id, hit.id)))
        hashes = [gallery.items.placeholder(row)[0] for row in (position, hit.position)]
        if not all(hashes) or hash_distance(*hashes) > NEAR_HASH:
            return ""
        here = photos.has(item.id) and photos.has(hit.id)
        return "exact" if here and photos.file(item.id) == photos.file(hit.id) else "near"
    except (VitrineError, ValueError):  # a picture or a hash cannot be read: nothing is claimed about it
        return ""


def compare_pixels(first: np.ndarray, second: np.ndarray) -> Mark:
    """Compare two uint8 pictures pixel by pixel; those of different sizes are not the same."""
    if first.shape != second.shape:
        return ""
    a, b = first.astype(int), second.astype(int)
    differences = np.abs(a - b)
    if not differences.any():
        return "exact"
    near = differences.max() <= NEAR_WORST and differences.sum() <= NEAR_SUM * np.maximum(a, b).sum()
    return "near" if near else ""


def hash_distance(first: bytes, second: bytes) -> float:
    """The root mean square between what two ThumbHashes paint, in levels of 0 to 255.

    Raises:
        ValueError: One of them is no ThumbHash of an opaque picture.
    """
    a, b = (decode(thumbhash, _SIDE, _SIDE).astype(float) for thumbhash in (first, second))
    return float(np.sqrt(((a - b) ** 2).mean()))
