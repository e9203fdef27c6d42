"""What tests of Milvus share: a Milvus Lite of their own, or the server that is named; else they are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import fakes
import numpy as np
import pytest

from core.config import MilvusPlace
from core.engine.index.milvus import collection
from core.engine.index.milvus import server as servers
from core.engine.index.milvus.rows import Row
from core.engine.index.milvus.writing import write_collection

#: A server to be tried beside Milvus Lite: `make test-scale MILVUS=http://HOST:PORT`.
SERVER = os.environ.get("VITRINE_TEST_MILVUS", "")
INSTALLED = "pymilvus is not installed: pip install -r requirements-scale.txt"


def place_of(kind: str, folder: Path) -> MilvusPlace:
    """Where a Milvus of a kind is, "lite" or "server"; skips the test where there is none."""
    pytest.importorskip("pymilvus", reason=INSTALLED)
    if kind == "lite":
        pytest.importorskip("milvus_lite", reason=INSTALLED)
        return MilvusPlace(str(folder / "milvus.db"))
    if not SERVER:
        pytest.skip("no Milvus server is named: make test-scale MILVUS=http://HOST:PORT")
    return MilvusPlace(SERVER, os.environ.get("VITRINE_MILVUS_TOKEN", ""))


def close(place: MilvusPlace, *names: str) -> None:
    """End the Milvus Lite of a test, or take these catalogues off the server again."""
    there = [] if place.is_lite else [name for name in names if name in collection.names(servers.server(place))]
    for name in there:
        behind = collection.collection_of(servers.server(place), name)
        servers.server(place).call("drop_alias", collection.alias_of(name))
        servers.server(place).call("drop_collection", behind)
    servers._server.cache_clear()
    if place.is_lite:
        from milvus_lite.server_manager import server_manager_instance

        server_manager_instance.release_server(place.uri)


def write(place: MilvusPlace, name: str, embeddings: np.ndarray, rows: list[Row] | None = None, **facts: object) -> int:
    """Write (n, dim) embeddings as a catalogue."""
    rows = rows or [Row(f"{position}.jpg") for position in range(len(embeddings))]
    said = {"backbone": "vitrine-clip", "weights_sha256": "", "dim": embeddings.shape[1], "root": ""} | facts
    return write_collection(servers.server(place), name, said, zip(rows, embeddings, strict=True), grace_s=0)


def write_pictures(folder: Path, colours: dict[str, tuple[int, int, int]]) -> Path:
    """A folder of pictures of one colour each, by path."""
    for name, rgb in colours.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fakes.solid(rgb).save(path)
    return folder
