"""What a similarity means: there is no universal threshold, so each backbone has a table of its own.

Two figures are kept for each catalogue that is searched and for each kind of query: a catalogue's own item, a photo
from elsewhere, or words. `closer_than` is the share of random pairs (such a query, any item of the catalogue) that
are less similar. `same_kind` is how probable it is that one of the first hits, being this similar, is of the query's
kind. Both are fitted on what was neither trained on nor is tested with (`core.jobs.build.calibrate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

N_QUANTILES = 1001
#: Kinds of query that are no catalogue's item; those are named by their catalogue.
PHOTO, TEXT, BLEND = "photo", "text", "blend"
SCHEMA = 2


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
        quantiles, steps, probabilities = (np.asarray(content[name], np.float32) for name in cls.__dataclass_fields__)
        sizes = (quantiles.ndim, steps.ndim, len(steps)) == (1, 1, len(probabilities)) and len(quantiles) and len(steps)
        if not sizes or not all(np.isfinite(values).all() for values in (quantiles, steps, probabilities)):
            raise ValueError("another shape")
        return cls(quantiles, steps, probabilities)


@dataclass(frozen=True)
class GarmentTest:
    """Whether a picture shows a fashion item at all: a linear test of its embedding, fitted when artifacts are built.

    Attributes:
        weights: (dim,) float32.
        threshold: Embeddings whose product with `weights` is below are taken for something else; fitted so that
            no more than 0.5 % of the validation pictures of any data set are.
    """

    weights: np.ndarray
    threshold: float

    def passes(self, embeddings: np.ndarray) -> np.ndarray:
        """(n,) bool for (n, dim) embeddings: whether each seems to show a fashion item."""
        result: np.ndarray = embeddings @ self.weights >= self.threshold
        return result


@dataclass(frozen=True)
class Calibrated:
    """All that is fitted for one backbone.

    Attributes:
        tables: Catalogue -> kind of query -> what a similarity means there.
        pairs: Catalogue -> "random", "same_kind", "same_item" -> 21 similarities, at 0, 5 … 100 % of such pairs.
        garment: Tells pictures of fashion items from others; None where it was not fitted.
        weight: The best weight of words beside a photo, in [0, 1].
    """

    tables: Mapping[str, Mapping[str, Calibration]]
    pairs: Mapping[str, Mapping[str, list[float]]]
    garment: GarmentTest | None
    weight: float

    @classmethod
    def nothing(cls) -> Calibrated:
        """Where nothing was fitted: half the weight is the words'."""
        return cls({}, {}, None, 0.5)

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers."""
        garment = self.garment and {
            "weights": [round(float(v), 5) for v in self.garment.weights],
            "threshold": round(self.garment.threshold, 5),
        }
        tables = {
            catalogue: {asked: table.to_json() for asked, table in of.items()} for catalogue, of in self.tables.items()
        }
        return {"schema": SCHEMA, "tables": tables, "pairs": self.pairs, "garment": garment, "weight": self.weight}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Calibrated:
        """The inverse of `to_json`; KeyError, TypeError or ValueError where something is missing or malformed."""
        if content["schema"] != SCHEMA:
            raise ValueError("another version")
        garment = content["garment"]
        tables = {
            catalogue: {asked: Calibration.from_json(table) for asked, table in of.items()}
            for catalogue, of in content["tables"].items()
        }
        test = garment and GarmentTest(np.asarray(garment["weights"], np.float32), float(garment["threshold"]))
        return cls(tables, content["pairs"], test, float(content["weight"]))


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
