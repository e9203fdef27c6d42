"""Many queries against one catalogue, and where to draw the line between a match and no match.

Every hit at or above a threshold is a match, and a query without one has "no match". Where queries and items have
labels, `core.own.thresholds` says how good each threshold would be.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.config import DEFAULT_K, Quota
from core.engine.embedders.base import EmbeddedPhoto
from core.engine.files.tables import to_csv
from core.engine.images.decode import encode_thumbnail, megapixels
from core.engine.progress import Progress
from core.engine.search.engine import Hit, SearchEngine
from core.engine.search.gallery import BuiltGallery
from core.engine.search.query import Filters, Query
from core.errors import Sentence, sentence
from core.own.ingest.incoming import Incoming, Skipped, embed_each
from core.own.thresholds import Curve, threshold_curve

THUMBNAIL_SIDE = 192
_HIT = ("rank", "id", "label", "title", "similarity")
_COLUMNS = ("query", "query_label", "answer", *_HIT)
MATCH, NO_MATCH = "match", "no match"


@dataclass(frozen=True)
class QueryResult:
    """One query.

    Attributes:
        name: Of its file.
        label: Its class, "" where unknown.
        thumbnail: JPEG.
        hits: The k closest items, closest first, whatever their similarity.
        embedding: (dim,) float32.
    """

    name: str
    label: str
    thumbnail: bytes = field(repr=False)
    hits: list[Hit]
    embedding: np.ndarray = field(repr=False)

    def matches(self, threshold: float) -> list[Hit]:
        """The hits at or above the threshold; none is an answer, too."""
        return [hit for hit in self.hits if hit.similarity >= threshold]


class QuerySet:
    """Queries that were run against one catalogue.

    Attributes:
        results: One for each query that could be read, in order.
        skipped: The others, and why.
    """

    def __init__(self, engine: SearchEngine, catalogue: str, k: int = DEFAULT_K, quota: Quota | None = None):
        """Make an empty set.

        Args:
            engine: What searches.
            catalogue: What is searched; as it was when each query was run.
            k: Hits kept for each query.
            quota: `queries` and `megapixels` of it count; default: `core.config.Quota()`.
        """
        self.results: list[QueryResult] = []
        self.skipped: list[Skipped] = []
        self._engine = engine
        self._catalogue = catalogue
        self._k = k
        self._quota = quota or Quota()
        self._megapixels = 0.0

    def run(
        self, incoming: Iterable[Incoming | Skipped], n_total: int | None = None
    ) -> Generator[Progress, None, None]:
        """Run queries one after the other and add their results; see `embed_each` for the steps."""
        yield from embed_each(incoming, self._engine.embedder, self._take, self.skipped, self._why_full, n_total)

    def _why_full(self, one: Incoming) -> Sentence | None:
        quota = self._quota
        if len(self.results) >= quota.queries:
            return sentence("own.skipped-queries", limit=quota.queries)
        self._megapixels += megapixels(one.data)
        return (
            sentence("own.skipped-megapixels", limit=quota.megapixels) if self._megapixels > quota.megapixels else None
        )

    def _take(self, one: Incoming, photo: EmbeddedPhoto) -> None:
        filters = Filters((self._catalogue,))
        hits = self._engine.search(Query(embedding=photo.embedding, k=self._k, filters=filters)).hits
        thumbnail = encode_thumbnail(photo.image, THUMBNAIL_SIDE, 80)
        self.results.append(QueryResult(one.name, one.label, thumbnail, hits, photo.embedding))

    def curve(self) -> Curve | None:
        """Precision and recall against the threshold, over all items, not only the hits that were kept.

        Returns:
            None unless some query's label is also the label of some item, and all items are in this process.
        """
        queries = [result for result in self.results if result.label]
        if not queries:
            return None
        embeddings = np.stack([query.embedding for query in queries])
        labels = [query.label for query in queries]
        gallery = self._engine.gallery(self._catalogue)
        if not isinstance(gallery, BuiltGallery):
            return None  # it is compared with every item, and those of others are not here
        known = gallery.items.columns["label"]
        return threshold_curve(embeddings, labels, gallery.exact.embeddings, known)


def results_json(results: Sequence[QueryResult], threshold: float) -> list[dict[str, Any]]:
    """One entry a query as JSON values: `query`, `label`, `answer`, and its matches as `hits`."""
    found = []
    for result in results:
        hits = [{name: getattr(hit, name) for name in _HIT} for hit in result.matches(threshold)]
        answer = MATCH if hits else NO_MATCH
        found.append({"query": result.name, "label": result.label, "answer": answer, "hits": hits})
    return found


def results_csv(results: Sequence[QueryResult], threshold: float) -> str:
    """One row for each match, and one for each query without any, with `answer` "no match"."""
    rows: list[dict[str, object]] = []
    for result in results:
        query: dict[str, object] = {"query": result.name, "query_label": result.label}
        matches = result.matches(threshold)
        rows += [query | {"answer": MATCH} | {name: getattr(hit, name) for name in _HIT} for hit in matches] or [
            query | {"answer": NO_MATCH}
        ]
    return to_csv(_COLUMNS, rows)
