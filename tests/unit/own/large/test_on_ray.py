"""Shards on a local Ray cluster of two workers: as in one process, even if a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.config import DEFAULT_BACKBONE, ROOT, artifacts_dir
from core.engine.embedders.load import load_embedder
from core.engine.images.decode import encode_thumbnail, open_image
from core.own.large import shards
from core.own.large.build import OneProcess
from core.own.large.listing import open_listing
from core.own.large.on_ray import OnRay
from core.own.large.shards import Shard, Shards, from_parquet

pytest.importorskip("ray.data", reason="Ray is not installed: pip install -r requirements-scale.txt")
pytestmark = [
    pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
N = 60


@pytest.fixture
def some(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shards:
    """Crops of the samples, one of them broken, in shards of 8."""
    monkeypatch.setattr(shards, "SHARD", 8)
    monkeypatch.setattr(shards, "ROOT", tmp_path)
    folder = tmp_path / "pictures"
    folder.mkdir()
    photos = [open_image(path) for path in sorted((ROOT / "samples").glob("*.jpg"))]
    for at in range(N):
        photo = photos[at % len(photos)]
        (folder / f"{at:03}.jpg").write_bytes(encode_thumbnail(photo.crop((at, at, photo.width, photo.height)), 240))
    (folder / "017.jpg").write_bytes(b"broken")
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
        folder = tmp_path / "shop.zip"
    return Shards.of(open_listing(folder), "ray", load_embedder(DEFAULT_BACKBONE))


def embed_all(some: Shards, engine: OneProcess | OnRay, kill: bool = False) -> dict[int, Shard]:
    found: dict[int, Shard] = {}
    for number, content in engine.embed(some, range(some.n)):
        assert number not in found, "a shard came twice"
        found[number] = from_parquet(content)
        if kill and len(found) == 1:
            kill_one_worker()
    return found


def kill_one_worker() -> None:
    import psutil

    commands = {process.pid: " ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)}
    at_work = [pid for pid, command in commands.items() if command.startswith("ray::") and "Worker" in command]
    assert at_work, "no worker of Ray was found"
    os.kill(at_work[0], signal.SIGKILL)


@pytest.mark.parametrize(("kind", "kill"), [("zip", False), ("folder", True)])
def test_workers_give_what_one_process_gives(some: Shards, kill: bool) -> None:
    expected = embed_all(some, OneProcess(load_embedder(DEFAULT_BACKBONE)))
    found = embed_all(some, OnRay(DEFAULT_BACKBONE), kill)
    assert sorted(found) == list(range(-(-N // 8)))
    for number, shard in expected.items():
        assert found[number].rows == shard.rows
        assert found[number].skipped == shard.skipped
        assert np.abs(found[number].embeddings - shard.embeddings).max(initial=0) < 1e-5
    assert [name for shard in found.values() for name, _ in shard.skipped] == ["017.jpg"]
