"""What the index's settings buy: index_recall@10 against queries a second for a few (M, ef)."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.config import n_threads
from core.engine.catalogues import CATALOGUES
from core.engine.index.hnsw import ExactIndex, HnswIndex, IndexParameters
from core.engine.metrics import index_recall_at_k
from core.engine.search.engine import SearchEngine

MS = (8, 16, 32)
EFS = (10, 16, 32, 64, 128, 256)
N_QUERIES = 500
K = 10


def everything(engine: SearchEngine) -> np.ndarray:
    """(n, dim) float32: the embeddings of all catalogues, one after the other."""
    galleries = [engine.gallery(catalogue) for catalogue in CATALOGUES]
    return np.concatenate([gallery.exact.embeddings[:] for gallery in galleries]).astype(np.float32)


def moved_a_little(items: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """(n, dim) float32 queries: items to which noise of a fifth of their length is added, L2-normalised again."""
    rng = np.random.default_rng(seed)
    queries = items[rng.choice(len(items), min(n, len(items)), replace=False)]
    noise = rng.standard_normal(queries.shape).astype(np.float32)
    queries = queries + 0.2 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    result: np.ndarray = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    return result


def one_by_one(search: Callable[[np.ndarray], np.ndarray], queries: np.ndarray) -> tuple[np.ndarray, float]:
    """Search for each query alone: what was found, and queries a second."""
    search(queries[:1])
    started = time.perf_counter()
    found = [search(queries[row : row + 1]) for row in range(len(queries))]
    return np.stack(found), len(queries) / (time.perf_counter() - started)


def sweep(items: np.ndarray, ms: Sequence[int] = MS, efs: Sequence[int] = EFS) -> dict[str, Any]:
    """Build a graph over all items for each M, and search it with each ef, on one thread.

    Args:
        items: (n, dim) float32, rows L2-normalised.
        ms: Links a node.
        efs: Candidates kept while searching.

    Returns:
        `n_items`, `dim`, `ef_construction`, `exact_queries_per_s` and `rows` of `M`, `ef`, `index_recall@10`,
        `queries_per_s` and `build_s`.
    """
    from threadpoolctl import threadpool_limits

    queries = moved_a_little(items, N_QUERIES)
    exact = ExactIndex(items)
    with threadpool_limits(1):
        truth, exact_qps = one_by_one(lambda query: exact.search(query, K)[0][0], queries)
    parameters = IndexParameters()
    rows = []
    for m in ms:
        started = time.perf_counter()
        index = HnswIndex.build(items, dataclasses.replace(parameters, M=m), n_threads())
        built = {"M": m, "build_s": round(time.perf_counter() - started)}
        rows += [built | _at(index, ef, queries, truth) for ef in efs]
    return {
        "n_items": len(items),
        "dim": items.shape[1],
        "ef_construction": parameters.ef_construction,
        "exact_queries_per_s": round(exact_qps),
        "rows": rows,
    }


def _at(index: HnswIndex, ef: int, queries: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    found, qps = one_by_one(lambda query: index.search_at(query, K, ef)[0][0], queries)
    return {"ef": ef, "index_recall@10": round(index_recall_at_k(found, truth), 4), "queries_per_s": round(qps)}
