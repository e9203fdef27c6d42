"""What a similarity means: there is no universal threshold, so each backbone has a table of its own.

Two figures are kept for each catalogue that is searched. `closer_than` is the share of random pairs (any
training picture, any item of the catalogue) that are less similar. `same_kind` is how probable it is that a hit of
this similarity has the query's label, from the twenty nearest neighbours of training pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

N_QUANTILES = 1001


@dataclass(frozen=True)
class Calibration:
    """One catalogue's table.

    Attributes:
        quantiles: (1001,) float32, rising: similarities of random pairs at 0, 0.1 … 100 %.
        steps: (m,) float32, rising: similarities at which `probabilities` are known.
        probabilities: (m,) float32, never falling: share of hits that are of the query's kind.
    """

    quantiles: np.ndarray
    steps: np.ndarray
    probabilities: np.ndarray

    def closer_than(self, similarity: float) -> float:
        """Share of random pairs that are less similar, in [0, 1]."""
        return float(np.searchsorted(self.quantiles, similarity) / len(self.quantiles))

    def same_kind(self, similarity: float) -> float:
        """Probability, in [0, 1], that a hit this similar has the query's label."""
        return float(np.interp(similarity, self.steps, self.probabilities))

    def to_json(self) -> dict[str, Any]:
        """As plain lists, rounded to what the data supports."""
        return {name: [round(float(v), 5) for v in getattr(self, name)] for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Calibration:
        """The inverse of `to_json`; KeyError or ValueError where something is missing or malformed."""
        return cls(*(np.asarray(content[name], np.float32) for name in cls.__dataclass_fields__))


def fit(
    random_pairs: np.ndarray,
    hits: np.ndarray,
    same: np.ndarray,
    n_steps: int = 40,
    random_same: np.ndarray | None = None,
) -> Calibration:
    """Fit both figures.

    Args:
        random_pairs: (r,) similarities of random pairs.
        hits: (h,) similarities of neighbours to their query.
        same: (h,) bool, whether a neighbour has its query's label.
        n_steps: Bins of equal size into which the hits are sorted before they are made monotone.
        random_same: (r,) bool, whether a random pair has one label. Where given, the table goes on below the
            least similar hits, which is where the "closest" of a catalogue that holds nothing of the kind are.

    Source: Zadrozny and Elkan 2002 (isotonic calibration, here of binned shares).
    """
    steps, shares, sizes = _bins(hits, same, n_steps)
    if random_same is not None:
        below = random_pairs < steps[0]
        lower = _bins(random_pairs[below], random_same[below], n_steps // 2)
        steps, shares, sizes = (np.concatenate(pair) for pair in zip(lower, (steps, shares, sizes), strict=True))
    return Calibration(
        np.quantile(random_pairs, np.linspace(0, 1, N_QUANTILES)).astype(np.float32),
        steps.astype(np.float32),
        _never_falling(shares, sizes).astype(np.float32),
    )


def _bins(similarities: np.ndarray, same: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean similarity, share of the same label, and size of up to n bins of equal size, rising."""
    order = np.argsort(similarities, kind="stable")
    parts = [part for part in np.array_split(order, max(1, n)) if len(part)]
    means = np.array([similarities[part].mean() for part in parts])
    shares = np.array([same[part].mean() for part in parts])
    return means, shares, np.array([len(part) for part in parts], np.float64)


def _never_falling(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Isotonic regression by pooling adjacent violators."""
    pools: list[list[float]] = []  # [mean, weight, length]
    for value, weight in zip(values, weights, strict=True):
        pools.append([float(value), float(weight), 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, weight_b, length = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * weight_b) / (last[1] + weight_b)
            last[1] += weight_b
            last[2] += length
    return np.concatenate([np.full(int(length), mean) for mean, _, length in pools])
