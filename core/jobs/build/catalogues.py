"""`python -m core build`: item tables, pictures, embeddings, indexes, calibration and the manifest.

Embedding 75,000 pictures takes minutes, so it is done in chunks that are kept (in `.cache/`, keyed by the
weights): a build that was stopped goes on where it was. Nothing under artifacts/ changes before it is whole, and only
what was written here is entered into the manifest: the model is registered by the training that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from core.engine.catalogues import CATALOGUES, clothing, fashion_mnist
from core.engine.catalogues.embedded import embed_catalogue
from core.engine.catalogues.grey_sheets import write_pictures
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import weights_sha256
from core.engine.files.folder import written
from core.engine.files.manifest import register, verified
from core.engine.files.paths import index_file, items_file
from core.engine.index.hnsw import HnswIndex, IndexParameters
from core.errors import ArtifactError
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
        items = build_items(catalogue, report)
        _write_index(embedder, catalogue, items, report)
    report("The manifest is written.")
    recalibrate(backbone_id, report)


def build_items(catalogue: str, report: Callable[[str], None]) -> ItemTable:
    """A catalogue's item table (and Fashion-MNIST's pictures), written where the data allows it."""
    path = items_file(catalogue)
    files = [path]
    if catalogue == "clothing":
        items = clothing.build_items(clothing.require_source())
    else:
        items = fashion_mnist.build_items()
        pictures = path.with_name("fashion-mnist.npz")
        try:
            verified(pictures)
        except ArtifactError:
            write_pictures(fashion_mnist.load_source(None)[0], pictures)
            files.append(pictures)
    items.save(path)
    register(files, catalogues={catalogue: {"count": len(items), "items_hash": items.content_hash()}})
    report(f"{catalogue}: {len(items)} items.")
    return items


def _write_index(embedder: Embedder, catalogue: str, items: ItemTable, report: Callable[[str], None]) -> None:
    record = embedder.record
    graph_file, embeddings_file = (index_file(record.id, catalogue, suffix) for suffix in (".hnsw", ".npy"))
    embeddings = embed_catalogue(embedder, catalogue, items).astype(np.float16)
    with written(embeddings_file) as temporary:
        np.save(temporary, embeddings)
    report(f"{catalogue}: building the index.")
    index = HnswIndex.build(embeddings, PARAMETERS)
    index.save(graph_file)
    entry = {
        "count": len(items),
        "dim": int(embeddings.shape[1]),
        "space": "cosine",
        "parameters": asdict(PARAMETERS),
        "items_hash": items.content_hash(),
        "weights_sha256": weights_sha256(record),
    }
    register([graph_file, embeddings_file], indexes={f"{record.id}/{catalogue}": entry})
