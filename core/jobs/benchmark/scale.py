"""Where one process ends: exact search, hnswlib and Milvus Lite beside each other as a catalogue grows.

Each is built and asked in a process of its own, so that its memory is its own. Sets larger than the catalogues are
those of `growth`; the queries are product photos that are in no catalogue. What was measured is kept, so that a run
that was stopped, or whose time was up, goes on where it was.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.config import DEFAULT_BACKBONE, ROOT, MilvusPlace, n_threads
from core.engine.files.folder import write_json
from core.engine.index.hnsw import ExactIndex, HnswIndex, IndexParameters
from core.engine.metrics import index_recall_at_k
from core.engine.search.engine import SearchEngine
from core.jobs.benchmark.growth import SIZES, grown
from core.jobs.benchmark.index import K, asked, everything

INDEXES = ("exact", "hnswlib", "milvus-lite")
N_QUERIES, N_CLIENTS, ROUND_S = 200, 16, 5.0
N_PICTURES = 2000
#: No further one is begun after so many seconds.
BUDGET_S = 1800.0
#: An index that takes longer to be built, or to be asked, is left out, and not tried again.
LIMIT_S = 1200.0
CACHE = ROOT / ".cache" / "scale"

#: (dim,) float32 query -> (K,) int64 positions.
Ask = Callable[[np.ndarray], np.ndarray]


def scale(
    engine: SearchEngine,
    cache: Path = CACHE,
    budget_s: float = BUDGET_S,
    limit_s: float = LIMIT_S,
    round_s: float = ROUND_S,
) -> dict[str, Any]:
    """Measure each index at each size, and how many pictures a second are embedded.

    Args:
        engine: Has the items.
        cache: Where what was measured is kept.
        budget_s: See `BUDGET_S`.
        limit_s: See `LIMIT_S`.
        round_s: How long clients ask for the searches a second.

    Returns:
        `dim`, `n_queries`, `rows` of `n_items`, `index`, `build_s`, `memory_mb` (of the process, beside what Python and
        the libraries take), `disk_mb`, `index_recall@10`, `p50_ms`, `p95_ms`, `per_s` (one client) and `per_s_16`;
        `pictures_per_s` by who embeds; and `left_out`: no time was left, or it took longer than `limit_s`.

    Raises:
        DataError: The product photos are not there.
        ImportError: pymilvus or milvus-lite is not installed.
    """
    import milvus_lite  # noqa: F401
    import pymilvus  # noqa: F401

    started = time.monotonic()
    stored = everything(engine)
    real = stored / np.linalg.norm(stored, axis=1, keepdims=True)
    queries = asked(engine, real, "test", N_QUERIES)["photos"]
    rows, left_out = [], []
    for n in SIZES:
        missing = [name for name in INDEXES if not _file(cache, n, name).is_file()]
        if missing and time.monotonic() - started < budget_s:
            with _vectors(grown(real, n), queries) as files:
                for name in missing:
                    if time.monotonic() - started < budget_s:
                        write_json(_file(cache, n, name), _in_a_process(name, files, limit_s, round_s))
        for name in INDEXES:
            file = _file(cache, n, name)
            found = json.loads(file.read_bytes()) if file.is_file() else {}
            if "took_longer_than_s" in found:
                left_out.append(f"{name} at {n:,}: took longer than {found['took_longer_than_s']:.0f} s")
            elif found:
                rows.append({"n_items": n, "index": name} | found)
            else:
                left_out.append(f"{name} at {n:,}")
    return {
        "dim": real.shape[1],
        "n_queries": len(queries),
        "rows": rows,
        "pictures_per_s": _pictures_per_s(cache),
        "left_out": left_out,
    }


def _file(cache: Path, n: int, name: str) -> Path:
    return cache / f"{n}-{name}.json"


@contextmanager
def _vectors(items: np.ndarray, queries: np.ndarray) -> Iterator[Path]:
    """A folder with `items.npy` (float16, as catalogues are stored), `queries.npy` and the true `truth.npy`."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.save(place / "items.npy", items.astype(np.float16))
        np.save(place / "queries.npy", queries)
        exact = ExactIndex(items.astype(np.float16))
        np.save(place / "truth.npy", np.concatenate([exact.search(query[None], K)[0] for query in queries]))
        yield place


def _in_a_process(name: str, folder: Path, limit_s: float, round_s: float) -> dict[str, Any]:
    """An index is built in one process and asked in another, each of which has done nothing before.

    Where either is at it for longer than `limit_s` it is ended, and `took_longer_than_s` is all that is found.
    """
    found: dict[str, Any] = {}
    for work in (_build, partial(_ask, round_s=round_s)):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            try:
                found |= pool.apply_async(work, (name, folder)).get(limit_s)
            except multiprocessing.TimeoutError:
                return {"took_longer_than_s": limit_s}
    return found


def _build(name: str, folder: Path) -> dict[str, Any]:
    items = np.load(folder / "items.npy", mmap_mode="r")
    started = time.perf_counter()
    if name == "hnswlib":
        HnswIndex.build(items, IndexParameters(), n_threads()).save(folder / "graph.hnsw")
    elif name == "milvus-lite":
        _write_milvus(items, folder)
    return {"build_s": round(time.perf_counter() - started, 1)}


def _ask(name: str, folder: Path, round_s: float) -> dict[str, Any]:
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    before = _resident_mb()
    index = {"exact": _exact, "hnswlib": _hnswlib, "milvus-lite": _milvus_lite}[name](folder)
    ask = partial(_closest, index)
    found, ms = np.full((len(queries), K), -1, np.int64), np.empty(len(queries))
    ask(queries[0])
    for row, query in enumerate(queries):
        asked_at = time.perf_counter()
        positions = ask(query)
        ms[row] = 1000 * (time.perf_counter() - asked_at)
        found[row, : len(positions)] = positions
    files = {"exact": "items.npy", "hnswlib": "graph.hnsw", "milvus-lite": "milvus.db/**/*"}[name]
    return {
        "memory_mb": round(_resident_mb() - before),
        "disk_mb": round(sum(file.stat().st_size for file in folder.glob(files) if file.is_file()) / 1e6),
        "index_recall@10": round(index_recall_at_k(found, truth), 4),
        "p50_ms": round(float(np.median(ms)), 2),
        "p95_ms": round(float(np.percentile(ms, 95)), 2),
        "per_s": round(_per_s(ask, queries, 1, round_s), 1),
        f"per_s_{N_CLIENTS}": round(_per_s(ask, queries, N_CLIENTS, round_s), 1),
    }


def _per_s(ask: Ask, queries: np.ndarray, n_clients: int, round_s: float) -> float:
    """Searches a second of so many clients, each of which asks again when it has been answered."""
    until = time.perf_counter() + round_s

    def client(first: int) -> int:
        n = 0
        while time.perf_counter() < until:
            ask(queries[(first + n) % len(queries)])
            n += 1
        return n

    with ThreadPoolExecutor(n_clients) as clients:
        return sum(clients.map(client, range(n_clients))) / round_s


def _exact(folder: Path) -> ExactIndex:
    return ExactIndex(np.load(folder / "items.npy", mmap_mode="r"))


def _hnswlib(folder: Path) -> HnswIndex:
    n, dim = np.load(folder / "items.npy", mmap_mode="r").shape
    return HnswIndex.read(folder / "graph.hnsw", dim, n, IndexParameters())


def _milvus_lite(folder: Path) -> Any:
    from core.engine.index.milvus.collection import MilvusIndex, collection_of
    from core.engine.index.milvus.server import server

    there = server(MilvusPlace(str(folder / "milvus.db"))).patient()
    return MilvusIndex(there, collection_of(there, "scale"))


def _write_milvus(items: np.ndarray, folder: Path) -> None:
    from core.engine.index.milvus.rows import Row
    from core.engine.index.milvus.server import server
    from core.engine.index.milvus.writing import write_collection

    facts = {"backbone": DEFAULT_BACKBONE, "weights_sha256": None, "dim": items.shape[1], "root": ""}
    rows = ((Row(str(at)), row.astype(np.float32)) for at, row in enumerate(items))
    write_collection(server(MilvusPlace(str(folder / "milvus.db"))), "scale", facts, rows)


def _closest(index: Any, query: np.ndarray) -> np.ndarray:
    positions: np.ndarray = index.search(query[None], K)[0][0]
    return positions


def _resident_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss / 1e6)


def _pictures_per_s(cache: Path) -> dict[str, float]:
    """Pictures embedded a second: on one thread, on two, and on Ray with two workers, where it is installed."""
    from core.engine.embedders.load import load_embedder
    from core.own.large.build import OneProcess
    from core.own.large.listing import Listing
    from core.own.large.on_ray import OnRay
    from core.own.large.shards import SHARD, Shards

    file = cache / "pictures.json"
    if file.is_file():
        found: dict[str, float] = json.loads(file.read_bytes())
        return found
    embedder, found = load_embedder(DEFAULT_BACKBONE), {}
    with tempfile.TemporaryDirectory() as folder:
        shards = Shards.of(Listing(_samples(Path(folder)), "", ""), "speed", embedder)
        assert shards.n == -(-N_PICTURES // SHARD)
        for name, threads, make in (
            ("one process, one thread", "1", lambda: OneProcess(embedder)),
            ("one process, two threads", "2", lambda: OneProcess(embedder)),
            ("Ray, two workers", "1", lambda: OnRay(DEFAULT_BACKBONE)),
        ):
            before = os.environ.get("VITRINE_THREADS")
            os.environ["VITRINE_THREADS"] = threads
            try:
                started = time.perf_counter()
                n = sum(1 for _ in make().embed(shards, range(shards.n)))
                found[name] = round(N_PICTURES / (time.perf_counter() - started), 1) if n else 0.0
            finally:
                os.environ.pop("VITRINE_THREADS") if before is None else os.environ.update(VITRINE_THREADS=before)
    write_json(file, found)
    return found


def _samples(folder: Path) -> Any:
    """Crops of the project's samples, as files."""
    from core.engine.images.decode import encode_thumbnail, open_image
    from core.own.ingest.incoming import FolderSource

    photos = [open_image(path) for path in sorted((ROOT / "samples").glob("*.jpg"))]
    for at in range(N_PICTURES):
        photo = photos[at % len(photos)]
        crop = photo.crop((at % 200, at % 170, photo.width, photo.height))
        (folder / f"{at:05}.jpg").write_bytes(encode_thumbnail(crop, 640))
    return FolderSource(folder)
