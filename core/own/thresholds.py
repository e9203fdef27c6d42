"""Where to draw the line between a match and no match, from queries and items whose labels are known.

Every (query, item) pair is judged: precision is the share of the pairs at or above the threshold whose labels agree,
recall the share of the pairs with agreeing labels that are at or above it. Pairs are pooled over all queries (micro
average), so a class with many items counts for much. Queries and items without a label are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = np.round(np.linspace(0, 1, 201), 3)
_BLOCK = 16384


@dataclass(frozen=True)
class Curve:
    """What each threshold would do; all arrays have one value a threshold.

    Attributes:
        thresholds: (t,) rising, 0 to 1.
        precision: (t,) in [0, 1]; NaN where nothing is at or above the threshold.
        recall: (t,) in [0, 1].
        f1: (t,) harmonic mean of both; 0 where nothing is right.
        answered: (t,) share of the labelled queries that have any match.
        n_queries: Queries with a label.
        n_pairs: Pairs of which both have a label.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    answered: np.ndarray
    n_queries: int
    n_pairs: int


def threshold_curve(
    queries: np.ndarray, query_labels: Sequence[str], items: np.ndarray, item_labels: Sequence[str]
) -> Curve | None:
    """Judge all pairs.

    Args:
        queries: (q, dim) float32, rows L2-normalised.
        query_labels: q of them, none "".
        items: (n, dim) float16 or float32, rows L2-normalised; read in blocks.
        item_labels: n of them, "" where unknown.

    Returns:
        None if no query has the label of any item.
    """
    labels = np.array(item_labels, dtype=str)
    labelled = np.flatnonzero(labels != "")
    n_relevant = sum(int((labels == label).sum()) for label in query_labels)
    if not n_relevant:
        return None
    n_right, n_wrong = (np.zeros(len(THRESHOLDS), np.int64) for _ in range(2))
    best = np.full(len(queries), -1.0)
    for start in range(0, len(labelled), _BLOCK):
        positions = labelled[start : start + _BLOCK]
        block = np.asarray(items[positions], np.float32)
        for row, (query, label) in enumerate(zip(queries, query_labels, strict=True)):
            similarities = block @ query
            right = labels[positions] == label
            n_right += _count_from(similarities[right])
            n_wrong += _count_from(similarities[~right])
            best[row] = max(best[row], similarities.max())
    return _curve(n_right, n_wrong, best, n_relevant, len(queries) * len(labelled))


def _count_from(similarities: np.ndarray) -> np.ndarray:
    """(t,) how many similarities are at or above each threshold."""
    # A picture compared with itself gives 1 give or take a rounding error, which must not cost it the last step.
    steps = np.searchsorted(THRESHOLDS, similarities.astype(np.float64) + 1e-6, side="right")
    per_step = np.bincount(steps, minlength=len(THRESHOLDS) + 1)
    counts: np.ndarray = per_step[::-1].cumsum()[::-1][1:]
    return counts


def _curve(n_right: np.ndarray, n_wrong: np.ndarray, best: np.ndarray, n_relevant: int, n_pairs: int) -> Curve:
    n_found = n_right + n_wrong
    precision = np.where(n_found > 0, n_right / np.maximum(n_found, 1), np.nan)
    return Curve(
        THRESHOLDS,
        precision,
        n_right / n_relevant,
        2 * n_right / (n_found + n_relevant),
        _count_from(best) / len(best),
        len(best),
        n_pairs,
    )


def suggest_threshold(curve: Curve, min_precision: float | None = None) -> float | None:
    """A threshold, by one of two criteria.

    Args:
        curve: From `threshold_curve`.
        min_precision: None: the best F1. Otherwise: the lowest threshold from which on precision is never below
            this again, as long as there is anything to be found.

    Returns:
        With F1, the middle of the first run of thresholds that are equally good; None where no threshold is
        precise enough.
    """
    if min_precision is None:
        good = curve.f1 >= curve.f1.max() - 1e-12
        first = int(np.argmax(good))
        n = int(np.argmin(np.append(good[first:], False)))
        return float(curve.thresholds[first + (n - 1) // 2])
    bad = np.flatnonzero(np.nan_to_num(curve.precision, nan=1.0) < min_precision)
    first = int(bad[-1]) + 1 if len(bad) else 0
    exists = first < len(curve.thresholds) and not np.isnan(curve.precision[first])
    return float(curve.thresholds[first]) if exists else None
