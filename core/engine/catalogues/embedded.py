"""A whole catalogue, embedded: the stored embeddings, or new ones made in chunks that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from PIL import Image

from core.config import ROOT
from core.engine.catalogues import clothing, fashion_mnist
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import for_bulk
from core.engine.embedders.weights import require_weights, weights_sha256
from core.engine.files.folder import written
from core.engine.files.manifest import load_manifest, verified
from core.engine.files.paths import index_file, items_file
from core.engine.images.decode import open_image

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
    """The stored embeddings where they are built, else computed (and kept) now.

    Raises:
        OtherWeightsError: Other weights made those that are stored.
    """
    entry = load_manifest()["indexes"].get(f"{embedder.record.id}/{catalogue}")
    items = ItemTable.load(verified(items_file(catalogue)))
    if entry is not None:
        require_weights(entry.get("weights_sha256"), embedder.record)
        stored = np.load(verified(index_file(embedder.record.id, catalogue, ".npy")), allow_pickle=False)
        embeddings = stored.astype(np.float32)
        return Labelled(items, embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
    return Labelled(items, embed_catalogue(embedder, catalogue, items))


def embed_catalogue(embedder: Embedder, catalogue: str, items: ItemTable) -> np.ndarray:
    """(n, dim) float32 embeddings of all items, in chunks that are kept; shows a progress bar."""
    from tqdm import tqdm

    record = embedder.record
    name = f"{quote(record.id, safe='')}-{(weights_sha256(record) or 'none')[:12]}"
    folder = ROOT / ".cache" / "embeddings" / name / f"{catalogue}-{items.content_hash()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    embedder = for_bulk(embedder)
    # Filled part by part: joining the parts would hold thousands of dimensions of 70,000 pictures twice.
    embeddings = np.empty((len(items), record.dim), np.float32)
    with tqdm(total=len(items), unit="image", desc=f"{record.id} on {catalogue}") as bar:
        for start in range(0, len(items), CHUNK):
            positions = range(start, min(start + CHUNK, len(items)))
            file = folder / f"{start:06}.npy"
            embeddings[start : positions.stop] = _chunk(file, embedder, catalogue, items, positions, bar)
    return embeddings


def _chunk(file: Path, embedder: Embedder, catalogue: str, items: ItemTable, positions: range, bar: Any) -> np.ndarray:
    if file.is_file():
        kept: np.ndarray = np.load(file, allow_pickle=False)
        bar.update(len(positions))
        return kept
    parts = []
    pictures = pictures_of(catalogue, items, positions)
    while batch := list(islice(pictures, BATCH)):
        parts.append(embedder.embed_images(batch))
        bar.update(len(batch))
    embeddings = np.concatenate(parts)
    with written(file) as temporary:
        np.save(temporary, embeddings)
    return embeddings


def pictures_of(catalogue: str, items: ItemTable, positions: range) -> Iterator[Image.Image]:
    """The pictures at some positions of a catalogue, from its data set, as RGB."""
    if catalogue == "fashion-mnist":
        images = fashion_mnist.load_source(None)[0]
        for position in positions:
            yield Image.fromarray(images[position]).convert("RGB")
    else:
        with clothing.require_source() as source:
            for position in positions:
                item_id = items.row(position).id.partition("/")[2]
                yield open_image(source.read(item_id), item_id)
