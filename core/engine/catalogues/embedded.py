"""A whole catalogue, embedded: the stored embeddings, or new ones made in chunks that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from core.config import ROOT
from core.engine.catalogues import photos
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import embed_part, for_bulk
from core.engine.embedders.weights import place_of, require_weights
from core.engine.files.arrays import check_directions, load_array
from core.engine.files.manifest import load_manifest, refusal, verified
from core.engine.files.paths import index_file
from core.engine.progress import shown_progress
from core.errors import sentence

CHUNK = 1000  # pictures; what a stop loses at most


@dataclass(frozen=True)
class Labelled:
    """Embeddings with what is known of their pictures.

    Attributes:
        items: The table, for fashion-products None.
        embeddings: (n, dim) float32, rows L2-normalised.
    """

    items: ItemTable
    embeddings: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """A column of the table as (n,) str."""
        return self.items.frame[name].astype(str).to_numpy().astype(str)


def labelled(embedder: Embedder, catalogue: str) -> Labelled:
    """The stored embeddings where they are built, else computed (and kept) now.

    Raises:
        OtherWeightsError: Other weights made those that are stored.
    """
    entry = load_manifest()["indexes"].get(f"{embedder.record.id}/{catalogue}")
    if entry is not None:
        require_weights(entry, embedder.record)
        return stored(embedder.record.id, catalogue)
    items = load_items(catalogue)
    return Labelled(items, embed_catalogue(embedder, catalogue, items))


def stored(backbone_id: str, catalogue: str) -> Labelled:
    """The stored embeddings.

    Raises:
        ArtifactError: They are not built, or damaged.
    """
    items = load_items(catalogue)
    path = index_file(backbone_id, catalogue, ".npy")
    refused = partial(refusal, path)
    embeddings = load_array(verified(path), refused).astype(np.float32)
    if embeddings.ndim != 2 or len(embeddings) != len(items):
        raise refused(sentence("engine.other-items"))
    check_directions(embeddings, refused)
    return Labelled(items, embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))


def embed_catalogue(embedder: Embedder, catalogue: str, items: ItemTable) -> np.ndarray:
    """(n, dim) float32 embeddings of all items, in chunks that are kept; shows progress."""
    record = embedder.record
    folder = ROOT / ".cache" / "embeddings" / place_of(record) / f"{catalogue}-{items.content_hash()[:12]}"
    embedder = for_bulk(embedder)
    # Filled part by part: joining the parts would hold thousands of dimensions of 70,000 pictures twice.
    embeddings = np.empty((len(items), record.dim), np.float32)
    with shown_progress(len(items), f"pictures of {catalogue}") as done:
        for start in range(0, len(items), CHUNK):
            ids = [items.row(position).id for position in range(start, min(start + CHUNK, len(items)))]
            file = folder / f"{start:06}.npy"
            if file.is_file():
                done(len(ids))
            embeddings[start : start + CHUNK] = embed_part(file, embedder, _pictures(ids, done))
    return embeddings


def _pictures(ids: list[str], done: Callable[[int], None]) -> Iterator[Image.Image]:
    for id in ids:
        yield photos.picture(id)
        done(1)
