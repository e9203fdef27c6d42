"""`build --engine ray`, as it is typed: with workers of its own, on a cluster that runs, at an address of nobody."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import brought
import milvus
import psutil
import pytest

from core.__main__ import main
from core.config import ROOT, MilvusPlace, artifacts_dir
from core.engine.index.milvus.collection import MilvusIndex, collection_of
from core.engine.index.milvus.rows import Chosen
from core.engine.index.milvus.server import server
from core.errors import VitrineError
from core.jobs.benchmark.serving import free_port
from core.own.large.on_ray import OnRay
from core.own.large.on_ray import _answers as answers

pytest.importorskip("ray.data", reason="Ray is not installed: pip install -r requirements-scale.txt")
pytest.importorskip("milvus_lite", reason="pymilvus is not installed: pip install -r requirements-scale.txt")
pytestmark = pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ is not built")
N, SHARD = 80, 8
#: The command, with small shards that are kept elsewhere.
COMMAND = """
import sys
from pathlib import Path
from core.__main__ import main
from core.own.large import build, shards
shards.ROOT = Path(sys.argv[1])
shards.SHARD = build.SHARD = int(sys.argv[2])
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return brought.write_crops(tmp_path / "pictures", N, 120)


#: Ray's workers give way to everything else that runs, which on a busy computer means minutes.
NOT_NICE = {"RAY_worker_niceness": "0"}


def begin(folder: Path, source: Path, *more: str, **settings: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    build = ["build", "--catalogue", "shop", "--from", str(source), "--index", "milvus", "--engine", "ray"]
    environment = os.environ | NOT_NICE | {"VITRINE_MILVUS_URI": str(folder / "milvus.db")} | settings
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder), str(SHARD), *build, "--workers", "2", *more],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_was_stopped_goes_on_with_nothing_lost_and_nothing_twice(
    how: signal.Signals, pictures: Path, tmp_path: Path
) -> None:
    kept = tmp_path / ".cache" / "large"
    stopped = begin(tmp_path, pictures)
    while stopped.poll() is None and not list(kept.glob("*/*.parquet")):
        time.sleep(0.02)
    stopped.send_signal(how)
    said = stopped.communicate(timeout=120)
    assert stopped.returncode in (130, -how), said
    assert list(kept.glob("*/*.parquet"))
    again = begin(tmp_path, pictures)
    said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert said[0] == f"{N - 1} pictures can be searched as shop.\n"
    assert "skipped: 017.jpg: it is not a picture" in said[1]
    assert f"{N} of {N} pictures" in said[1]
    assert not list(kept.glob("*/*"))  # they are in Milvus now
    assert names_in(tmp_path) == [f"{at:03}.jpg" for at in range(N) if at != 17]


def names_in(folder: Path) -> list[str]:
    """What was written, in order."""
    place = MilvusPlace(str(folder / "milvus.db"))
    try:
        index = MilvusIndex(server(place), collection_of(server(place), "shop"))
        rows = index.rows(index.listed(Chosen(), 0, 2 * N))
        return [rows[at]["name"] for at in sorted(rows)]
    finally:
        milvus.close(place)


#: Ray listens on loopback only, and takes no orders without the token.
GUARDED = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
TOKEN = "0" * 64


@pytest.fixture
def cluster() -> Iterator[str]:
    """The address of a cluster of this computer that runs already."""
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--num-cpus", "3"]
        where = ["--node-ip-address", "127.0.0.1", "--port", address.rpartition(":")[2], "--temp-dir", folder]
        head = subprocess.Popen(
            [*command, *where, "--include-dashboard=false", "--object-store-memory", "200000000"],
            env=os.environ | NOT_NICE | GUARDED | {"RAY_AUTH_TOKEN": TOKEN},
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while head.poll() is None and not answers(address):
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield address
        finally:
            for process in [*psutil.Process(head.pid).children(recursive=True), head]:  # by itself it takes a minute
                process.kill()
            head.wait(30)


def test_a_cluster_that_runs_does_the_work_of_whoever_has_its_token(
    cluster: str, pictures: Path, tmp_path: Path
) -> None:
    refused = begin(tmp_path, pictures, "--address", cluster, **GUARDED, RAY_AUTH_TOKEN="1" * 64)
    said = refused.communicate(timeout=300)
    assert refused.returncode == 1, said
    assert said[1].startswith(f"No Ray cluster answers at {cluster}, or "), said
    assert said[1].count("\n") == 1
    build = begin(tmp_path, pictures, "--address", cluster, **GUARDED, RAY_AUTH_TOKEN=TOKEN)
    said = build.communicate(timeout=300)
    assert build.returncode == 0, said
    assert names_in(tmp_path) == [f"{at:03}.jpg" for at in range(N) if at != 17]


@pytest.mark.parametrize("form", ["127.0.0.1:{port}", "nonsense"])
def test_an_address_of_nobody_is_told_in_a_sentence(
    form: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("core.own.large.shards.ROOT", tmp_path)
    monkeypatch.setenv("VITRINE_MILVUS_URI", str(tmp_path / "milvus.db"))
    with socket.socket() as nobody:  # which is held, so that nobody else begins to listen there
        nobody.bind(("127.0.0.1", 0))
        address = form.format(port=nobody.getsockname()[1])
        build = ["build", "--catalogue", "shop", "--from", str(pictures), "--index", "milvus", "--engine", "ray"]
        assert main([*build, "--address", address]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"No Ray cluster answers at {address}, or ")
    assert said.count("\n") == 1


def test_an_address_for_clients_from_outside_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(VitrineError, match=r"^A build cannot be run from outside of a Ray cluster \(ray://a:10001\)"):
        OnRay("clip-vit-b16", "ray://a:10001")
