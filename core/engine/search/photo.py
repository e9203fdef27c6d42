"""A photo that somebody brought, opened once: the path that every photo of a visitor takes."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.engine.embedders.base import Embedder, embed_photo
from core.engine.images.decode import encode_thumbnail
from core.engine.images.region import Region

#: Longest side of a preview, in pixels.
PREVIEW_SIDE = 640


@dataclass(frozen=True)
class Photo:
    """What is kept of a photo, or of a part of one.

    Attributes:
        sha256: Of the file.
        name: What the visitor calls it.
        preview: A small JPEG of what is searched with: of a part, that part alone.
        ratio: Its width / height.
        embedding: (dim,) float32, L2-normalised.
        timings_ms: Milliseconds of the stages `decode`, `embed` and `preview`.
        file: The file itself, as bytes or a path; None where it was let go.
        region: Which part of the photo this is; None for all of it.
    """

    sha256: str
    name: str
    preview: bytes = field(repr=False)
    ratio: float
    embedding: np.ndarray = field(repr=False)
    timings_ms: dict[str, float]
    file: bytes | Path | None = field(repr=False)
    region: Region | None = None


def digest(source: bytes | Path) -> str:
    """Hex sha256 of a photo's file."""
    return hashlib.sha256(source if isinstance(source, bytes) else source.read_bytes()).hexdigest()


def open_photo(embedder: Embedder, source: bytes | Path, name: str, region: Region | None = None) -> Photo:
    """Decode and embed a photo or a part of it, and make its preview.

    Raises:
        ImageError: The photo is refused or cannot be decoded, or the part has too few pixels.
        VitrineError: The backbone cannot be used.
    """
    photo = embed_photo(embedder, source, name, region=region)
    started = time.perf_counter()
    preview, ratio = encode_thumbnail(photo.image, PREVIEW_SIDE), photo.image.width / photo.image.height
    timings_ms = photo.timings_ms | {"preview": 1000 * (time.perf_counter() - started)}
    return Photo(digest(source), name, preview, ratio, photo.embedding, timings_ms, source, region)
