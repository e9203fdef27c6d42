"""Retrieval metrics, each with one definition, and the interval that belongs beside it.

Relevance metrics (`R@1`, `P@5`, `mAP@100`) ask whether neighbours are of the right kind. `index_recall@k`
asks whether an approximate index finds what exact search finds; the two are never to be confused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A mean over queries with its 95 % interval.

    Attributes:
        value: The mean.
        low: 2.5th percentile of the bootstrap.
        high: 97.5th percentile.
        n: Number of queries.
    """

    value: float
    low: float
    high: float
    n: int


def bootstrap(per_query: np.ndarray, n_resamples: int = 1000, seed: int = 0) -> Estimate:
    """Mean of a figure with one value a query, resampling queries with replacement.

    Args:
        per_query: (n,) values; n must be at least 1.
        n_resamples: How many means make the interval.
        seed: Of the resampling.

    Source: Efron 1979 (percentile bootstrap).
    """
    values = np.asarray(per_query, np.float64)
    if values.size == 0:
        raise ValueError("no queries")
    rng = np.random.default_rng(seed)
    means = np.array([values[rng.integers(0, values.size, values.size)].mean() for _ in range(n_resamples)])
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(float(values.mean()), float(low), float(high), int(values.size))


def paired_difference(first: np.ndarray, second: np.ndarray, n_resamples: int = 1000, seed: int = 0) -> Estimate:
    """Mean of first − second, resampling queries and taking both values of each along (a paired bootstrap).

    What is easy for one is mostly easy for the other, so the interval is far narrower than the two intervals
    of the means suggest. An interval that holds 0 shows no difference.

    Args:
        first: (n,) one value a query.
        second: (n,) another's values of the same queries, in the same order.
        n_resamples: How many means make the interval.
        seed: Of the resampling.

    Raises:
        ValueError: There are no queries, or not equally many.

    Source: Koehn 2004 (paired bootstrap resampling).
    """
    if np.shape(first) != np.shape(second):
        raise ValueError("not the same queries")
    return bootstrap(np.asarray(first, np.float64) - np.asarray(second, np.float64), n_resamples, seed)


def precision_at_k(relevant: np.ndarray, k: int) -> np.ndarray:
    """(n,) share of the first k neighbours that are relevant.

    Args:
        relevant: (n, m) bool, neighbours closest first, m at least k.
        k: How many count.
    """
    result: np.ndarray = relevant[:, :k].mean(axis=1)
    return result


def average_precision_at_k(relevant: np.ndarray, n_relevant: np.ndarray, k: int) -> np.ndarray:
    """(n,) average precision of the first k neighbours, divided by min(k, relevant items there are).

    Args:
        relevant: (n, m) bool, closest first, m at least k.
        n_relevant: (n,) how many relevant items the gallery holds.
        k: Depth.
    """
    relevant = relevant[:, :k]
    precision = np.cumsum(relevant, axis=1) / np.arange(1, k + 1)
    best = np.minimum(np.maximum(n_relevant, 1), k)
    result: np.ndarray = (precision * relevant).sum(axis=1) / best
    return result


def knn_predict(neighbour_labels: np.ndarray, similarities: np.ndarray, n_classes: int) -> np.ndarray:
    """(n,) int: the class with the largest summed similarity among the neighbours, lowest number on a tie.

    Args:
        neighbour_labels: (n, k) int class numbers, closest first.
        similarities: (n, k) float; each neighbour's weight is max(similarity, 0).
        n_classes: Number of classes.
    """
    votes = np.zeros((len(neighbour_labels), n_classes))
    rows = np.repeat(np.arange(len(neighbour_labels)), neighbour_labels.shape[1])
    np.add.at(votes, (rows, neighbour_labels.ravel()), np.maximum(similarities, 0).ravel())
    return votes.argmax(axis=1)


def index_recall_at_k(approximate: np.ndarray, exact: np.ndarray) -> float:
    """Share of the exact neighbours that an approximate search found.

    Args:
        approximate: (n, k) positions.
        exact: (n, k) positions of the same queries.
    """
    found = [len(np.intersect1d(a, b)) for a, b in zip(approximate, exact, strict=True)]
    return float(np.sum(found) / exact.size)
