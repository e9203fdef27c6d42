"""A gallery: one catalogue as one backbone sees it, loaded only if every file of it is as it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.engine.catalogues.items import ItemTable, load_items
from core.engine.files.manifest import REPAIR, load_manifest, verified
from core.engine.files.paths import calibration_file, index_file
from core.engine.index.hnsw import ExactIndex, SearchIndex, load_hnsw
from core.engine.search.calibration import BLEND, PHOTO, TEXT, Calibrated, Calibration
from core.errors import ArtifactError


@dataclass(frozen=True)
class Gallery:
    """One catalogue as one backbone sees it.

    Attributes:
        items: The item table; row number = position in `index` and `exact`.
        exact: Search by comparison, over (n, dim) float16 embeddings mapped from disk.
        index: hnswlib's graph, or `exact` where the graph cannot be used.
        calibration: What a similarity to a photo from elsewhere means; None where nobody has measured it.
        notice: Why the graph is not used, "" where it is.
        of_queries: What it means for other kinds of query: words, or the items of a catalogue.
    """

    items: ItemTable
    exact: ExactIndex
    index: SearchIndex
    calibration: Calibration | None
    notice: str = ""
    of_queries: Mapping[str, Calibration] = field(default_factory=dict)

    def meaning(self, asked: str) -> Calibration | None:
        """What a similarity means to a kind of query; None where nobody has measured it."""
        return self.of_queries.get(asked, None if asked in (TEXT, BLEND) else self.calibration)


def load_calibrated(backbone_id: str) -> Calibrated:
    """All that was fitted for a backbone, verified.

    Raises:
        ArtifactError: The file is missing, damaged or of another version.
    """
    path = calibration_file(backbone_id)
    try:
        return Calibrated.from_json(json.loads(verified(path).read_bytes()))
    except (KeyError, TypeError, ValueError):
        command = f"python -m core build --calibration --backbone {backbone_id}"
        raise ArtifactError(f"indexes/{backbone_id}/calibration.json", "is of another version", command) from None


def load_gallery(backbone_id: str, catalogue: str) -> Gallery:
    """Load a catalogue's items, embeddings and index, all verified.

    A graph that is damaged or does not fit is replaced by exact search, with a notice.

    Raises:
        ArtifactError: The manifest, the items, the embeddings or the calibration cannot be used.
    """
    manifest = load_manifest()
    entry = manifest["indexes"].get(f"{backbone_id}/{catalogue}")
    path = index_file(backbone_id, catalogue, ".npy")
    if entry is None:
        command = f"python -m core build --backbone {backbone_id}"
        raise ArtifactError(f"indexes/{backbone_id}/{catalogue}.npy", "has not been built", command)
    items = load_items(catalogue)
    embeddings = np.load(verified(path), mmap_mode="r", allow_pickle=False)
    if embeddings.shape != (len(items), entry["dim"]) or items.content_hash() != entry["items_hash"]:
        raise ArtifactError(f"indexes/{backbone_id}/{catalogue}.npy", "does not fit the item table", REPAIR)
    tables = load_calibrated(backbone_id).tables.get(catalogue)
    if not tables:
        raise ArtifactError(f"indexes/{backbone_id}/calibration.json", f"knows nothing of {catalogue}", REPAIR)
    exact = ExactIndex(embeddings)
    index: SearchIndex = exact
    notice = ""
    try:
        index = load_hnsw(index_file(backbone_id, catalogue, ".hnsw"), entry, embeddings)
    except ArtifactError as error:
        notice = f"{error}. Until then, every item is compared: the answers are right, only slower."
    return Gallery(items, exact, index, tables[PHOTO], notice, tables)
