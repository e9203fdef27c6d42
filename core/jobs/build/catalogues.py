"""`python -m core build`: item tables, pictures, embeddings, indexes, calibration and the manifest.

Embedding 75,000 pictures takes minutes, so it is done in chunks that are kept (in `.cache/`, keyed by the
weights): a build that was stopped goes on where it was. Nothing under artifacts/ changes before it is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from core.config import artifacts_dir
from core.engine.backbones import get, model_dir
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.embedded import embed_catalogue
from core.engine.catalogues.items import ItemTable
from core.engine.catalogues.photos import READERS
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import load_embedder
from core.engine.files import manifest as artifacts
from core.engine.files.paths import index_file, items_file
from core.engine.index.hnsw import HnswIndex, IndexParameters
from core.errors import ArtifactError
from core.jobs.build.calibrate import recalibrate

PARAMETERS = IndexParameters()


def build(backbone_id: str, report: Callable[[str], None] = print) -> None:
    """Build everything that one backbone needs, and the manifest.

    Raises:
        DataError: A data set is missing.
        ArtifactError: The backbone's weights are missing.
    """
    register_model(backbone_id)
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
    _write_index(embedder.record.id, catalogue, items, embeddings)


def register_model(backbone_id: str) -> None:
    """Enter the files of a backbone's folder, if it has one, into the manifest (made if there is none)."""
    try:
        manifest = artifacts.load_manifest()
    except ArtifactError:
        manifest = artifacts.empty_manifest()
    record, folder = get(backbone_id), model_dir(backbone_id)
    for file in sorted(folder.glob("*")):
        if file.suffix in (".onnx", ".safetensors", ".json", ".md"):
            manifest["files"][artifacts.relative(file)] = {}
    weights = folder / "image.onnx"
    manifest["backbones"][backbone_id] = {
        "dim": record.dim,
        "weights_sha256": artifacts.sha256_of(weights) if weights.is_file() else "",
    }
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if (artifacts_dir() / name).is_file()}
    artifacts.save_manifest(manifest)


def build_items(catalogue: str) -> ItemTable:
    """A catalogue's item table, written with what else ships of it, and entered into the manifest."""
    reader, path = READERS[catalogue], items_file(catalogue)
    items = reader.build_items()
    items.save(path)
    manifest = artifacts.load_manifest()
    manifest["files"] |= {artifacts.relative(file): {} for file in (path, *reader.build_files())}
    manifest["catalogues"][catalogue] = {"count": len(items), "items_hash": items.content_hash()}
    artifacts.save_manifest(manifest)
    return items


def _write_index(backbone_id: str, catalogue: str, items: ItemTable, embeddings: np.ndarray) -> None:
    graph_file, embeddings_file = (index_file(backbone_id, catalogue, suffix) for suffix in (".hnsw", ".npy"))
    with artifacts.written(embeddings_file) as temporary:
        np.save(temporary, embeddings)
    HnswIndex.build(embeddings, PARAMETERS).save(graph_file)
    manifest = artifacts.load_manifest()
    manifest["files"] |= {artifacts.relative(file): {} for file in (graph_file, embeddings_file)}
    manifest["indexes"][f"{backbone_id}/{catalogue}"] = {
        "count": len(items),
        "dim": int(embeddings.shape[1]),
        "space": "cosine",
        "parameters": asdict(PARAMETERS),
        "items_hash": items.content_hash(),
        "weights_sha256": manifest["backbones"][backbone_id]["weights_sha256"],
    }
    artifacts.save_manifest(manifest)
