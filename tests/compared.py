"""Backbones that can be compared: fakes that see only some colours, each with a compare gallery on disk."""

from __future__ import annotations

import json
from functools import partial

import fakes
import numpy as np
import pytest

from core.compare.gallery import DESCRIPTION, SCHEMA, choose_items, items_path, shipped_folder
from core.engine.backbones import BACKBONES, Backbone
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.load import LOADERS, load_embedder
from core.engine.files import manifest as artifacts
from core.engine.files.paths import items_file


class WeighedEmbedder(fakes.FakeEmbedder):
    """The fake, with some of (red, green, blue, darkness) counting more than others."""

    def __init__(self, record: Backbone, weights: tuple[float, float, float, float]):
        super().__init__(record)
        self._weights = np.array(weights, np.float32)

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        return super()._embed_pixels(pixels) * self._weights + np.float32(1e-3)


WEIGHTS = {"reddish": (9, 1, 1, 1), "dark": (1, 1, 1, 9), "unbuilt": (1, 9, 1, 1)}


def register(patch: pytest.MonkeyPatch) -> None:
    """Put the fakes into the registry for a test; `unbuilt` has no gallery, `unloadable` no weights either."""
    for id, weights in WEIGHTS.items():
        patch.setitem(LOADERS, id, partial(WeighedEmbedder, weights=weights))
        patch.setitem(BACKBONES, id, fakes.fake_record(id, title=id.title(), loader=id))
    patch.setitem(BACKBONES, "unloadable", fakes.fake_record("unloadable", packages=("no_such_package",)))


def write_galleries(ids: tuple[str, ...] = ("reddish", "dark")) -> None:
    """Write the compare galleries of some fakes among the artifacts in use."""
    manifest = artifacts.load_manifest()
    chosen = {id: choose_items(id, ItemTable.load(items_file(id))) for id in CATALOGUES}
    files = [items_path()]
    with artifacts.written(items_path()) as temporary:
        np.savez(temporary, **chosen)
    for id in ids:
        facts = {"schema": SCHEMA, "backbone": id, "dim": 4, "stored_dim": 4, "reduced": False, "files": {}}
        facts |= {"items": artifacts.sha256_of(items_path()), "hashes": {}, "calibration": {}}
        for catalogue, positions in chosen.items():
            rows = embeddings_of(id, catalogue)[positions].astype(np.float16)
            file = shipped_folder(id) / f"{catalogue}.npy"
            with artifacts.written(file) as temporary:
                np.save(temporary, rows)
            facts["files"][file.name] = artifacts.sha256_of(file)
            facts["hashes"][catalogue] = ItemTable.load(items_file(catalogue)).content_hash()
            facts["calibration"][catalogue] = fakes._calibration(rows.astype(np.float32)).to_json()
            files.append(file)
        with artifacts.written(shipped_folder(id) / DESCRIPTION) as temporary:
            temporary.write_text(json.dumps(facts))
        files.append(shipped_folder(id) / DESCRIPTION)
    manifest["files"] |= {artifacts.relative(file): {} for file in files}
    artifacts.save_manifest(manifest)


def embeddings_of(id: str, catalogue: str) -> np.ndarray:
    """(n, 4) float32: what a fake makes of every item of the tiny catalogue."""
    record = BACKBONES[id]
    return load_embedder(record).embed_images(fakes.solid(tuple(map(int, rgb))) for rgb in fakes.colours_of(catalogue))
