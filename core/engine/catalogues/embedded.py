"""A whole catalogue, embedded: the stored embeddings, or new ones made in chunks that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from core.config import ROOT
from core.engine.backbones import model_dir
from core.engine.catalogues import photos
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import for_bulk
from core.engine.embedders.exported import weights_sha256
from core.engine.files.manifest import load_manifest, sha256_of, verified, written
from core.engine.files.paths import index_file

CHUNK = 1000  # pictures; what a stop loses at most
BATCH = 100  # pictures between two moves of the progress bar


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
    """The stored embeddings where they are built, else computed (and kept) now."""
    entry = load_manifest()["indexes"].get(f"{embedder.record.id}/{catalogue}")
    items = load_items(catalogue)
    if entry is not None:
        return Labelled(items, stored_embeddings(embedder.record.id, catalogue))
    return Labelled(items, embed_catalogue(embedder, catalogue, items))


def stored_embeddings(backbone_id: str, catalogue: str) -> np.ndarray:
    """(n, dim) float32, rows L2-normalised: those of a built catalogue.

    Raises:
        ArtifactError: They are not built, or damaged.
    """
    stored = np.load(verified(index_file(backbone_id, catalogue, ".npy")), allow_pickle=False)
    embeddings: np.ndarray = stored.astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings


def embed_catalogue(embedder: Embedder, catalogue: str, items: ItemTable) -> np.ndarray:
    """(n, dim) float32 embeddings of all items, in chunks that are kept; shows a progress bar."""
    from tqdm import tqdm

    record = embedder.record
    weights = model_dir(record.id) / "image.onnx"
    key = sha256_of(weights) if weights.is_file() else weights_sha256(record)
    name = f"{quote(record.id, safe='')}-{key[:12] or 'none'}"
    folder = ROOT / ".cache" / "embeddings" / name / f"{catalogue}-{items.content_hash()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    embedder = for_bulk(embedder)
    # Filled part by part: joining the parts would hold thousands of dimensions of 70,000 pictures twice.
    embeddings = np.empty((len(items), record.dim), np.float32)
    with tqdm(total=len(items), unit="image", desc=f"{record.id} on {catalogue}") as bar:
        for start in range(0, len(items), CHUNK):
            positions = range(start, min(start + CHUNK, len(items)))
            file = folder / f"{start:06}.npy"
            embeddings[start : positions.stop] = _chunk(file, embedder, items, positions, bar)
    return embeddings


def _chunk(file: Path, embedder: Embedder, items: ItemTable, positions: range, bar: Any) -> np.ndarray:
    if file.is_file():
        kept: np.ndarray = np.load(file, allow_pickle=False)
        bar.update(len(positions))
        return kept
    parts = []
    pictures = (photos.picture(items.row(position).id) for position in positions)
    while batch := list(islice(pictures, BATCH)):
        parts.append(embedder.embed_images(batch))
        bar.update(len(batch))
    embeddings = np.concatenate(parts)
    with written(file) as temporary:
        np.save(temporary, embeddings)
    return embeddings
