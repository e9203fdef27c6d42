"""UMAP: embeddings -> points of a plane, how faithful the plane is, and where a new embedding belongs on it.

Fitting happens when artifacts are built; a page only calls `place`, which needs neither umap nor numba.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.engine.index.hnsw import ExactIndex
from core.engine.metrics import Estimate, bootstrap

#: Queries that are compared with everything at a time: 512 × 75,000 similarities are 150 MB.
_BLOCK = 512
#: Nearest items that say where a new embedding belongs; 5 and 15 are as good.
N_PLACED = 10


@dataclass(frozen=True)
class ProjectionParameters:
    """How a map is fitted; the metric is always the cosine.

    Attributes:
        n_neighbors: Neighbours that a point is drawn to, itself among them.
        min_dist: How close two points may come, in units of the map.
        seed: Of everything random; with it UMAP uses one thread and is reproducible.
        init: Where points start: "pca", their two strongest directions.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 0
    init: str = "pca"


@dataclass(frozen=True)
class Faithfulness:
    """How much of the neighbourhoods survives on a map, over a seeded sample of its points.

    Attributes:
        trustworthiness: In [0, 1]; 1 where every neighbour on the map is a neighbour in the embeddings.
            Source: Venna and Kaski 2001.
        neighbours_kept: Share of the `k` nearest in the embeddings that are among the `k` nearest on the map.
        k: How many neighbours count.
    """

    trustworthiness: Estimate
    neighbours_kept: Estimate
    k: int


def nearest_others(embeddings: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of all other rows of each row, compared one by one.

    Args:
        embeddings: (n, dim) float16 or float32, rows L2-normalised.
        k: At most this many; n − 1 where there are fewer.

    Returns:
        rows (n, k) int64 and similarities (n, k) float32, closest first.
    """
    index, n = ExactIndex(embeddings), len(embeddings)
    k = min(k, n - 1)
    rows, similarities = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for part in _blocks(n):
        own = np.arange(n)[part, None]
        found, close = index.search(unit(embeddings[part]), k + 1)
        other = found != own
        other[other.all(axis=1), -1] = False  # a row with many equals may not have found itself
        rows[part] = found[other].reshape(-1, k)
        similarities[part] = close[other].reshape(-1, k)
    return rows, similarities


def fit(
    embeddings: np.ndarray,
    parameters: ProjectionParameters = ProjectionParameters(),
    report: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Lay embeddings out in a plane.

    Args:
        embeddings: (n, dim) float16 or float32, rows L2-normalised, n at least 4.
        parameters: How.
        report: Is told now and then how many steps are done, and of how many.

    Returns:
        (n, 2) float32, in the order of `embeddings`.

    Source: McInnes, Healy and Melville 2018; umap-learn (BSD-3-Clause).
    """
    from umap import UMAP

    n = len(embeddings)
    n_neighbors = min(parameters.n_neighbors, n - 1)
    others, similarities = nearest_others(embeddings, n_neighbors - 1)
    rows = np.concatenate([np.arange(n)[:, None], others], axis=1)
    distances = np.concatenate([np.zeros((n, 1), np.float32), np.clip(1 - similarities, 0, 2)], axis=1)
    with warnings.catch_warnings():
        # Neighbours that were found beforehand cannot be searched by `transform`, which is not used here.
        warnings.filterwarnings("ignore", message=".*precomputed_knn.*")
        layout = UMAP(
            n_neighbors=n_neighbors,
            min_dist=parameters.min_dist,
            metric="cosine",
            init=parameters.init,
            random_state=parameters.seed,
            n_jobs=1,
            precomputed_knn=(rows, distances),
            tqdm_kwds=_reporting(report) if report else None,
        ).fit_transform(unit(embeddings))
    result: np.ndarray = layout.astype(np.float32)
    return result


def _reporting(report: Callable[[int, int], None]) -> dict[str, Any]:
    """What UMAP's progress bar is told, so that a function hears of it instead of a terminal."""

    class Bar(io.TextIOBase):
        def write(self, text: str) -> int:
            done, _, total = text.strip().partition("/")
            if done.isdigit() and total.isdigit():
                report(int(done), int(total))
            return len(text)

    return {"file": Bar(), "bar_format": "{n}/{total}", "disable": False, "mininterval": 0.3}


def strongest_directions(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings in the plane in which they differ most (PCA), as (n, 2) float32 around the origin.

    Args:
        embeddings: (n, dim) float32.

    Source: Halko, Martinsson and Tropp 2011 (randomised subspace iteration).
    """
    x = embeddings.astype(np.float32) - embeddings.mean(axis=0, dtype=np.float32)
    n_more = min(8, *x.shape)  # a few directions more than two find these sooner
    basis = np.random.default_rng(0).standard_normal((x.shape[1], n_more)).astype(np.float32)
    for _ in range(30):
        basis, _ = np.linalg.qr(x.T @ (x @ basis))
    left, scales, _ = np.linalg.svd(x @ basis, full_matrices=False)
    points = np.zeros((len(x), 2), np.float32)
    plane = (left * scales)[:, :2]
    points[:, : plane.shape[1]] = plane
    return points


def place(points: np.ndarray) -> np.ndarray:
    """Where a new embedding belongs on a map: on the most central of its nearest items.

    As close to the true neighbours as UMAP's own `transform` (docs/experiments.md), in 0.02 ms instead of 68 ms, umap,
    numba and 1.2 GB. A mean of the neighbours weighted by similarity is as close, but surrounded by fewer of them
    (0.09 of the 15 points around; here 0.15, with the one that it stands on): between two groups there is nothing.

    Args:
        points: (k, 2) where its nearest items are on the map, k at least 1; `N_PLACED` are enough.

    Returns:
        (2,) float32, the one of `points` with the smallest sum of distances to the others.
    """
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    result: np.ndarray = points[distances.sum(axis=1).argmin()]
    return result


def faithfulness(
    embeddings: np.ndarray, points: np.ndarray, k: int = 15, n_sample: int = 2000, seed: int = 0
) -> Faithfulness:
    """How faithful a map is; sampled points are compared with all others.

    Args:
        embeddings: (n, dim) float16 or float32, rows L2-normalised.
        points: (n, 2) of the same items.
        k: How many neighbours count; below n / 2.
        n_sample: At most this many points are looked at.
        seed: Of the sample, and of the intervals.
    """
    n = len(embeddings)
    sample = np.sort(np.random.default_rng(seed).choice(n, min(n_sample, n), replace=False))
    penalty, kept = np.empty(len(sample)), np.empty(len(sample))
    vectors = unit(embeddings)
    for part in _blocks(len(sample)):
        rows = sample[part]
        near_map = _ranks(-((points[rows, None] - points[None]) ** 2).sum(axis=2), rows) <= k
        ranks = _ranks(vectors[rows] @ vectors.T, rows)
        penalty[part] = np.where(near_map, np.maximum(ranks - k, 0), 0).sum(axis=1)
        kept[part] = (near_map & (ranks <= k)).sum(axis=1) / k
    trust = 1 - penalty * 2 / (k * (2 * n - 3 * k - 1))
    return Faithfulness(bootstrap(trust, seed=seed), bootstrap(kept, seed=seed), k)


def _ranks(closeness: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(b, n) int: 1 for the closest other item of each row, n for the row itself; ties by position."""
    closeness[np.arange(len(rows)), rows] = -np.inf
    order = np.argsort(-closeness, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, order.shape[1] + 1)[None], axis=1)
    return ranks


def unit(embeddings: np.ndarray) -> np.ndarray:
    """(n, dim) float32 of length 1: rounding to float16 left lengths of 1 ± 0.0002."""
    vectors = embeddings.astype(np.float32)
    result: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return result


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))
