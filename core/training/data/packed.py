"""The training pictures as arrays in memory: decoded once, so that an epoch costs no decoding.

Large pictures are squashed to `SIDE` pixels, as a query is; small ones keep their size. Product photos stand on white;
a fourth channel says where the thing itself is, so that training can put it on other backgrounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from core.engine.files.folder import written
from core.training.data.samples import (
    CLOTHING,
    FASHION_MNIST,
    MORE_PRODUCTS,
    PRODUCTS,
    SMALL_PRODUCTS,
    Pictures,
    Sample,
)

SIDE = 176
_SIZES = {
    CLOTHING: (SIDE, SIDE),
    PRODUCTS: (SIDE, SIDE),
    SMALL_PRODUCTS: (60, 80),
    MORE_PRODUCTS: (60, 80),
    FASHION_MNIST: (28, 28),
}
#: A background is at least so bright in every channel, and is joined to the border.
_WHITE = 244
#: A cut-out that leaves less or more than this of a picture is not trusted.
_LEAST, _MOST = 0.04, 0.97


def pack(samples: Iterable[Sample], folder: Path, report: Callable[[str], None] = print) -> dict[str, np.ndarray]:
    """Each source's pictures in the order of its samples.

    Args:
        samples: Of all sources.
        folder: Where the arrays are kept; what is there with the right number of pictures is taken as it is.
        report: Called with a line for each source that is read anew.

    Returns:
        source -> (n, height, width, 4) uint8, RGB and how much of the thing itself is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_source: dict[str, list[Sample]] = {}
    for sample in samples:
        by_source.setdefault(sample.source, []).append(sample)
    packed = {}
    for source, some in by_source.items():
        file = folder / f"{source}.npy"
        if not file.is_file() or len(np.load(file, mmap_mode="r")) != len(some):
            report(f"reading {len(some):,} pictures of {source}")
            with written(file) as temporary, temporary.open("wb") as out:
                np.save(out, _read(some, _SIZES[source]))
        packed[source] = np.load(file)
    return packed


def _read(samples: list[Sample], size: tuple[int, int]) -> np.ndarray:
    pictures = Pictures()
    out = np.full((len(samples), size[1], size[0], 4), 255, np.uint8)
    for row, sample in enumerate(samples):
        picture = pictures.open(sample)
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)
        out[row, ..., :3] = np.asarray(picture)
        if sample.label_set == PRODUCTS:
            out[row, ..., 3] = cut_out(out[row, ..., :3])
    return out


def cut_out(pixels: np.ndarray) -> np.ndarray:
    """Where a thing on white is: (h, w, 3) uint8 -> (h, w) uint8, 255 on the thing, 0 on white joined to the border.

    255 everywhere if there is no such white, or hardly anything else.
    """
    from scipy import ndimage

    white = pixels.min(2) >= _WHITE
    areas, _ = ndimage.label(white)
    outer = np.unique(np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]]))
    thing = ~np.isin(areas, outer[outer > 0])
    if not _LEAST < thing.mean() < _MOST:
        return np.full(thing.shape, 255, np.uint8)
    soft: np.ndarray = ndimage.uniform_filter(thing.astype(np.float32), 2)
    return (soft * 255).astype(np.uint8)
