"""What the index gives up and gains: what it finds, and in what time, as it ships, for other (M, ef), beside others.

It is asked what visitors ask: photos from elsewhere and words, which lie outside the clusters of the catalogues, where
a graph leads less surely, and the catalogues' own items. Settings are chosen on the validation parts of the product
photos (`sweep`); what ships is measured on the test parts (`as_shipped`).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.config import n_threads
from core.engine.catalogues import CATALOGUES
from core.engine.index.hnsw import ExactIndex, HnswIndex, IndexParameters, SearchIndex
from core.engine.metrics import index_recall_at_k
from core.engine.search.engine import SearchEngine

#: Of the sweep over settings, and of the index as it ships.
MS, EFS = (8, 16, 32), (16, 32, 64, 128, 256, 512)
SHIPPED_EFS = (40, 64, 128, 256, 400, 512, 1024)
N_QUERIES, K = 500, 10

#: (1, dim) float32 query -> (K,) int64 positions.
Search = Callable[[np.ndarray], np.ndarray]


def everything(engine: SearchEngine) -> np.ndarray:
    """(n, dim) float32: the embeddings of all catalogues, one after the other."""
    galleries = [engine.built(catalogue) for catalogue in CATALOGUES]
    return np.concatenate([gallery.exact.embeddings[:] for gallery in galleries]).astype(np.float32)


def asked(engine: SearchEngine, items: np.ndarray, part: str, n: int = N_QUERIES) -> dict[str, np.ndarray]:
    """At most n queries of each source: "photos" from elsewhere, "words", and the catalogues' own "items".

    Args:
        engine: Its backbone embeds.
        items: (n, dim) float32, all of its items.
        part: "validation" or "test", of the product photos and of what is typed about them.
        n: Of each source; drawn with a fixed seed.

    Raises:
        DataError: The product photos are not there.
    """
    from core.jobs.build.held_out import products, words

    rng = np.random.default_rng(0)
    found = {"photos": products(engine.embedder, part)[0].embeddings}
    if engine.embedder.record.has_text:
        found["words"] = np.unique(words(engine.embedder, part).embeddings, axis=0)
    found["items"] = items / np.linalg.norm(items, axis=1, keepdims=True)
    return {name: rows[rng.permutation(len(rows))[:n]] for name, rows in found.items()}


class Trial:
    """Queries of several sources, asked one at a time on one thread, whose true neighbours are known."""

    def __init__(self, items: np.ndarray, queries: Mapping[str, np.ndarray]):
        """Search exactly.

        Args:
            items: (n, dim) float32, rows L2-normalised.
            queries: source -> (q, dim) float32, rows L2-normalised.
        """
        self._queries = dict(queries)
        self._sources = np.repeat(list(queries), [len(rows) for rows in queries.values()])
        self._asked = np.concatenate(list(queries.values()))
        self._items = items
        exact = ExactIndex(items)
        self._truth, ms = _one_by_one(lambda query: exact.search(query, K)[0][0], self._asked)
        self.exact_ms = float(np.median(ms))

    def __call__(self, search: Search) -> dict[str, Any]:
        """`index_recall@10` and `first_right` of each source, and the `ms` of a search: median, and `p95_ms`.

        A first hit is right if none is closer, whichever of equals it is.
        """
        found, ms = _one_by_one(search, self._asked)
        best, first = (np.einsum("ij,ij->i", self._asked, self._items[rows[:, 0]]) for rows in (self._truth, found))
        right = first > best - 1e-5
        figures = {
            source: {
                "index_recall@10": round(index_recall_at_k(found[rows], self._truth[rows]), 4),
                "first_right": round(float(right[rows].mean()), 4),
            }
            for source in self._queries
            for rows in [self._sources == source]
        }
        return figures | {"ms": round(float(np.median(ms)), 3), "p95_ms": round(float(np.percentile(ms, 95)), 3)}


def _one_by_one(search: Search, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Search for each query alone: (q, K) found, filled up with -1, and the milliseconds of each."""
    found, ms = np.full((len(queries), K), -1, np.int64), np.empty(len(queries))
    with threadpool_limits(1):
        search(queries[:1])
        for row in range(len(queries)):
            started = time.perf_counter()
            positions = search(queries[row : row + 1])
            ms[row] = 1000 * (time.perf_counter() - started)
            found[row, : len(positions)] = positions
    return found, ms


def sweep(
    items: np.ndarray, queries: Mapping[str, np.ndarray], ms: Sequence[int] = MS, efs: Sequence[int] = EFS
) -> dict[str, Any]:
    """Build a graph over all items for each M, and search it with each ef.

    Args:
        items: (n, dim) float32, rows L2-normalised.
        queries: source -> (q, dim) float32.
        ms: Links a node.
        efs: Candidates kept while searching.

    Returns:
        `n_items`, `dim`, `ef_construction`, `exact_ms`, `n_queries` of each source, and `rows` of `M`, `build_s`, `ef`
        and what `Trial` gives.
    """
    trial = Trial(items, queries)
    parameters = IndexParameters()
    rows = []
    for m in ms:
        started = time.perf_counter()
        index = HnswIndex.build(items, dataclasses.replace(parameters, M=m), n_threads())
        built = {"M": m, "build_s": round(time.perf_counter() - started)}
        rows += [built | {"ef": ef} | trial(_all_of([index], ef)) for ef in efs]
    return {
        "n_items": len(items),
        "dim": items.shape[1],
        "n_queries": {source: len(some) for source, some in queries.items()},
        "ef_construction": parameters.ef_construction,
        "exact_ms": round(trial.exact_ms, 3),
        "rows": rows,
    }


def settings(engine: SearchEngine) -> dict[str, Any]:
    """The sweep over all items of all catalogues."""
    items = everything(engine)
    return sweep(items, asked(engine, items, "validation"))


def as_shipped(engine: SearchEngine) -> dict[str, Any]:
    """The indexes of all catalogues together, as they are, with other ef, and beside other libraries'."""
    items = everything(engine)
    queries = asked(engine, items, "test")
    trial = Trial(items, queries)
    graphs = [engine.built(catalogue).index for catalogue in CATALOGUES]
    used = next(graph.parameters for graph in graphs if isinstance(graph, HnswIndex))
    served = trial(_all_of(graphs, used.ef))
    rows = [{"ef": ef} | trial(_all_of(graphs, ef)) for ef in SHIPPED_EFS]
    return {
        "n_items": len(items),
        "n_queries": {source: len(some) for source, some in queries.items()},
        "M": used.M,
        "ef": used.ef,
        **served,
        "exact_ms": round(trial.exact_ms, 3),
        "times_faster_than_exact": round(trial.exact_ms / served["ms"], 1),
        "by_ef": rows,
        "others": {name: trial(search) for name, search in _others(items).items()},
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


def _others(items: np.ndarray) -> dict[str, Search]:
    """What else there is, on one thread; a library that is not installed is left out."""
    found: dict[str, Search] = {}
    for search_with in (_faiss, _annoy, _scikit_learn):
        try:
            found |= search_with(items)
        except ImportError:
            continue
    return found


def _faiss(items: np.ndarray) -> dict[str, Search]:
    import faiss

    faiss.omp_set_num_threads(n_threads())
    flat = faiss.IndexFlatIP(items.shape[1])
    graph = faiss.IndexHNSWFlat(items.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 400
    for index in (flat, graph):
        index.add(items)
    faiss.omp_set_num_threads(1)

    def at(ef: int) -> Search:
        settings = faiss.SearchParametersHNSW(efSearch=ef)
        return lambda query: graph.search(query, K, params=settings)[1][0]

    graphs = {f"FAISS HNSW, M 16, ef {ef}": at(ef) for ef in (256, 1024)}
    return {"FAISS, exact": lambda query: flat.search(query, K)[1][0]} | graphs


def _annoy(items: np.ndarray) -> dict[str, Search]:
    from annoy import AnnoyIndex

    index = AnnoyIndex(items.shape[1], "angular")
    index.set_seed(0)
    for row, item in enumerate(items):
        index.add_item(row, item)
    index.build(50, n_threads())
    return {"Annoy, 50 trees": lambda query: np.array(index.get_nns_by_vector(query[0], K), np.int64)}


def _scikit_learn(items: np.ndarray) -> dict[str, Search]:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute", n_jobs=1).fit(items)
    return {"scikit-learn, exact": lambda query: index.kneighbors(query, return_distance=False)[0]}
