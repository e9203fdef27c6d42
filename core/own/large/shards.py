"""Pictures -> shards: embeddings of some hundred pictures in one file, so that work that stops goes on where it was.

A shard is named by its place in the listing and written whole or not at all. Whoever makes it, and however often: its
pictures are in the catalogue once.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from PIL import Image

from core.config import ROOT
from core.engine.embedders.base import Embedder, enough_for
from core.engine.embedders.weights import place_of
from core.engine.files.folder import written
from core.engine.images import placeholders
from core.engine.images.decode import open_image
from core.engine.index.milvus.rows import Row
from core.engine.looks.reading import Looks
from core.engine.looks.vocabulary import WORDS
from core.errors import ImageError
from core.own.ingest.incoming import Incoming, Skipped
from core.own.large.listing import Listing, Source

#: Pictures of one shard: what a stop loses at most.
SHARD = 500
#: A colour or pattern is what an item is found by where it is more probable than all others together.
LIKELY = 0.5
_FIELDS = ("name", "label", "title", "address", "thumbhash", "colour", "pattern", "reason")


@dataclass(frozen=True)
class Shard:
    """Some pictures, embedded.

    Attributes:
        rows: Those that could be used, in order.
        embeddings: (n, dim) float32, rows L2-normalised.
        skipped: (name, reason) of the others.
    """

    rows: list[Row]
    embeddings: np.ndarray
    skipped: list[tuple[str, str]]


@dataclass(frozen=True)
class Shards:
    """Where the shards of one listing are kept, by one backbone's weights.

    Attributes:
        folder: Of them.
        source: What they are made of.
    """

    folder: Path
    source: Source

    @classmethod
    def of(cls, listing: Listing, name: str, embedder: Embedder) -> Shards:
        """The place for the shards of a listing, which another listing or other weights do not share."""
        record = embedder.record
        about = [listing.fingerprint, listing.root, place_of(record), SHARD]
        key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
        return cls(ROOT / ".cache" / "large" / f"{quote(name, safe='')}-{key}", listing.source)

    @property
    def n(self) -> int:
        """How many there are to be."""
        return -(-len(self.source) // SHARD)

    def file(self, number: int) -> Path:
        """Where one is, or is to be."""
        return self.folder / f"{number:06}.parquet"

    def missing(self) -> list[int]:
        """The numbers of those that are not there yet."""
        return [number for number in range(self.n) if not self.file(number).is_file()]

    def part(self, number: int) -> Source:
        """The pictures of one."""
        return self.source.part(number * SHARD, min((number + 1) * SHARD, len(self.source)))

    def keep(self, number: int, content: bytes) -> None:
        """Write one, whole or not at all."""
        with written(self.file(number)) as temporary:
            temporary.write_bytes(content)

    def read(self) -> Iterator[Shard]:
        """All of them, in order; each is in memory only while it is in hand."""
        for number in range(self.n):
            yield from_parquet(self.file(number).read_bytes())


def embed_shard(embedder: Embedder, pictures: Iterable[Incoming | Skipped]) -> bytes:
    """Embed some pictures, as Parquet; one that cannot be used is in it with the reason."""
    said: list[dict[str, Any]] = []
    good: list[int] = []

    def opened() -> Iterator[Image.Image]:
        for one in pictures:
            try:
                if isinstance(one, Skipped):
                    raise ImageError(one.name, one.reason)
                image = open_image(one.data, one.name, enough_for(embedder.record))
            except ImageError as error:
                said.append({"name": str(error.name), "reason": str(error.reason)})
                continue
            good.append(len(said))
            said.append(_about(one, image))
            yield image

    embeddings = embedder.embed_images(opened())
    vectors: list[list[float] | None] = [None] * len(said)
    for at, row in zip(good, embeddings, strict=True):
        vectors[at] = row.tolist()
    return _to_parquet(said, vectors, embedder.record.dim)


def _about(one: Incoming, image: Image.Image) -> dict[str, Any]:
    columns = {name.strip().lower(): value.strip().lower() for name, value in one.metadata.items()}
    stated = {name: columns.get(name, "") if columns.get(name) in WORDS[name] else "" for name in ("colour", "pattern")}
    return {
        "name": one.name,
        "label": one.label,
        "title": one.title,
        "address": one.source or one.place,
        "thumbhash": base64.b64encode(placeholders.encode(image)).decode(),
        "width": image.width,
        "height": image.height,
        **stated,
    }


def _to_parquet(said: Sequence[dict[str, Any]], vectors: Sequence[list[float] | None], dim: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    columns = {name: pa.array([one.get(name, "") for one in said], pa.string()) for name in _FIELDS}
    columns |= {name: pa.array([one.get(name, 0) for one in said], pa.int32()) for name in ("width", "height")}
    columns["vector"] = pa.array(vectors, pa.list_(pa.float32(), dim))
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(content: bytes) -> Shard:
    """The inverse of `embed_shard`."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(io.BytesIO(content))
    vectors, said = table["vector"].to_pylist(), table.drop_columns(["vector"]).to_pylist()
    skipped = [(one["name"], one["reason"]) for one in said if one["reason"]]
    good = [at for at, one in enumerate(said) if not one["reason"]]
    rows = [Row(**{name: value for name, value in said[at].items() if name != "reason"}) for at in good]
    dim = table.schema.field("vector").type.list_size
    embeddings = np.array([vectors[at] for at in good], np.float32).reshape(len(good), dim)
    return Shard(rows, embeddings, skipped)


def with_looks(shard: Shard, looks: Looks | None) -> Shard:
    """The same with the colour and pattern that each picture is read as, where its table states none."""
    if looks is None or not shard.rows:
        return shard
    read = looks.read(shard.embeddings)
    rows = list(shard.rows)
    for attribute in {"colour", "pattern"} & read.keys():
        classes, shares = looks.heads[attribute].classes, read[attribute]
        for at, (best, share) in enumerate(zip(shares.argmax(axis=1), shares.max(axis=1), strict=True)):
            if not getattr(rows[at], attribute) and share >= LIKELY:
                rows[at] = Row(**{**vars(rows[at]), attribute: classes[best]})
    return Shard(rows, shard.embeddings, shard.skipped)
