"""Embeddings in fewer dimensions and fewer bits, where that costs little."""

from __future__ import annotations

import numpy as np


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
