"""Shards on a local Ray cluster of two workers: as in one process, even if a worker is killed in the middle."""

from __future__ import annotations

import http.server
import os
import signal
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import brought
import numpy as np
import pytest
import tls

from core.config import DEFAULT_BACKBONE, ROOT, artifacts_dir
from core.engine.embedders.load import load_embedder
from core.own.ingest.fetch import UrlSource
from core.own.large import listing, shards
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
LABELS = ["shirt" if at % 2 else "bag" for at in range(N)]


class Shop(http.server.SimpleHTTPRequestHandler):
    """The pictures of a folder."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return brought.write_crops(tmp_path / "pictures", N, 240)


@pytest.fixture
def source(kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Those pictures as what a build takes them from, with labels where that has a place for them."""
    names = sorted(path.name for path in folder.iterdir())
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
            for name in names:
                archive.write(folder / name, name)
        yield tmp_path / "shop.zip"
    elif kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as parquet

        paths = [f"pictures/{name}" for name in names]
        parquet.write_table(pa.table({"path": paths, "label": LABELS}), tmp_path / "shop.parquet")
        yield tmp_path / "shop.parquet"
    elif kind == "csv":
        certificate = tls.certificate_for("shop.test", tmp_path)
        handler = partial(Shop, directory=str(folder))
        with tls.serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler), certificate) as server:
            policy = tls.policy_for(certificate, server.server_port)
            monkeypatch.setenv("VITRINE_ALLOW_URLS", "1")
            monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))  # the policy is of there, and workers have to know it
            monkeypatch.setattr(listing, "UrlSource", lambda rows: UrlSource(rows, policy))
            urls = [f"https://shop.test:{server.server_port}/{name}" for name in names]
            table = [f"{url},{label}" for url, label in zip(urls, LABELS, strict=True)]
            (tmp_path / "shop.csv").write_text("\n".join(["url,label", *table]))
            yield tmp_path / "shop.csv"
    else:
        yield folder


@pytest.fixture
def some(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shards:
    """The same in shards of 8."""
    monkeypatch.setattr(shards, "SHARD", 8)
    monkeypatch.setattr(shards, "ROOT", tmp_path)
    return Shards.of(open_listing(source), "ray", load_embedder(DEFAULT_BACKBONE))


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


@pytest.mark.parametrize(("kind", "kill"), [("zip", False), ("parquet", False), ("csv", False), ("folder", True)])
def test_workers_give_what_one_process_gives(some: Shards, kind: str, kill: bool) -> None:
    expected = embed_all(some, OneProcess(load_embedder(DEFAULT_BACKBONE)))
    found = embed_all(some, OnRay(DEFAULT_BACKBONE), kill)
    assert sorted(found) == list(range(-(-N // 8)))
    for number, shard in expected.items():
        assert found[number].rows == shard.rows
        assert found[number].skipped == shard.skipped
        assert np.abs(found[number].embeddings - shard.embeddings).max(initial=0) < 1e-5
    (left_out,) = [name for shard in found.values() for name, _ in shard.skipped]
    assert left_out.endswith("017.jpg")
    if kind in ("parquet", "csv"):
        rows = [row for number in sorted(found) for row in found[number].rows]
        assert [row.label for row in rows] == LABELS[:17] + LABELS[18:]


def test_a_cluster_that_does_not_come_up_is_started_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy computer, where one of Ray's processes now and then does not say in time where it listens."""
    import ray

    wait, end, ended = "RAY_gcs_server_port_wait_time_s", ray.shutdown, []

    def shutdown() -> None:
        ended.append(ray.is_initialized())
        monkeypatch.delenv(wait, raising=False)
        end()

    monkeypatch.setenv(wait, "0")
    monkeypatch.setattr(ray, "shutdown", shutdown)
    try:
        OnRay(DEFAULT_BACKBONE)._begin()
        assert ray.is_initialized()
        assert ended == [False]
    finally:
        end()
