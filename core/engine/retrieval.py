"""What queries find in a gallery whose labels are known, and the figures of that: one definition, used everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.engine import metrics
from core.engine.index.hnsw import ExactIndex

K_KNN = 20
DEPTH = 100
#: Hits of each query that are kept to be looked at.
N_NEAR = 5
#: What says which class a query is taken for: its closest item, or the vote of `K_KNN`.
Guess = Literal["first", "vote"]
GUESSES: tuple[Guess, ...] = ("first", "vote")
_BLOCK = 100  # queries at a time: against 60,000 items that takes 50 MB, and is as fast as more
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
        names: The labels by number.
    """

    positions: np.ndarray
    similarities: np.ndarray
    relevant: np.ndarray
    n_relevant: np.ndarray
    classes: np.ndarray
    neighbours: np.ndarray
    names: tuple[str, ...]

    def votes(self) -> np.ndarray:
        """(n,) int: the label that each query's `K_KNN` neighbours vote for, by number."""
        near = self.neighbours[:, :K_KNN], self.similarities[:, :K_KNN]
        return metrics.knn_predict(*near, len(self.names))

    def figures(self) -> dict[str, np.ndarray]:
        """R@1, P@5, mAP@100 and k-NN accuracy, (n,) values each, one a query."""
        depth = self.relevant.shape[1]
        return {
            "R@1": self.relevant[:, 0],
            "P@5": metrics.precision_at_k(self.relevant, min(5, depth)),
            f"mAP@{DEPTH}": metrics.average_precision_at_k(self.relevant, self.n_relevant, depth),
            "knn_accuracy": self.votes() == self.classes,
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
    asked, known, names = _numbers(*labels)
    mine, theirs, _ = _numbers(*groups) if groups else (None, None, ())
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
    return Retrieval(positions, similarities, relevant, n_relevant, asked, neighbours, names)


def _numbers(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The same names on both sides as the same numbers, and the names by number."""
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return codes[: len(first)], codes[len(first) :], tuple(map(str, names))


@dataclass(frozen=True, eq=False)
class TakenFor:
    """What each query was taken for, small enough to be kept.

    Attributes:
        names: The classes by number.
        queries: (n,) int64: where each query stands among all items.
        truth: (n,) int: its class.
        guesses: (n,) int each: the class of its closest item, and the one that its neighbours vote for.
        near: (n, up to `N_NEAR`) int64: where what it finds stands among all items, closest first.
        near_classes: The same shape: their classes.
        similarities: The same shape, float32.
    """

    names: tuple[str, ...]
    queries: np.ndarray
    truth: np.ndarray
    guesses: Mapping[Guess, np.ndarray]
    near: np.ndarray
    near_classes: np.ndarray
    similarities: np.ndarray

    def matrix(self, by: Guess) -> np.ndarray:
        """(classes, classes) int64: how many queries of each class (row) were taken for each class (column)."""
        return metrics.confusion(self.truth, self.guesses[by], len(self.names))

    def only(self, rows: np.ndarray) -> TakenFor:
        """The same of some of the queries, (m,) int64 rows."""
        guesses = {by: taken[rows] for by, taken in self.guesses.items()}
        kept = {
            name: getattr(self, name)[rows] for name in ("queries", "truth", "near", "near_classes", "similarities")
        }
        return TakenFor(self.names, guesses=guesses, **kept)

    def misses(self, by: Guess, truth: str = "", guess: str = "") -> np.ndarray:
        """(m,) int64: the queries that were taken for another class, those with the most similar wrong hit first.

        Args:
            by: What says which class a query is taken for.
            truth: Only queries of this class; "" for all.
            guess: Only those that were taken for this one; "" for all.
        """
        taken = self.guesses[by]
        wrong = taken != self.truth
        for name, classes in ((truth, self.truth), (guess, taken)):
            if name:
                wrong &= np.array(self.names)[classes] == name
        rows = np.flatnonzero(wrong)
        wrong_hits = self.near_classes[rows] != self.truth[rows, None]
        closest = np.where(wrong_hits, self.similarities[rows], np.float32(_NEVER)).max(axis=1, initial=_NEVER)
        result: np.ndarray = rows[np.argsort(-closest, kind="stable")]
        return result


def taken_for(found: Retrieval, queries: np.ndarray, gallery: np.ndarray) -> TakenFor:
    """What queries were taken for.

    Args:
        found: What they find.
        queries: (n,) where each stands among all items.
        gallery: (m,) the same of the items that are searched.
    """
    near = slice(0, N_NEAR)
    guesses: dict[Guess, np.ndarray] = {"first": found.neighbours[:, 0], "vote": found.votes()}
    return TakenFor(
        found.names, queries, found.classes, guesses,
        gallery[found.positions[:, near]], found.neighbours[:, near], found.similarities[:, near],
    )  # fmt: skip


def figures_by_class(
    outcomes: Mapping[str, np.ndarray], labels: np.ndarray, groups: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """The figures of the queries of each class.

    Args:
        outcomes: Metric -> (n,) values in [0, 1], one a query.
        labels: (n,) str: the class of each query.
        groups: (n,) whose each query is, where intervals are resampled over people.

    Returns:
        One row a class, in the order of names: `class`, `n`, and each metric with its bounds as "METRIC low" and
        "METRIC high"; without bounds where all queries are of one person, of whom no resampling says more.
    """
    rows = []
    for name in np.unique(labels):
        of = labels == name
        people = None if groups is None else groups[of]
        row: dict[str, Any] = {"class": str(name), "n": int(of.sum())}
        for metric, values in outcomes.items():
            one = metrics.mean_of(values[of], people)
            row[metric] = one.value
            if people is None or len(np.unique(people)) > 1:
                row |= {f"{metric} low": one.low, f"{metric} high": one.high}
        rows.append(row)
    return rows


def matrix_rows(names: Sequence[str], matrix: np.ndarray) -> list[dict[str, Any]]:
    """A confusion matrix as the rows of a table: the class under "", then how many were taken for each class."""
    return [{"": name} | dict(zip(names, row, strict=True)) for name, row in zip(names, matrix.tolist(), strict=True)]
