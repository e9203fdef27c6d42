"""The items of a catalogue of one's own, and the ways out of it: item table, embeddings, index."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.engine.catalogues.items import ItemTable
from core.engine.files.tables import from_csv, to_csv
from core.engine.images.decode import encode_thumbnail
from core.engine.index.hnsw import HnswIndex, IndexParameters
from core.errors import DataError
from core.own.ingest.incoming import Incoming

OWN = "own"  # the catalogue's id, and the start of its items' ids
THUMBNAIL_SIDE = 256
_THUMBNAIL_QUALITY = 80
#: Bytes of Python objects that an item costs beside its content (measured).
_OVERHEAD = 700
_CELL_OVERHEAD = 60
_COLUMNS = ("id", "name", "label", "title", "width", "height", "sha256", "source")


@dataclass(frozen=True)
class OwnItem:
    """One item; names and texts come from outside and are neither markup nor paths.

    Attributes:
        id: `own/<n>`; never given again in its catalogue.
        name: Of the file.
        label: Its class, "" where unknown.
        title: For readers: its title, else its label, else its name.
        width: Of the upright picture, in pixels.
        height: The same.
        sha256: Of the file, hex.
        source: The URL it came from, "" otherwise.
        metadata: Further columns of its row in a table.
        thumbnail: JPEG, at most 256 pixels on its longer side; b"" if its catalogue keeps none.
    """

    id: str
    name: str
    label: str
    title: str
    width: int
    height: int
    sha256: str
    source: str
    metadata: Mapping[str, str]
    thumbnail: bytes = field(repr=False)

    @property
    def n_bytes(self) -> int:
        """What it costs in memory, roughly."""
        texts = (self.name, self.label, self.title, self.source, *self.metadata.values())
        overhead = _OVERHEAD + _CELL_OVERHEAD * len(self.metadata)
        return len(self.thumbnail) + sum(map(len, texts)) + overhead


def make_item(id: str, incoming: Incoming, image: Image.Image, thumbnail_side: int) -> OwnItem:
    """The item of a picture that was opened.

    Args:
        id: Its id.
        incoming: The file.
        image: The same, decoded.
        thumbnail_side: Longest side in pixels; 0 for no thumbnail.
    """
    return OwnItem(
        id=id,
        name=incoming.name,
        label=incoming.label,
        title=incoming.title or incoming.label or incoming.name,
        width=image.width,
        height=image.height,
        sha256=hashlib.sha256(incoming.data).hexdigest(),
        source=incoming.source,
        metadata=incoming.metadata,
        thumbnail=encode_thumbnail(image, thumbnail_side, _THUMBNAIL_QUALITY) if thumbnail_side else b"",
    )


def item_table(items: Sequence[OwnItem]) -> ItemTable:
    """The items in the form of a built catalogue's; no label is a label of its own, ""."""
    columns = {name: [getattr(item, name) for item in items] for name in ("id", "label", "title")}
    classes = sorted({"", *columns["label"]})
    return ItemTable.from_columns(OWN, classes, split=["train"] * len(items), **columns)


def items_csv(items: Sequence[OwnItem]) -> str:
    """The item table as CSV: what is known of each item, then every column that any of them brought along.

    A column of theirs that is named like one of the table's own gets `item_` before its name.
    """
    extra = {name: f"item_{name}" if name in _COLUMNS else name for item in items for name in item.metadata}
    rows = (
        {name: getattr(item, name) for name in _COLUMNS} | {extra[name]: value for name, value in item.metadata.items()}
        for item in items
    )
    return to_csv([*_COLUMNS, *extra.values()], rows)


def items_from_csv(text: str, thumbnails: Sequence[bytes]) -> list[OwnItem]:
    """The inverse of `items_csv`.

    Args:
        text: The table.
        thumbnails: One for each row.
    """
    return [_item(row, thumbnail) for row, thumbnail in zip(from_csv(text), thumbnails, strict=True)]


def _item(row: dict[str, str], thumbnail: bytes) -> OwnItem:
    known: dict[str, Any] = {name: row.pop(name) for name in _COLUMNS}
    known |= {name: int(known[name]) for name in ("width", "height")}
    theirs = {name: name[5:] if name[:5] == "item_" and name[5:] in _COLUMNS else name for name in row}
    return OwnItem(**known, metadata={theirs[name]: row[name] for name in row if row[name]}, thumbnail=thumbnail)


def join_pictures(items: Sequence[OwnItem]) -> bytes:
    """The thumbnails, end to end, as .npz: `pictures` (b,) uint8, and `ends` (n,) int64; it needs no pickle."""
    pictures = [item.thumbnail for item in items]
    buffer = io.BytesIO()
    ends = np.cumsum([len(picture) for picture in pictures], dtype=np.int64)
    np.savez(buffer, allow_pickle=False, pictures=np.frombuffer(b"".join(pictures), np.uint8), ends=ends)
    return buffer.getvalue()


def split_pictures(content: Mapping[str, np.ndarray]) -> list[bytes]:
    """The inverse of `join_pictures`, of its arrays."""
    pictures, ends = content["pictures"], content["ends"].tolist()
    return [pictures[start:end].tobytes() for start, end in zip([0, *ends], ends, strict=False)]


def embeddings_npz(items: Sequence[OwnItem], embeddings: np.ndarray, backbone_id: str) -> bytes:
    """`ids`, `names`, `labels` (n,) str, `embeddings` (n, dim) float32 and `backbone` as .npz; it needs no pickle."""
    texts = {f"{name}s": np.array([getattr(item, name) for item in items], str) for name in ("id", "name", "label")}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, embeddings=embeddings, backbone=np.array(backbone_id), **texts)
    return buffer.getvalue()


def index_bytes(embeddings: np.ndarray, parameters: IndexParameters | None = None) -> bytes:
    """hnswlib's index of the embeddings (cosine space), labels 0…n−1 in their order.

    hnswlib can only write to a file, so there is one for a moment, of a name that nobody outside chose.

    Raises:
        DataError: There are no embeddings.
    """
    if not len(embeddings):
        raise DataError("own.no-items")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index.hnsw"
        HnswIndex.build(embeddings, parameters or IndexParameters()).save(file)
        return file.read_bytes()
