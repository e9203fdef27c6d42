"""The clothing dataset: its photos are read where they were downloaded, never copied or shipped.

Source: Alexey Grigorev and contributors, https://github.com/alexeygrigorev/clothing-dataset at commit
7ed86a9; licence CC0.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from core.config import data_dir
from core.engine.catalogues.clothing_source import IMAGE_ID, ClothingSource, read_csv
from core.engine.catalogues.items import ItemTable, UnknownItemError, split_id
from core.engine.catalogues.reader import Reader
from core.engine.images.decode import open_image
from core.engine.images.placeholders import encode
from core.errors import DataError

ID = "clothing"
COMMIT = "7ed86a9cc56763b6acb35e41cb35184e43a5d218"
ARCHIVE = "clothing-dataset.zip"
SPLITS_CSV = "clothing-splits.csv"
#: Two of the ten class names of clothing-dataset-small are not English words.
SMALL_WORDS = {"longsleeve": "long-sleeved top", "outwear": "outerwear"}

_PUBLIC = f"https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset/{COMMIT}/images"
_SPLIT_COLUMNS = ("image", "split", "small_split", "small_label")
_FOLDERS = (f"clothing-dataset-{COMMIT}", "clothing-dataset")
#: What changes when the data set is downloaded or removed.
_PLACES = (ARCHIVE, *(f"{folder}/{name}" for folder in _FOLDERS for name in ("images.csv", "images")))
_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


class Clothing(Reader):
    """Its photos are read from the local data set; where that is not here, their public addresses are known."""

    def build_items(self) -> ItemTable:
        """The listed images whose photo exists, sorted by id; see `Reader.build_items`.

        Every photo is decoded for its size and its ThumbHash: about 20 s for all of them.

        Raises:
            DataError: Besides, an image is in no split.
            ImageError: A photo cannot be decoded.
        """
        splits = read_splits()
        with require_source() as source:
            rows = sorted((row for row in source.rows() if source.has(row["image"])), key=lambda row: row["image"])
            orphans = [row["image"] for row in rows if row["image"] not in splits]
            if orphans:
                raise DataError("engine.no-split", file=SPLITS_CSV, image=orphans[0])
            return ItemTable.from_columns(
                ID,
                id=[f"{ID}/{row['image']}" for row in rows],
                label=[row["label"] for row in rows],
                sender=[row["sender_id"] for row in rows],
                kids=[row["kids"] == "True" for row in rows],
                **{name: [splits[row["image"]][name] for row in rows] for name in _SPLIT_COLUMNS[1:]},
                **_look_at(source, [row["image"] for row in rows]),
            )

    def picture(self, item_id: str) -> Image.Image:
        """See `Reader.picture`."""
        return open_image(self.file(item_id)[0], split_id(item_id)[1])

    def has(self, item_id: str) -> bool:
        """See `Reader.has`."""
        source = shared_source()
        return source is not None and source.has(split_id(item_id)[1])

    def file(self, item_id: str) -> tuple[bytes, str]:
        """See `Reader.file`; the photo as it lies in the data set."""
        source = shared_source() or require_source()
        return source.read(split_id(item_id)[1]), "image/jpeg"

    def public_url(self, item_id: str) -> str:
        """See `Reader.public_url`."""
        image_id = split_id(item_id)[1]
        if not IMAGE_ID.fullmatch(image_id):
            raise UnknownItemError(item_id)
        return f"{_PUBLIC}/{image_id}.jpg"


def shared_source() -> ClothingSource | None:
    """The data set as it lies here now, opened once for all threads; None where it is not, or is damaged."""
    places = [data_dir() / place for place in _PLACES]
    try:
        with _lock:
            return _opened(data_dir(), tuple(place.stat().st_mtime_ns for place in places if place.exists()))
    except (DataError, OSError):  # the photos' public addresses are used instead
        return None


@lru_cache(maxsize=2)
def _opened(folder: Path, times: tuple[int, ...]) -> ClothingSource | None:
    return find_source()


def find_source() -> ClothingSource | None:
    """Open the data set in `data_dir()`: a folder of its name, else the archive; None if there is neither.

    Raises:
        DataError: The archive is there, but is not what its name says.
    """
    for name in _FOLDERS:
        if (data_dir() / name / "images.csv").is_file():
            return ClothingSource(data_dir() / name)
    archive = data_dir() / ARCHIVE
    return ClothingSource(archive) if archive.is_file() else None


def require_source() -> ClothingSource:
    """Open the data set as `find_source` does.

    Raises:
        DataError: It is not here (says how to get it), or not what its name says.
    """
    source = find_source()
    if source is None:
        raise DataError("engine.clothing-not-here")
    return source


def read_splits() -> dict[str, dict[str, str]]:
    """Read which split each image is in: image -> its row (split, small_split, small_label).

    Raises:
        DataError: It is missing or malformed.
    """
    path = data_dir() / SPLITS_CSV
    try:
        return {row["image"]: row for row in read_csv(path.read_bytes(), path.name, _SPLIT_COLUMNS)}
    except OSError as error:
        raise DataError("engine.splits-unreadable", file=path.name, cause=error) from error


def _look_at(source: ClothingSource, image_ids: list[str]) -> dict[str, list[Any]]:
    """Decode photos: the columns thumbhash, width and height (of the upright picture)."""
    seen: dict[str, list[Any]] = {"thumbhash": [], "width": [], "height": []}
    for image_id in image_ids:
        photo = open_image(source.read(image_id), f"{image_id}.jpg")
        for name, value in zip(seen, (encode(photo), *photo.size), strict=True):
            seen[name].append(value)
    return seen
