"""Exact search among part of a catalogue, in fewer dimensions where that costs little."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from core.engine.index.hnsw import ExactIndex


class PartIndex(ExactIndex):
    """Compares with some items of a catalogue; speaks, as every index does, in positions of the whole catalogue.

    Args:
        embeddings: (n, r) of any number type; each row counts by its direction only (so int8 rows may be scaled each
            on its own).
        positions: (n,) rising: where the rows stand in the catalogue.
        components: (dim, r) orthonormal columns that take an embedding to r dimensions; None if r = dim.
    """

    def __init__(self, embeddings: np.ndarray, positions: np.ndarray, components: np.ndarray | None = None):
        super().__init__(embeddings)
        self.positions = positions.astype(np.int64)
        self._components = None if components is None else components.astype(np.float32)
        if self._components is not None:
            self.dim = len(self._components)

    def search_among(self, queries: np.ndarray, k: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """See `ExactIndex.search_among`; queries have `dim` dimensions, whatever is stored."""
        rows = None if allowed is None else np.flatnonzero(np.isin(self.positions, allowed))
        found, similarities = super().search_among(queries, k, rows)
        return self.positions[found], similarities

    def as_stored(self, queries: np.ndarray) -> np.ndarray:
        """See `ExactIndex.as_stored`."""
        if self._components is None:
            return queries
        reduced = queries @ self._components
        result: np.ndarray = reduced / np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-12)
        return result

    def embedding(self, position: int) -> np.ndarray:
        """See `ExactIndex.embedding`.

        Raises:
            KeyError: The item is not in this part.
        """
        stored = super().embedding(self._row_of[position])
        if self._components is None:
            return stored
        whole = self._components @ stored
        result: np.ndarray = whole / np.linalg.norm(whole)
        return result

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {position: row for row, position in enumerate(self.positions.tolist())}

    def describe(self) -> dict[str, Any]:
        """Its kind and size; `stored_dim` is what is compared."""
        return super().describe() | {"stored_dim": int(self.embeddings.shape[1])}


def principal_directions(embeddings: np.ndarray, n: int) -> np.ndarray:
    """(dim, n) float32: the orthonormal directions that keep most of the embeddings' lengths.

    Nothing is subtracted first, so that cosines stay cosines.
    """
    x = embeddings.astype(np.float32)
    _, vectors = np.linalg.eigh(x.T @ x)
    result: np.ndarray = vectors[:, ::-1][:, :n].astype(np.float32)
    return result


def quantise(embeddings: np.ndarray, components: np.ndarray | None) -> np.ndarray:
    """(n, r) int8: rows in the directions of `components`, each scaled on its own, since its length does not count."""
    x = embeddings.astype(np.float32)
    if components is not None:
        x = x @ components.astype(np.float32)
    largest = np.maximum(np.abs(x).max(axis=1, keepdims=True), 1e-12)
    result: np.ndarray = np.rint(127 * x / largest).astype(np.int8)
    return result
