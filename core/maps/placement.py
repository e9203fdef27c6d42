"""`python -m core benchmark --placement`: our placing of a new embedding on a map beside UMAP's own `transform`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from core.config import DEFAULT_BACKBONE
from core.engine.catalogues import CATALOGUES
from core.engine.index.hnsw import ExactIndex
from core.engine.metrics import bootstrap
from core.engine.search.gallery import load_gallery
from core.errors import DataError
from core.maps.build import PARAMETERS, K
from core.maps.projection import N_PLACED, place

N_HELD = 1000
#: Placements that are timed one by one.
N_TIMED = 20


def compare_placements(report: Callable[[str], None] = print) -> None:
    """Keep 1,000 items out of a map, place them both ways, and report how near they are to their true neighbours.

    Minutes on two cores: UMAP must find the neighbours itself, or it could not `transform`.

    Raises:
        DataError: umap-learn is not installed.
        ArtifactError: The embeddings cannot be used.
    """
    embeddings = np.concatenate([load_gallery(DEFAULT_BACKBONE, name).exact.embeddings for name in CATALOGUES])
    vectors = embeddings.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    held = np.random.default_rng(0).permutation(len(vectors))[:N_HELD]
    rest = np.delete(vectors, held, axis=0)
    model = _fitted(rest)
    nearest, _ = ExactIndex(rest).search(vectors[held], K)
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "UMAP's transform": lambda rows: model.transform(vectors[held[rows]]),
        "the most central neighbour": lambda rows: np.stack(
            [place(model.embedding_[nearest[row, :N_PLACED]]) for row in rows]
        ),
    }
    for name, way in ways.items():
        placed = way(np.arange(N_HELD))
        kept = bootstrap(_kept(placed, model.embedding_, nearest))
        away = bootstrap(np.linalg.norm(placed[:, None] - model.embedding_[nearest], axis=2).mean(axis=1))
        report(
            f"{name}: of the {K} points around, {kept.value:.3f} ({kept.low:.3f} to {kept.high:.3f}) are true "
            f"neighbours, which are {away.value:.3f} ({away.low:.3f} to {away.high:.3f}) away on average; "
            f"{_median_ms(way):.2f} ms."
        )


def _fitted(vectors: np.ndarray):  # type: ignore[no-untyped-def]  # umap has no types
    try:
        from umap import UMAP
    except ImportError as error:
        raise DataError("This needs umap-learn. Run: pip install -r requirements-dev.txt") from error
    model = UMAP(
        n_neighbors=PARAMETERS.n_neighbors,
        min_dist=PARAMETERS.min_dist,
        metric="cosine",
        init=PARAMETERS.init,
        random_state=PARAMETERS.seed,
        n_jobs=1,
    )
    return model.fit(vectors)


def _kept(placed: np.ndarray, points: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """(m,) share of the points around each place that are true neighbours."""
    around = [np.argpartition(((points - place) ** 2).sum(axis=1), K)[:K] for place in placed]
    return np.array([np.isin(a, b).mean() for a, b in zip(around, nearest, strict=True)])


def _median_ms(way: Callable[[np.ndarray], np.ndarray]) -> float:
    """Of placing one, after a first one that is not counted."""
    times = []
    for row in range(N_TIMED + 1):
        started = time.perf_counter()
        way(np.array([row]))
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times[1:]))
