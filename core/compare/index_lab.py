"""Trying out `ef`, the index's width of search, without anybody else noticing.

hnswlib keeps `ef` in the graph and has no `ef` for a single search, so to change it on the graph that serves all
visitors would change their answers. So this is a second copy, read from the same verified files when somebody first
asks (about 60 MB); a lock keeps setting `ef` and searching together. The exact search beside it has its own copy, too:
the embeddings in single precision (48 MB), since it is slow only where it widens the stored halves with every search.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from core.engine.catalogues import CATALOGUES
from core.engine.files.manifest import REPAIR, load_manifest, relative
from core.engine.files.paths import index_file
from core.engine.index.hnsw import ExactIndex, HnswIndex, load_hnsw
from core.engine.search.engine import SearchEngine
from core.errors import ArtifactError, sentence

N_TIMED = 9

_Search = Callable[[str], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Found:
    """What one search found.

    Attributes:
        places: Catalogue and position of each hit, closest first.
        similarities: Of each, in the same order.
        ms: Median milliseconds of a few searches.
    """

    places: list[tuple[str, int]]
    similarities: list[float]
    ms: float


class EfLab:
    """A private copy of the graphs of all catalogues, beside the exact search that knows the truth."""

    def __init__(self, engine: SearchEngine):
        """Load the copies; items and embeddings stay the engine's.

        Raises:
            ArtifactError: A graph is missing or damaged.
        """
        entries = load_manifest()["indexes"]
        self._graphs: dict[str, HnswIndex] = {}
        self._exact: dict[str, ExactIndex] = {}
        for id in CATALOGUES:
            embeddings = engine.built(id).exact.embeddings
            file = index_file(engine.backbone_id, id, ".hnsw")
            entry = entries.get(f"{engine.backbone_id}/{id}")
            if entry is None:
                raise ArtifactError(relative(file), sentence("engine.not-built"), REPAIR)
            self._graphs[id] = load_hnsw(file, entry, embeddings)
            self._exact[id] = ExactIndex(embeddings.astype(np.float32))

    @property
    def served_ef(self) -> int:
        """The `ef` with which visitors' searches are made."""
        return max(graph.parameters.ef for graph in self._graphs.values())

    def search(self, embedding: np.ndarray, k: int, ef: int, exclude: Collection[tuple[str, int]] = ()) -> Found:
        """Search the graphs with one `ef`.

        Args:
            embedding: (dim,) float32, L2-normalised.
            k: How many hits.
            ef: Candidates kept while searching; hnswlib takes at least as many as there are hits.
            exclude: Items that must not be found.
        """
        wanted = k + len(exclude)
        return self._timed(lambda id: self._graphs[id].search_at(embedding[None], wanted, ef), k, exclude)

    def exact(self, embedding: np.ndarray, k: int, exclude: Collection[tuple[str, int]] = ()) -> Found:
        """Compare with every item."""
        wanted = k + len(exclude)
        return self._timed(lambda id: self._exact[id].search(embedding[None], wanted), k, exclude)

    def _timed(self, search: _Search, k: int, exclude: Collection[tuple[str, int]]) -> Found:
        seconds = []
        for _ in range(N_TIMED):
            started = time.perf_counter()
            answers = {id: search(id) for id in CATALOGUES}
            seconds.append(time.perf_counter() - started)
        found = [
            (float(similarity), id, int(position))
            for id, (positions, similarities) in answers.items()
            for position, similarity in zip(positions[0], similarities[0], strict=True)
            if (id, int(position)) not in exclude
        ]
        best = sorted(found, key=lambda entry: (-entry[0], entry[1], entry[2]))[:k]
        return Found([(id, p) for _, id, p in best], [s for s, _, _ in best], 1000 * float(np.median(seconds)))
