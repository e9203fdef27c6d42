"""Nearest neighbours: hnswlib, and the exact search that is its oracle, behind one `search`.

The interface is deliberately narrow (search, save, load), so that a distributed engine can stand
in later. An index knows positions 0…n-1; what they mean is the item table's business. Similarity is the
cosine, in [-1, 1], higher is closer (hnswlib's cosine space returns 1 − similarity).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.engine.files.folder import written
from core.engine.files.manifest import REPAIR, relative, verified
from core.errors import ArtifactError, sentence


@dataclass(frozen=True)
class IndexParameters:
    """How an index is built and searched.

    Attributes:
        M: Links a node; more is better and larger.
        ef_construction: Candidates kept while building.
        ef: Candidates kept while searching, more than twice `MAX_K`, so that the last of many hits are as sure as the
            first; hnswlib does not save it, so it is kept here.
        seed: Of the levels; with one thread the same items give the same file.
    """

    M: int = 16
    ef_construction: int = 400
    ef: int = 768
    seed: int = 100


class SearchIndex(Protocol):
    """What every index can do."""

    n_items: int
    dim: int

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the `k` closest items of each query.

        Args:
            queries: (q, dim) float32, rows L2-normalised.
            k: At most this many; fewer where the index holds fewer.

        Returns:
            positions (q, k) int64 and similarities (q, k) float32, closest first.

        Raises:
            ValueError: Wrong shape, or a value that is not finite.
        """
        ...


def check_queries(queries: np.ndarray, dim: int, k: int) -> np.ndarray:
    """Queries as an index takes them, (q, dim) float32; ValueError where they are not, or one is not finite."""
    queries = np.ascontiguousarray(queries, np.float32)
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise ValueError(f"queries must be (q, {dim}), not {queries.shape}")
    if not np.isfinite(queries).all():
        raise ValueError("queries must be finite")
    if k < 1:
        raise ValueError("k must be at least 1")
    return queries


class ExactIndex:
    """Compares with every item: always right, and the fallback wherever an index cannot be used.

    Args:
        embeddings: (n, r) of any number type, kept as it is, converted in blocks. Each row counts by its direction
            only: rounding to float16 leaves lengths of 1 ± 0.0002, which is more than the distance between close
            neighbours, so lengths are divided out (as hnswlib's cosine space does).
        positions: (n,) rising: where the rows stand in the catalogue, if they are only a part of it; None for all.
        components: (dim, r) orthonormal columns that take an embedding to r dimensions; None if r = dim.
    """

    def __init__(
        self, embeddings: np.ndarray, positions: np.ndarray | None = None, components: np.ndarray | None = None
    ):
        self.embeddings = embeddings
        self.n_items, self.dim = embeddings.shape if components is None else (len(embeddings), len(components))
        self.positions = np.arange(len(embeddings)) if positions is None else positions.astype(np.int64)
        self._is_part = positions is not None
        self._components = None if components is None else components.astype(np.float32)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """See `SearchIndex.search`; equal similarities come in order of position."""
        return self.search_among(queries, k, None)

    def search_among(self, queries: np.ndarray, k: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The same among some items only.

        Args:
            queries: (q, dim) float32.
            k: At most this many.
            allowed: (m,) int64 positions, sorted, or None for all; those that are not in this part are never found.
        """
        queries = self._as_stored(check_queries(queries, self.dim, k))
        if allowed is not None and self._is_part:
            allowed = np.flatnonzero(np.isin(self.positions, allowed))
        n_candidates = self.n_items if allowed is None else len(allowed)
        k = min(k, n_candidates)
        similarities = np.empty((len(queries), n_candidates), np.float32)
        for start in range(0, n_candidates, 8192):
            part = slice(start, start + 8192)
            rows = part if allowed is None else allowed[part]
            block = self.embeddings[rows].astype(np.float32, copy=False)
            similarities[:, part] = queries @ block.T / self._lengths[rows]
        best = _top(similarities, k)
        found = np.take_along_axis(similarities, best, 1)
        return self.positions[best if allowed is None else allowed[best]], found

    def _as_stored(self, queries: np.ndarray) -> np.ndarray:
        """(q, dim) float32 -> (q, r), in the form in which embeddings are stored."""
        if self._components is None:
            return queries
        reduced = queries @ self._components
        result: np.ndarray = reduced / np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-12)
        return result

    def embedding(self, position: int) -> np.ndarray:
        """(dim,) float32, L2-normalised: what is stored of the item at a position.

        Raises:
            KeyError: The item is not in this part.
        """
        stored = self.embeddings[self._row_of[position] if self._is_part else position].astype(np.float32)
        whole = stored if self._components is None else self._components @ stored
        result: np.ndarray = whole / np.linalg.norm(whole)
        return result

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {position: row for row, position in enumerate(self.positions.tolist())}

    @cached_property
    def _lengths(self) -> np.ndarray:
        """(n,) float32, computed when the first search needs it: most visitors never search exactly."""
        lengths = np.empty(self.n_items, np.float32)
        for start in range(0, self.n_items, 8192):
            block = self.embeddings[start : start + 8192].astype(np.float32, copy=False)
            lengths[start : start + 8192] = np.linalg.norm(block, axis=1)
        return lengths


def _top(similarities: np.ndarray, k: int) -> np.ndarray:
    """(q, k) int64: columns of the k largest of each row, largest first, ties by column."""
    n = similarities.shape[1]
    if k == 0:
        return np.empty((len(similarities), 0), np.int64)
    out = np.empty((len(similarities), k), np.int64)
    for row, values in enumerate(similarities):
        if k < n:
            threshold = np.partition(values, n - k)[n - k]
            columns = np.flatnonzero(values >= threshold)
        else:
            columns = np.arange(n)
        out[row] = columns[np.argsort(-values[columns], kind="stable")[:k]]
    return out


class HnswIndex:
    """hnswlib's graph: approximate, and far faster than comparing with everything.

    Source: Malkov and Yashunin 2018; hnswlib 0.8.0 (Apache-2.0).
    """

    def __init__(self, graph: Any, parameters: IndexParameters):
        self._graph = graph
        self._lock = threading.Lock()
        self.parameters = parameters
        self.n_items = int(graph.get_current_count())
        self.dim = int(graph.dim)
        self._graph.set_ef(parameters.ef)

    @classmethod
    def build(cls, embeddings: np.ndarray, parameters: IndexParameters, n_threads: int = 1) -> HnswIndex:
        """Build from (n, dim) embeddings, rows L2-normalised; reproducible with one thread."""
        import hnswlib

        graph = hnswlib.Index(space="cosine", dim=embeddings.shape[1])
        graph.init_index(max(1, len(embeddings)), parameters.M, parameters.ef_construction, random_seed=parameters.seed)
        graph.add_items(embeddings.astype(np.float32), np.arange(len(embeddings)), num_threads=n_threads)
        return cls(graph, parameters)

    @classmethod
    def read(cls, path: Path, dim: int, n_items: int, parameters: IndexParameters) -> HnswIndex:
        """Read a graph that `save` wrote and nothing has touched since; see `load_hnsw` for all others.

        Raises:
            RuntimeError: It holds something else.
        """
        return cls(_load_graph(path, dim, n_items), parameters)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """See `SearchIndex.search`."""
        queries = check_queries(queries, self.dim, k)
        positions, distances = self._graph.knn_query(queries, k=min(k, self.n_items), num_threads=1)
        return positions.astype(np.int64), 1 - distances

    def search_at(self, queries: np.ndarray, k: int, ef: int) -> tuple[np.ndarray, np.ndarray]:
        """The same with an `ef` for this search alone, for an index that nobody searches in any other way.

        hnswlib keeps `ef` in the graph, so on a shared index it would be everybody's for a moment; the lock keeps
        setting and searching together only among those who come through here.
        """
        with self._lock:
            self._graph.set_ef(max(ef, min(k, self.n_items)))
            try:
                return self.search(queries, k)
            finally:
                self._graph.set_ef(self.parameters.ef)

    def save(self, path: Path) -> None:
        """Write the graph and read it back before it replaces what was there (hnswlib reports no errors).

        Raises:
            OSError: It was not written whole.
        """
        with written(path) as temporary:
            self._graph.save_index(str(temporary))
            try:
                _load_graph(temporary, self.dim, self.n_items)
            except RuntimeError as error:
                raise OSError(f"{path.name} was not written whole") from error


def _load_graph(path: Path, dim: int, n_items: int) -> Any:
    import hnswlib

    graph = hnswlib.Index(space="cosine", dim=dim)
    graph.load_index(str(path), max_elements=n_items)
    if graph.get_current_count() != n_items:
        raise RuntimeError(f"holds {graph.get_current_count()} items, expected {n_items}")
    return graph


def load_hnsw(path: Path, entry: dict[str, Any], embeddings: np.ndarray) -> HnswIndex:
    """Load an index that the manifest describes, and only if everything fits.

    Args:
        path: The file.
        entry: The manifest's entry: `dim`, `count`, `space`, `parameters`.
        embeddings: What the index was built from; some stored items are looked up as a last check.

    Raises:
        ArtifactError: sha256, dim, count or space differ, or stored items do not find themselves.
    """
    name = relative(path)
    if entry["space"] != "cosine" or (entry["count"], entry["dim"]) != embeddings.shape:
        raise ArtifactError(name, sentence("engine.other-embeddings"), REPAIR)
    verified(path)
    try:
        graph = _load_graph(path, entry["dim"], entry["count"])
        index = HnswIndex(graph, IndexParameters(**entry["parameters"]))
    except (RuntimeError, TypeError) as error:
        raise ArtifactError(name, sentence("engine.graph-not-loaded", cause=error), REPAIR) from error
    some = np.linspace(0, entry["count"] - 1, min(8, entry["count"])).astype(int)
    _, similarities = index.search(embeddings[some].astype(np.float32), 1)
    if (similarities[:, 0] < 0.99).any():
        raise ArtifactError(name, sentence("engine.graph-finds-nothing"), REPAIR)
    return index
