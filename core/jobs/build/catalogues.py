"""`python -m core build`: item tables, pictures, embeddings, indexes, calibration and the manifest.

Embedding 75,000 pictures takes minutes, so it is done in chunks that are kept (in `.cache/`, keyed by the
weights): a build that was stopped goes on where it was. Nothing under artifacts/ changes before it is whole, and only
what was written here is entered into the manifest: the model is registered by the training that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from core.engine.backbones import Backbone
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.embedded import embed_catalogue
from core.engine.catalogues.items import ItemTable
from core.engine.catalogues.photos import READERS
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import made_with
from core.engine.files.folder import written
from core.engine.files.manifest import register
from core.engine.files.paths import index_file, items_file
from core.engine.index.hnsw import HnswIndex, IndexParameters
from core.jobs.build.calibrate import recalibrate

PARAMETERS = IndexParameters()


def build(backbone_id: str, report: Callable[[str], None] = print) -> None:
    """Build everything that one backbone needs, and the manifest.

    Raises:
        DataError: A data set is missing.
        ArtifactError: The backbone's weights are missing, or not those that training has registered.
    """
    embedder = load_embedder(backbone_id)
    for catalogue in CATALOGUES:
        build_catalogue(embedder, catalogue, report)
    report("The manifest is written.")
    recalibrate(backbone_id, report)


def build_catalogue(embedder: Embedder, catalogue: str, report: Callable[[str], None] = print) -> None:
    """Write one catalogue: its items and what else ships of it, then its embeddings and its index.

    Raises:
        DataError: Its data set is missing.
    """
    items = build_items(catalogue)
    report(f"{catalogue}: {len(items)} items.")
    embeddings = embed_catalogue(embedder, catalogue, items).astype(np.float16)
    report(f"{catalogue}: building the index.")
    _write_index(embedder.record, catalogue, items, embeddings)


def build_items(catalogue: str) -> ItemTable:
    """A catalogue's item table, written with what else ships of it, and entered into the manifest."""
    reader, path = READERS[catalogue], items_file(catalogue)
    items = reader.build_items()
    items.save(path)
    entry = {"count": len(items), "items_hash": items.content_hash()}
    register([path, *reader.build_files()], catalogues={catalogue: entry})
    return items


def _write_index(record: Backbone, catalogue: str, items: ItemTable, embeddings: np.ndarray) -> None:
    graph_file, embeddings_file = (index_file(record.id, catalogue, suffix) for suffix in (".hnsw", ".npy"))
    with written(embeddings_file) as temporary:
        np.save(temporary, embeddings)
    HnswIndex.build(embeddings, PARAMETERS).save(graph_file)
    entry = {
        "count": len(items),
        "dim": int(embeddings.shape[1]),
        "space": "cosine",
        "parameters": asdict(PARAMETERS),
        "items_hash": items.content_hash(),
        **made_with(record),
    }
    register([graph_file, embeddings_file], indexes={f"{record.id}/{catalogue}": entry})
