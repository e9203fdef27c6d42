"""What the index gives up and gains: index_recall@10 against queries a second, as it ships and for a few (M, ef)."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.config import n_threads
from core.engine.catalogues import CATALOGUES
from core.engine.index.hnsw import ExactIndex, HnswIndex, IndexParameters, SearchIndex
from core.engine.metrics import index_recall_at_k
from core.engine.search.engine import SearchEngine

#: Of the sweep over settings, and of the index as it ships.
MS, EFS, N_QUERIES = (8, 16, 32), (10, 16, 32, 64, 128, 256), 500
SHIPPED_EFS, N_SHIPPED_QUERIES, N_EXACT_QUERIES = (16, 24, 32, 40, 48, 64, 96, 128), 1000, 200
K = 10

#: (1, dim) float32 query -> (K,) int64 positions.
Search = Callable[[np.ndarray], np.ndarray]


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


class Trial:
    """Queries, one at a time on one thread, whose true neighbours are known."""

    def __init__(self, items: np.ndarray, n_queries: int, n_exact: int):
        """Search exactly.

        Args:
            items: (n, dim) float32, rows L2-normalised.
            n_queries: How many of them are moved a little and searched with.
            n_exact: Of how many of these the true neighbours are found, to be compared with.
        """
        self._queries = moved_a_little(items, n_queries)
        exact = ExactIndex(items)
        self._truth, self.exact_qps = _one_by_one(lambda query: exact.search(query, K)[0][0], self._queries[:n_exact])

    def __call__(self, ef: int, search: Search) -> dict[str, Any]:
        """`ef`, `index_recall@10` and `queries_per_s` of a search."""
        found, qps = _one_by_one(search, self._queries)
        recall = index_recall_at_k(found[: len(self._truth)], self._truth)
        return {"ef": ef, "index_recall@10": round(recall, 4), "queries_per_s": round(qps)}


def _one_by_one(search: Search, queries: np.ndarray) -> tuple[np.ndarray, float]:
    """Search for each query alone: what was found, and queries a second."""
    with threadpool_limits(1):
        search(queries[:1])
        started = time.perf_counter()
        found = [search(queries[row : row + 1]) for row in range(len(queries))]
        return np.stack(found), len(queries) / (time.perf_counter() - started)


def sweep(items: np.ndarray, ms: Sequence[int] = MS, efs: Sequence[int] = EFS) -> dict[str, Any]:
    """Build a graph over all items for each M, and search it with each ef.

    Args:
        items: (n, dim) float32, rows L2-normalised.
        ms: Links a node.
        efs: Candidates kept while searching.

    Returns:
        `n_items`, `dim`, `ef_construction`, `exact_queries_per_s` and `rows` of `M`, `ef`, `index_recall@10`,
        `queries_per_s` and `build_s`.
    """
    trial = Trial(items, N_QUERIES, N_QUERIES)
    parameters = IndexParameters()
    rows = []
    for m in ms:
        started = time.perf_counter()
        index = HnswIndex.build(items, dataclasses.replace(parameters, M=m), n_threads())
        built = {"M": m, "build_s": round(time.perf_counter() - started)}
        rows += [built | trial(ef, _all_of([index], ef)) for ef in efs]
    return {
        "n_items": len(items),
        "dim": items.shape[1],
        "ef_construction": parameters.ef_construction,
        "exact_queries_per_s": round(trial.exact_qps),
        "rows": rows,
    }


def as_shipped(engine: SearchEngine) -> dict[str, Any]:
    """The indexes of all catalogues together, as they are and with other ef."""
    items = everything(engine)
    trial = Trial(items, N_SHIPPED_QUERIES, N_EXACT_QUERIES)
    graphs = [engine.gallery(catalogue).index for catalogue in CATALOGUES]
    used = next(graph.parameters for graph in graphs if isinstance(graph, HnswIndex))
    rows = [trial(ef, _all_of(graphs, ef)) for ef in SHIPPED_EFS]
    for graph in graphs:
        if isinstance(graph, HnswIndex):
            graph.set_ef(used.ef)  # whoever searches next is to find what a visitor finds
    served = next(row for row in rows if row["ef"] == used.ef)
    return {
        "n_items": len(items),
        "M": used.M,
        "ef": used.ef,
        "exact_queries_per_s": round(trial.exact_qps),
        "index_recall@10": served["index_recall@10"],
        "times_faster_than_exact": round(served["queries_per_s"] / trial.exact_qps, 1),
        "by_ef": rows,
    }


def _all_of(indexes: Sequence[SearchIndex], ef: int) -> Search:
    """What the app does for "all catalogues": search each, keep the closest."""
    offsets = np.cumsum([0, *(index.n_items for index in indexes)])

    def search(query: np.ndarray) -> np.ndarray:
        found = [
            index.search_at(query, K, ef) if isinstance(index, HnswIndex) else index.search(query, K)
            for index in indexes
        ]
        positions = np.concatenate([p[0] + offset for (p, _), offset in zip(found, offsets, strict=False)])
        similarities = np.concatenate([s[0] for _, s in found])
        return positions[np.argsort(-similarities, kind="stable")[:K]]

    return search
