"""Which neighbours show the very picture again, or nearly: the model's similarity alone cannot tell.

In a sample of 400 Fashion-MNIST items half had a neighbour above 0.998, mostly another piece, so there pixels
decide: of pairs differing in at most 0.05, seven were looked at, and each showed one piece. Of the clothing
photos, two pairs are above 0.9988, and both show one piece; the next one (0.99864) is two pairs of trousers.
"""

from __future__ import annotations

import numpy as np

from core.errors import VitrineError
from core.gallery import Gallery
from core.own_items import OWN
from core.search import Hit
from core.ui import own_session, resources
from core.ui.own_session import Mark

#: Least similarity of two photos of one piece, photographed alike.
NEAR_PHOTO = 0.9988
#: Largest share of the grey values in which two Fashion-MNIST pictures of one piece differ.
NEAR_PIXELS = 0.05


def mark(gallery: Gallery, position: int, other: Gallery, hit: Hit) -> Mark:
    """Whether a hit is the same picture as the item at `position`, or nearly, or neither (""); never across."""
    catalogue = str(gallery.items.frame["catalogue"].iat[position])
    if catalogue != hit.catalogue:
        return ""
    try:
        if catalogue == "fashion-mnist":
            return _grey(position, hit.position)
        if catalogue == OWN:
            return own_session.mark(gallery.items.row(position).id, hit)
        if hit.similarity < NEAR_PHOTO:
            return ""
        return "exact" if _same_file(gallery.items.row(position).id, hit.id) else "near"
    except VitrineError:  # a picture cannot be read: nothing is claimed about it
        return ""


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """The share of the grey values in which two uint8 pictures differ, in [0, 1]."""
    a, b = first.astype(int), second.astype(int)
    return float(np.abs(a - b).sum() / max(1, np.maximum(a, b).sum()))


def _grey(position: int, other: int) -> Mark:
    pictures = resources.grey_pictures()
    differs = difference(np.asarray(pictures.get(position)), np.asarray(pictures.get(other)))
    if differs == 0:
        return "exact"
    return "near" if differs <= NEAR_PIXELS else ""


def _same_file(item_id: str, other_id: str) -> bool:
    """Whether two local photos are one file, byte for byte; False where there are none."""
    source = resources.photo_source()
    ids = [id.partition("/")[2] for id in (item_id, other_id)]
    return source is not None and all(map(source.has, ids)) and source.read(ids[0]) == source.read(ids[1])
