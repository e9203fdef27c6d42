"""The clothing dataset: its photos are read where they were downloaded, never copied or shipped.

Source: Alexey Grigorev and contributors, https://github.com/alexeygrigorev/clothing-dataset at commit
7ed86a9; licence CC0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.config import data_dir
from core.engine.catalogues.clothing_source import IMAGE_ID, ClothingSource, read_csv
from core.engine.catalogues.items import ItemTable, UnknownItemError
from core.engine.images.placeholders import encode, placeholder_data_url
from core.errors import DataError

__all__ = [
    "ARCHIVE",
    "COMMIT",
    "NO_GARMENT",
    "SPLITS_CSV",
    "ClothingSource",
    "build_items",
    "find_source",
    "placeholder_data_url",
    "public_url",
    "read_splits",
    "require_source",
]

COMMIT = "7ed86a9cc56763b6acb35e41cb35184e43a5d218"
ARCHIVE = "clothing-dataset.zip"
SPLITS_CSV = "clothing-splits.csv"
#: Labels that name no garment; an evaluation asks no questions about them.
NO_GARMENT = frozenset({"Not sure", "Other", "Skip"})
#: Two of the ten class names of clothing-dataset-small are not English words.
SMALL_WORDS = {"longsleeve": "long-sleeved top", "outwear": "outerwear"}

_PUBLIC = f"https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset/{COMMIT}/images"
_SPLIT_COLUMNS = ("image", "split", "small_split", "small_label")
_PREFIX = "clothing/"


def find_source() -> ClothingSource | None:
    """Open the data set in `data_dir()`: a folder of its name, else the archive; None if there is neither.

    Raises:
        DataError: The archive is there, but is not what its name says.
    """
    for name in (f"clothing-dataset-{COMMIT}", "clothing-dataset"):
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
        raise DataError("The clothing dataset is not here. To get it, run: python -m core download clothing")
    return source


def read_splits(path: Path | None = None) -> dict[str, dict[str, str]]:
    """Read which split each image is in: image -> its row (split, small_split, small_label).

    Args:
        path: The CSV; default: `clothing-splits.csv` in `data_dir()`.

    Raises:
        DataError: It is missing or malformed.
    """
    path = path or data_dir() / SPLITS_CSV
    try:
        return {row["image"]: row for row in read_csv(path.read_bytes(), path.name, _SPLIT_COLUMNS)}
    except OSError as error:
        raise DataError(f"The splits of the clothing dataset, {path.name}, cannot be read: {error}.") from error


def build_items(source: ClothingSource, splits_csv: Path | None = None) -> ItemTable:
    """Make the item table, sorted by id, of the listed images whose photo exists.

    Every photo is decoded for its size and its ThumbHash: about 20 s for all of them.

    Args:
        source: The data set.
        splits_csv: CSV with the columns image, split, small_split and small_label; default:
            `clothing-splits.csv` in `data_dir()`. The last two become columns of this table.

    Raises:
        DataError: A table is missing or malformed, or an image is in no split.
        ImageError: A photo cannot be decoded.
    """
    splits = read_splits(splits_csv)
    rows = sorted((row for row in source.rows() if source.has(row["image"])), key=lambda row: row["image"])
    orphans = [row["image"] for row in rows if row["image"] not in splits]
    if orphans:
        raise DataError(f"{SPLITS_CSV} does not say in which split {orphans[0]} is.")
    return ItemTable.from_columns(
        "clothing",
        id=[_PREFIX + row["image"] for row in rows],
        label=[row["label"] for row in rows],
        sender=[row["sender_id"] for row in rows],
        kids=[row["kids"] == "True" for row in rows],
        **{name: [splits[row["image"]][name] for row in rows] for name in _SPLIT_COLUMNS[1:]},
        **_look_at(source, [row["image"] for row in rows]),
    )


def public_url(item_id: str) -> str:
    """Return where the photo of an item (`clothing/<uuid>`) is published.

    Raises:
        UnknownItemError: The id does not have the form of this catalogue's ids.
    """
    image_id = item_id.removeprefix(_PREFIX)
    if image_id == item_id or not IMAGE_ID.fullmatch(image_id):
        raise UnknownItemError(item_id)
    return f"{_PUBLIC}/{image_id}.jpg"


def _look_at(source: ClothingSource, image_ids: list[str]) -> dict[str, list[Any]]:
    """Decode photos: the columns thumbhash, width and height (of the upright picture)."""
    from core.engine.images.decode import open_image

    seen: dict[str, list[Any]] = {"thumbhash": [], "width": [], "height": []}
    for image_id in image_ids:
        photo = open_image(source.read(image_id), f"{image_id}.jpg")
        for name, value in zip(seen, (encode(photo), *photo.size), strict=True):
            seen[name].append(value)
    return seen
