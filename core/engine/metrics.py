"""Retrieval metrics, each with one definition, and the interval that belongs beside it.

Relevance metrics (`R@1`, `P@5`, `mAP@100`) ask whether neighbours are of the right kind. `index_recall@k`
asks whether an approximate index finds what exact search finds; the two are never to be confused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import NormalDist

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


@dataclass(frozen=True)
class Difference(Estimate):
    """A mean of differences with its 95 % interval.

    Attributes:
        p: How often chance alone gives one as far from 0, in either direction.
    """

    p: float


#: Of every two names; None where it cannot be said, since one has no values or others' queries.
Differences = dict[tuple[str, str], Difference | None]


def bootstrap(per_query: np.ndarray, n_resamples: int = 1000, seed: int = 0) -> Estimate:
    """Mean of a figure with one value a query, resampling queries with replacement.

    Args:
        per_query: (n,) values; n must be at least 1.
        n_resamples: How many means make the interval.
        seed: Of the resampling.

    Source: Efron 1979 (percentile bootstrap).
    """
    values = np.asarray(per_query, np.float64)
    return bootstrap_of(lambda chosen: float(values[chosen].mean()), values.size, n_resamples, seed)


def bootstrap_of(statistic: Callable[[np.ndarray], float], n: int, n_resamples: int = 1000, seed: int = 0) -> Estimate:
    """Any figure of n queries in [0, 1], resampling queries with replacement.

    Where nothing or all is right, every resample says the same; the interval is Wilson's then.

    Args:
        statistic: Positions of the queries, (n,) int64 in 0…n−1 -> the figure.
        n: At least 1.
        n_resamples: How many figures make the interval.
        seed: Of the resampling.
    """
    figures = _resample(statistic, n, n_resamples, seed)
    low, high = np.percentile(figures, (2.5, 97.5))
    value = statistic(np.arange(n))
    if value in (0, 1) and low == high:
        low, high = wilson(value, n)
    return Estimate(value, float(low), float(high), int(n))


def _resample(statistic: Callable[[np.ndarray], float], n: int, n_resamples: int, seed: int) -> np.ndarray:
    if n == 0:
        raise ValueError("no queries")
    rng = np.random.default_rng(seed)
    return np.array([statistic(rng.integers(0, n, n)) for _ in range(n_resamples)])


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of n.

    Source: Wilson 1927.
    """
    z = NormalDist().inv_cdf(0.975)
    centre, width = share + z * z / (2 * n), z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5
    return max(0.0, (centre - width) / (1 + z * z / n)), min(1.0, (centre + width) / (1 + z * z / n))


def bootstrap_groups(per_query: np.ndarray, groups: np.ndarray, n_resamples: int = 1000, seed: int = 0) -> Estimate:
    """The mean of a figure with one value a query, resampling groups of queries that belong together.

    Args:
        per_query: (n,) values.
        groups: (n,) whose each query is: all of one group are drawn or none.
        n_resamples: How many means make the interval.
        seed: Of the resampling.

    Source: Field and Welsh 2007 (cluster bootstrap).
    """
    mean, n_groups = _mean_of_groups(per_query, groups)
    found = bootstrap_of(mean, n_groups, n_resamples, seed)
    return Estimate(found.value, found.low, found.high, len(per_query))


def mean_of(per_query: np.ndarray, groups: np.ndarray | None) -> Estimate:
    """The mean of (n,) values, its interval resampled over `groups`, (n,), where it is known who gave each query."""
    return bootstrap(per_query) if groups is None else bootstrap_groups(per_query, groups)


def _mean_of_groups(per_query: np.ndarray, groups: np.ndarray) -> tuple[Callable[[np.ndarray], float], int]:
    """The mean over the queries of chosen groups, and how many groups there are."""
    _, codes = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(codes, np.asarray(per_query, np.float64)), np.bincount(codes)
    return lambda chosen: float(sums[chosen].sum() / counts[chosen].sum()), len(sums)


def confusion(truth: np.ndarray, guess: np.ndarray, n_classes: int) -> np.ndarray:
    """(classes, classes) int64: how many queries of each class (row) were taken for each class (column)."""
    flat = np.bincount(truth * n_classes + guess, minlength=n_classes * n_classes)
    return flat.reshape(n_classes, n_classes).astype(np.int64)


def f1_by_class(matrix: np.ndarray) -> np.ndarray:
    """(classes,) the harmonic mean of precision and recall; NaN for a class that is neither asked for nor guessed.

    Args:
        matrix: As `confusion` makes it.
    """
    n = matrix.sum(axis=0) + matrix.sum(axis=1)
    result: np.ndarray = np.where(n, 2 * np.diag(matrix) / np.maximum(n, 1), np.nan)
    return result


def macro_f1(matrix: np.ndarray) -> float:
    """The mean F1 of all classes that occur."""
    return float(np.nanmean(f1_by_class(matrix)))


def calibration_error(probabilities: np.ndarray, right: np.ndarray, n_bins: int = 15) -> float:
    """Expected calibration error: how far probabilities are from the shares that turn out right, on average.

    Args:
        probabilities: (n,) in [0, 1].
        right: (n,) bool.
        n_bins: Bins of equal width.

    Source: Naeini, Cooper, Hauskrecht 2015.
    """
    bins = np.minimum((probabilities * n_bins).astype(int), n_bins - 1)
    sums = np.bincount(bins, probabilities - right, n_bins)
    return float(np.abs(sums).sum() / len(probabilities))


def bootstrap_calibration_error(probabilities: np.ndarray, right: np.ndarray, counts: np.ndarray) -> Estimate:
    """The same with its 95 % interval, resampling queries, whose hits stand or fall together.

    Args:
        probabilities: (n, k) in [0, 1], one row a query.
        right: (n, k) bool.
        counts: (n, k) bool, which of them count.
    """

    def of(rows: np.ndarray) -> float:
        counted = counts[rows]
        return calibration_error(probabilities[rows][counted], right[rows][counted])

    return bootstrap_of(of, len(probabilities), n_resamples=200)


def paired_difference(
    first: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None, n_resamples: int = 1000, seed: int = 0
) -> Difference:
    """Mean of first − second, resampling queries and taking both values of each along (a paired bootstrap).

    What is easy for one is mostly easy for the other, so the interval is far narrower than the two intervals
    of the means suggest. An interval that holds 0 shows no difference.

    Args:
        first: (n,) one value a query.
        second: (n,) another's values of the same queries, in the same order.
        groups: (n,) whose each query is: all of one group are drawn or none; None where each stands alone.
        n_resamples: How many means make the interval.
        seed: Of the resampling.

    Raises:
        ValueError: There are no queries, or not equally many.

    Source: Koehn 2004 (paired bootstrap resampling).
    """
    if np.shape(first) != np.shape(second):
        raise ValueError("not the same queries")
    apart = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    mean, n_groups = _mean_of_groups(apart, np.arange(len(apart)) if groups is None else groups)
    figures = _resample(mean, n_groups, n_resamples, seed)
    low, high = np.percentile(figures, (2.5, 97.5))
    n_beyond = min(np.sum(figures <= 0), np.sum(figures >= 0))
    p = min(1.0, 2 * (1 + n_beyond) / (1 + n_resamples))
    return Difference(mean(np.arange(n_groups)), float(low), float(high), len(apart), float(p))


def holm(p_values: Sequence[float]) -> list[float]:
    """The same p-values, in their order, corrected for how many there are.

    Source: Holm 1979.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1, np.maximum.accumulate(steps))
    return corrected.tolist()


def compare_all(values: Mapping[str, np.ndarray | None], groups: np.ndarray | None = None) -> Differences:
    """By how much the first of every two is better, all `p` corrected for how many pairs are tested (Holm).

    Each interval is that of its pair alone.

    Args:
        values: Name -> (n,) one value a query; None where there are none.
        groups: See `paired_difference`; unused where there are not as many.
    """
    found: Differences = {}
    for pair in combinations(values, 2):
        first, second = (values[name] for name in pair)
        if first is None or second is None or first.shape != second.shape:
            found[pair] = None
        else:
            same = groups is not None and len(groups) == len(first)
            found[pair] = paired_difference(first, second, groups if same else None)
    tested = {pair: one for pair, one in found.items() if one is not None}
    corrected = holm([one.p for one in tested.values()])
    return found | {pair: replace(one, p=p) for (pair, one), p in zip(tested.items(), corrected, strict=True)}


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
