"""Where the pictures of items are read from, opened once a process."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from pathlib import Path

from PIL import Image

from core.config import artifacts_dir, data_dir
from core.engine.catalogues.clothing import find_source
from core.engine.catalogues.clothing_source import ClothingSource
from core.engine.catalogues.grey_sheets import Pictures
from core.engine.catalogues.items import load_items
from core.engine.files.manifest import REPAIR, load_manifest, verified
from core.engine.images.decode import open_image
from core.errors import ArtifactError, DataError

#: Files of pictures that are kept open.
MAX_KEPT = 2
#: After so many seconds it is seen that photos have been downloaded, or removed.
LOOK_AGAIN_S = 300

_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


def grey_pictures() -> Pictures:
    """The pictures of Fashion-MNIST.

    Raises:
        ArtifactError: Their file is missing or damaged.
    """
    with _lock:
        return _grey_pictures(artifacts_dir())


@lru_cache(maxsize=MAX_KEPT)
def _grey_pictures(folder: Path) -> Pictures:
    start = "catalogues/fashion-mnist."
    names = [n for n in load_manifest()["files"] if n.startswith(start) and not n.endswith(".parquet")]
    if not names:
        raise ArtifactError("manifest.json", "names no pictures of Fashion-MNIST", REPAIR)
    return Pictures(verified(folder / names[0]))


def photo_source() -> ClothingSource | None:
    """The clothing photos on this computer, None where there are none; looked for anew now and then."""
    with _lock:
        return _photo_source(data_dir(), int(time.monotonic() / LOOK_AGAIN_S))


@lru_cache(maxsize=MAX_KEPT)
def _photo_source(folder: Path, period: int) -> ClothingSource | None:
    try:
        return find_source()
    except DataError:  # a damaged archive: the pictures' public addresses are used instead
        return None


def item_picture(item_id: str) -> Image.Image:
    """The picture of an item, from what is on this computer.

    Raises:
        UnknownNameError: No catalogue has the item.
        DataError: Its picture is not here.
    """
    catalogue, _, name = item_id.partition("/")
    if catalogue == "fashion-mnist":
        position = load_items(catalogue).position(item_id)
        return grey_pictures().get(position).convert("RGB")
    source = find_source() if catalogue == "clothing" else None
    if source is None or not source.has(name):
        raise DataError("The picture of this item is not on this computer. Run: python -m core download clothing")
    with source:
        return open_image(source.read(name), name)
