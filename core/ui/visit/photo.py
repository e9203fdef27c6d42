"""A picture that a visitor brought, opened once: all that is kept of it is a preview and an embedding."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.engine.embedders.base import embed_photo
from core.engine.search.engine import SearchEngine

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Photo:
    """What is kept of a picture.

    Attributes:
        sha256: Of the file.
        name: What the visitor calls it.
        preview: A small JPEG.
        ratio: Its width / height.
        embedding: (dim,) float32, L2-normalised.
        timings_ms: Milliseconds of the stages `decode` and `embed`.
    """

    sha256: str
    name: str
    preview: bytes = field(repr=False)
    ratio: float
    embedding: np.ndarray = field(repr=False)
    timings_ms: dict[str, float]


def digest(source: bytes | Path) -> str:
    """Hex sha256 of a picture's file."""
    return hashlib.sha256(source if isinstance(source, bytes) else source.read_bytes()).hexdigest()


def open_photo(engine: SearchEngine, source: bytes | Path, name: str) -> Photo:
    """Decode and embed a picture.

    Raises:
        ImageError: The picture is refused or cannot be decoded.
        ArtifactError: The backbone cannot be used.
    """
    from core.engine.images.decode import encode_thumbnail

    photo = embed_photo(engine.embedder, source, name)
    preview, ratio = encode_thumbnail(photo.image, 640), photo.image.width / photo.image.height
    return Photo(digest(source), name, preview, ratio, photo.embedding, photo.timings_ms)
