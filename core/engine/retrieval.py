"""What queries find in a gallery whose labels are known, and the figures of that: one definition, used everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engine import metrics
from core.engine.index.hnsw import ExactIndex

K_KNN = 20
DEPTH = 100
_BLOCK = 500
_NEVER = -2.0  # a similarity that none has


@dataclass(frozen=True, eq=False)
class Retrieval:
    """What n queries find among m items, as deep as `DEPTH` or the gallery.

    Attributes:
        positions: (n, depth) int64, closest first; what a query may not find comes last.
        similarities: (n, depth) float32.
        relevant: (n, depth) bool: of the query's label, and the query may find it.
        n_relevant: (n,) how many such items the gallery holds.
        classes: (n,) int: the label of each query, by number.
        neighbours: (n, depth) int: the same of what is found.
    """

    positions: np.ndarray
    similarities: np.ndarray
    relevant: np.ndarray
    n_relevant: np.ndarray
    classes: np.ndarray
    neighbours: np.ndarray

    def figures(self) -> dict[str, np.ndarray]:
        """R@1, P@5, mAP@100 and k-NN accuracy, (n,) values each, one a query."""
        depth = self.relevant.shape[1]
        n_classes = 1 + max(self.classes.max(), self.neighbours.max())
        guess = metrics.knn_predict(self.neighbours[:, :K_KNN], self.similarities[:, :K_KNN], n_classes)
        return {
            "R@1": self.relevant[:, 0],
            "P@5": metrics.precision_at_k(self.relevant, min(5, depth)),
            f"mAP@{DEPTH}": metrics.average_precision_at_k(self.relevant, self.n_relevant, depth),
            "knn_accuracy": guess == self.classes,
        }


def retrieve(
    queries: np.ndarray,
    gallery: np.ndarray,
    labels: tuple[np.ndarray, np.ndarray],
    groups: tuple[np.ndarray, np.ndarray] | None = None,
) -> Retrieval:
    """Compare every query with every item.

    Args:
        queries: (n, dim) float32, rows L2-normalised; at least one.
        gallery: (m, dim), the same; at least one.
        labels: Of the queries, (n,), and of the gallery, (m,).
        groups: The same: what belongs together; a query finds nothing of its own group. None where all may be found.
    """
    (asked, known), (mine, theirs) = _numbers(*labels), _numbers(*groups) if groups else (None, None)
    depth = min(DEPTH, len(gallery))
    positions = np.empty((len(queries), depth), np.int64)
    similarities = np.empty((len(queries), depth), np.float32)
    n_relevant = np.empty(len(queries), np.int64)
    everything = ExactIndex(gallery)
    for start in range(0, len(queries), _BLOCK):
        part = slice(start, start + _BLOCK)
        alike = asked[part, None] == known
        if mine is None:
            positions[part], similarities[part] = everything.search(queries[part], depth)
        else:
            blocked = mine[part, None] == theirs
            scores = np.where(blocked, np.float32(_NEVER), queries[part] @ gallery.T)
            positions[part] = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
            similarities[part] = np.take_along_axis(scores, positions[part], 1)
            alike &= ~blocked
        n_relevant[part] = alike.sum(axis=1)
    neighbours = known[positions]
    relevant = (neighbours == asked[:, None]) & (similarities > _NEVER)
    return Retrieval(positions, similarities, relevant, n_relevant, asked, neighbours)


def _numbers(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same names on both sides as the same numbers."""
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return codes[: len(first)], codes[len(first) :]
