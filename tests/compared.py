"""Backbones that can be compared: fakes that see only some colours, each with a compare gallery on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import fakes
import numpy as np
import pytest

from core.compare.gallery import DESCRIPTION, SCHEMA, choose_items, items_path, shipped_folder
from core.engine.backbones import BACKBONES, Backbone
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.load import LOADERS, load_embedder
from core.engine.files.folder import sha256_of, write_folder, written
from core.engine.files.manifest import register as register_files
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
    chosen = {id: choose_items(id, ItemTable.load(items_file(id))) for id in CATALOGUES}
    files = [items_path()]
    with written(items_path()) as temporary:
        np.savez(temporary, **chosen)
    for id in ids:
        facts = {"schema": SCHEMA, "backbone": id, "dim": 4, "stored_dim": 4, "reduced": False, "weights_sha256": ""}
        facts |= {"items": sha256_of(items_path()), "hashes": {}, "calibration": {}}
        arrays: dict[str, Callable[[Path], object]] = {}
        for catalogue, positions in chosen.items():
            rows = embeddings_of(id, catalogue)[positions].astype(np.float16)
            arrays[f"{catalogue}.npy"] = partial(np.save, arr=rows)
            facts["hashes"][catalogue] = ItemTable.load(items_file(catalogue)).content_hash()
            facts["calibration"][catalogue] = fakes._calibration(rows.astype(np.float32)).to_json()
        files += write_folder(shipped_folder(id), DESCRIPTION, facts, arrays)
    register_files(files)


def embeddings_of(id: str, catalogue: str) -> np.ndarray:
    """(n, 4) float32: what a fake makes of every item of the tiny catalogue."""
    record = BACKBONES[id]
    return load_embedder(record).embed_images(fakes.solid(tuple(map(int, rgb))) for rgb in fakes.colours_of(catalogue))
