"""`python -m core build`: item tables, pictures, embeddings, indexes, calibration and the manifest.

Embedding 75,000 pictures takes minutes, so it is done in chunks that are kept (in `.cache/`, keyed by the
weights): a build that was stopped goes on where it was. Nothing under artifacts/ changes before it is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.config import artifacts_dir
from core.engine.backbones import get, model_dir
from core.engine.catalogues import CATALOGUES, clothing, fashion_mnist
from core.engine.catalogues.embedded import embed_catalogue
from core.engine.catalogues.grey_sheets import write_pictures
from core.engine.catalogues.items import ItemTable
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
    manifest = artifacts.load_manifest()
    for catalogue in CATALOGUES:
        items = build_items(catalogue, manifest, report)
        embeddings = embed_catalogue(embedder, catalogue, items).astype(np.float16)
        manifest["indexes"][f"{backbone_id}/{catalogue}"] = _write_index(
            backbone_id, catalogue, items, embeddings, manifest, report
        )
    artifacts.save_manifest(manifest)
    report("The manifest is written.")
    recalibrate(backbone_id, report)


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


def build_items(catalogue: str, manifest: dict[str, Any], report: Callable[[str], None]) -> ItemTable:
    """A catalogue's item table (and Fashion-MNIST's pictures), written where the data allows it."""
    path = items_file(catalogue)
    if catalogue == "clothing":
        items = clothing.build_items(clothing.require_source())
    else:
        items = fashion_mnist.build_items()
        pictures = path.with_name("fashion-mnist.npz")
        if not pictures.is_file():
            write_pictures(fashion_mnist.load_source(None)[0], pictures)
        manifest["files"][artifacts.relative(pictures)] = {}
    items.save(path)
    manifest["files"][artifacts.relative(path)] = {}
    manifest["catalogues"][catalogue] = {"count": len(items), "items_hash": items.content_hash()}
    report(f"{catalogue}: {len(items)} items.")
    return items


def _write_index(
    backbone_id: str,
    catalogue: str,
    items: ItemTable,
    embeddings: np.ndarray,
    manifest: dict[str, Any],
    report: Callable[[str], None],
) -> dict[str, Any]:
    graph_file = index_file(backbone_id, catalogue, ".hnsw")
    embeddings_file = index_file(backbone_id, catalogue, ".npy")
    with artifacts.written(embeddings_file) as temporary:
        np.save(temporary, embeddings)
    report(f"{catalogue}: building the index.")
    index = HnswIndex.build(embeddings, PARAMETERS)
    index.save(graph_file)
    for file in (graph_file, embeddings_file):
        manifest["files"][artifacts.relative(file)] = {}
    return {
        "count": len(items),
        "dim": int(embeddings.shape[1]),
        "space": "cosine",
        "parameters": {key: getattr(PARAMETERS, key) for key in PARAMETERS.__dataclass_fields__},
        "items_hash": items.content_hash(),
        "weights_sha256": manifest["backbones"][backbone_id]["weights_sha256"],
    }
