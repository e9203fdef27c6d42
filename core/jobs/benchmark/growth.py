"""What the index gains as a catalogue grows: the graph beside exact search, on one thread, at several sizes.

There are no more real items than the catalogues have, so the larger sets are made of these: an item, moved by the
difference of two of its neighbours. That keeps what makes a search hard, clusters as dense and of as many dimensions as
the real ones, where noise in all directions would not; recall is measured against the exact search of the same set.
"""

from __future__ import annotations

import hashlib
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.config import ROOT, n_threads
from core.engine.files.folder import write_json
from core.engine.index.hnsw import HnswIndex, IndexParameters
from core.engine.search.engine import SearchEngine
from core.jobs.benchmark.index import K, Trial, asked, everything

SIZES = (75_398, 300_000, 1_000_000)
#: With which a graph is searched, one after the other, until it finds enough: more items want a wider search.
EFS, ENOUGH = (IndexParameters().ef, 1024, 1536, 2048), 0.99
#: Neighbours of which two are drawn, and the `ef` with which they are looked for.
N_NEAR, NEAR_EF = 10, 64
SEED = 0
CACHE = ROOT / ".cache" / "growth"


def growth(engine: SearchEngine, cache: Path = CACHE) -> dict[str, Any]:
    """Measure at each size; graphs are kept in `cache`, so that what was interrupted goes on.

    Returns:
        `M`, `ef_construction`, `n_queries` of each source, and `rows`: `n_items`, `build_s` (on all threads),
        `exact_ms`, `ef`, `times_faster_than_exact` and what `Trial` gives; for each size from the `ef` that ships to
        the first with index_recall@10 of 0.99 for all sources.

    Raises:
        DataError: The product photos are not there.
    """
    stored = everything(engine)
    real = stored / np.linalg.norm(stored, axis=1, keepdims=True)
    queries = asked(engine, real, "test")
    parameters = IndexParameters()
    rows = []
    for n in SIZES:
        items = grown(real, n)
        index, build_s = _built(items, parameters, cache)
        trial = Trial(items, queries)
        for ef in EFS:
            found = trial(partial(_closest, index, ef))
            faster = {"times_faster_than_exact": round(trial.exact_ms / found["ms"], 1)}
            said = {"n_items": n, "build_s": build_s, "exact_ms": round(trial.exact_ms, 3), "ef": ef}
            rows.append(said | found | faster)
            if min(found[source]["index_recall@10"] for source in queries) >= ENOUGH:
                break
    return {
        "M": parameters.M,
        "ef_construction": parameters.ef_construction,
        "n_queries": {source: len(some) for source, some in queries.items()},
        "rows": rows,
    }


def _closest(index: HnswIndex, ef: int, query: np.ndarray) -> np.ndarray:
    return index.search_at(query, K, ef)[0][0]


def grown(real: np.ndarray, n: int) -> np.ndarray:
    """(n, dim) float32, rows L2-normalised: the real items, then new ones between them; the same every time.

    Args:
        real: (m, dim) float32, rows L2-normalised; the first n of them where there are more.
        n: How many are wanted.
    """
    if n <= len(real):
        return real[:n]
    draw = np.random.default_rng(SEED)
    graph = HnswIndex.build(real, IndexParameters(ef_construction=NEAR_EF))  # on one thread: the same every time
    near, _ = graph.search_at(real, N_NEAR + 1, NEAR_EF)
    rows = draw.integers(0, len(real), n - len(real))
    first = draw.integers(N_NEAR, size=len(rows))
    second = (first + draw.integers(1, N_NEAR, len(rows))) % N_NEAR  # another one
    made = real[rows] + real[near[rows, 1 + first]] - real[near[rows, 1 + second]]
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return np.concatenate([real, made])


def _built(items: np.ndarray, parameters: IndexParameters, cache: Path) -> tuple[HnswIndex, float]:
    """The graph of these items, and the seconds that it took to build, if need be in an earlier run."""
    stem = f"{len(items)}-{hashlib.sha256(items.tobytes() + repr(parameters).encode()).hexdigest()[:16]}"
    graph, told = cache / f"{stem}.hnsw", cache / f"{stem}.json"
    if graph.exists() and told.exists():
        n, dim = items.shape
        return HnswIndex.read(graph, dim, n, parameters), float(json.loads(told.read_bytes())["build_s"])
    started = time.perf_counter()
    index = HnswIndex.build(items, parameters, n_threads())
    seconds = round(time.perf_counter() - started)
    cache.mkdir(parents=True, exist_ok=True)
    index.save(graph)
    write_json(told, {"build_s": seconds})
    return index, seconds
