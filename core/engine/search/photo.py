"""A photo that somebody brought, opened once: the path that every photo of a visitor takes."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.engine.embedders.base import Embedder, embed_photo
from core.engine.images.decode import encode_thumbnail

#: Longest side of a preview, in pixels.
PREVIEW_SIDE = 640


@dataclass(frozen=True)
class Photo:
    """What is kept of a photo.

    Attributes:
        sha256: Of the file.
        name: What the visitor calls it.
        preview: A small JPEG.
        ratio: Its width / height.
        embedding: (dim,) float32, L2-normalised.
        timings_ms: Milliseconds of the stages `decode`, `embed` and `preview`.
        file: The file itself, as bytes or a path; None where it was let go.
    """

    sha256: str
    name: str
    preview: bytes = field(repr=False)
    ratio: float
    embedding: np.ndarray = field(repr=False)
    timings_ms: dict[str, float]
    file: bytes | Path | None = field(repr=False)


def digest(source: bytes | Path) -> str:
    """Hex sha256 of a photo's file."""
    return hashlib.sha256(source if isinstance(source, bytes) else source.read_bytes()).hexdigest()


def open_photo(embedder: Embedder, source: bytes | Path, name: str) -> Photo:
    """Decode and embed a photo, and make its preview.

    Raises:
        ImageError: The photo is refused or cannot be decoded.
        VitrineError: The backbone cannot be used.
    """
    photo = embed_photo(embedder, source, name)
    started = time.perf_counter()
    preview, ratio = encode_thumbnail(photo.image, PREVIEW_SIDE), photo.image.width / photo.image.height
    timings_ms = photo.timings_ms | {"preview": 1000 * (time.perf_counter() - started)}
    return Photo(digest(source), name, preview, ratio, photo.embedding, timings_ms, source)
