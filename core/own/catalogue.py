"""A visitor's own catalogue: it lives in memory, in one session, and knows nothing of any other.

Pictures are decoded one at a time, so memory stays at what the items keep: a thumbnail, an embedding and their
texts. Search compares with every item: up to the quota of images that takes about a millisecond, so there is
no index to build, and none to go stale when items are removed.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Generator, Iterable, Sequence

import numpy as np

from core.config import Quota
from core.engine.catalogues.items import UnknownItemError, split_id
from core.engine.embedders.base import EmbeddedPhoto, Embedder
from core.engine.images.decode import megapixels
from core.engine.index.hnsw import ExactIndex
from core.engine.progress import Progress
from core.engine.search.calibration import Calibration
from core.engine.search.gallery import BuiltGallery
from core.errors import DataError, Sentence, sentence
from core.own.brought import Brought, fit_to
from core.own.ingest.incoming import Incoming, Skipped, embed_each
from core.own.ingest.vectors import Vectors
from core.own.items import OWN, THUMBNAIL_SIDE, OwnItem, item_table, make_item


class OwnCatalogue:
    """Items and their embeddings; `core.own.search` searches among them.

    It belongs to one session, whose runs may overlap for a moment; so whatever changes it, and whatever is made of
    all its items, takes turns.

    Attributes:
        embedder: Of the backbone that makes the embeddings.
        quota: What it may hold.
        skipped: What the last `add` left out, and why.
        n_bytes: What the items hold in memory.
        revision: Grows with every change of the items.
        brought: Embeddings that were made elsewhere, None where there are none.
    """

    def __init__(
        self,
        embedder: Embedder,
        calibration: Calibration | None = None,
        quota: Quota | None = None,
        thumbnail_side: int = THUMBNAIL_SIDE,
    ):
        """Make an empty catalogue.

        Args:
            embedder: May be shared with other sessions.
            calibration: What a similarity means, for instance that of the clothing catalogue; without one,
                `closer_than` and `same_kind` of hits are NaN.
            quota: Default: `core.config.Quota()`.
            thumbnail_side: In pixels; 0 for no thumbnails.
        """
        self.embedder = embedder
        self.quota = quota or Quota()
        self.skipped: list[Skipped] = []
        self.n_bytes = 0
        self.revision = 0
        self.brought: Brought | None = None
        self._calibration = calibration
        self._thumbnail_side = thumbnail_side
        self._items: list[OwnItem] = []
        self._blocks: list[np.ndarray] = []
        self._positions: dict[str, int] = {}
        self._gallery: BuiltGallery | None = None
        self._next = 1
        self._n_read = 0
        self._megapixels = 0.0
        self._turn = threading.RLock()

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._items)

    @property
    def items(self) -> tuple[OwnItem, ...]:
        """The items; an item's place here is its position in `embeddings`."""
        return tuple(self._items)

    @property
    def embeddings(self) -> np.ndarray:
        """(n, dim) float32, rows L2-normalised, in the order of `items`; do not write to it."""
        with self._turn:
            if len(self._blocks) != 1:
                empty = np.empty((0, self.embedder.record.dim), np.float32)
                self._blocks = [np.concatenate([empty, *self._blocks])]
            return self._blocks[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """The label of each item, in the order of `items`; "" where it has none."""
        return tuple(item.label for item in self._items)

    @property
    def gallery(self) -> BuiltGallery:
        """The items as a search engine sees them; made anew after a change, and never changed itself."""
        with self._turn:
            if self._gallery is None:
                exact = ExactIndex(self.embeddings)
                self._gallery = BuiltGallery(item_table(self._items), exact, exact, self._calibration)
            return self._gallery

    def item(self, id: str) -> OwnItem:
        """The item with this id.

        Raises:
            UnknownItemError: There is none, or it was removed.
        """
        return self._items[self._position(id)]

    def thumbnail(self, id: str) -> bytes | None:
        """The JPEG of an item, None if it is not one of this catalogue or has none."""
        return (self.item(id).thumbnail or None) if id in self._positions else None

    def _position(self, id: str) -> int:
        if id not in self._positions:
            raise UnknownItemError(id)
        return self._positions[id]

    def add(
        self, incoming: Iterable[Incoming | Skipped], n_total: int | None = None
    ) -> Generator[Progress, None, None]:
        """Embed pictures and add them, in steps; see `embed_each`. What was done is in, and can be searched.

        Once the quota is used up the rest is left out, with one entry in `skipped`.
        """
        self.skipped = []
        yield from embed_each(incoming, self.embedder, self._take, self.skipped, self._why_full, n_total)

    def _why_full(self, one: Incoming) -> Sentence | None:
        quota = self.quota
        if len(self) >= quota.images:
            return sentence("own.skipped-images", limit=quota.images)
        if self._n_read + len(one.data) > quota.bytes:
            return sentence("own.skipped-bytes", megabytes=quota.bytes / 1e6)
        if self.n_bytes + self._n_brought >= quota.memory:
            return sentence("own.skipped-memory", megabytes=quota.memory / 1e6)
        self._n_read += len(one.data)
        self._megapixels += megapixels(one.data)
        return (
            sentence("own.skipped-megapixels", limit=quota.megapixels) if self._megapixels > quota.megapixels else None
        )

    def bring(self, vectors: Vectors, name: str) -> Brought:
        """Take embeddings that were made elsewhere, in place of those that were brought before.

        Args:
            vectors: What a file holds.
            name: Of the file.

        Raises:
            DataError: They are not those of the items, or would take too much memory.
        """
        if self.n_bytes + vectors.vectors.nbytes > self.quota.memory:
            raise DataError("own.vectors-memory", megabytes=self.quota.memory / 1e6)
        self.brought = fit_to(self.items, vectors, name)
        return self.brought

    @property
    def _n_brought(self) -> int:
        return self.brought.vectors.nbytes if self.brought else 0

    def _take(self, one: Incoming, photo: EmbeddedPhoto) -> None:
        item = make_item(f"{OWN}/{self._next}", one, photo.image, self._thumbnail_side)
        self._next += 1
        self._append([item], photo.embedding[None])

    def restore(self, items: Sequence[OwnItem], embeddings: np.ndarray) -> None:
        """Hold these items, whose embeddings were made before by the same backbone, instead of those held now.

        Args:
            items: Their ids are `own/<n>`, rising.
            embeddings: (n, dim) float32, rows L2-normalised, in the order of `items`.
        """
        with self._turn:
            self._clear()
            self._append(items, embeddings)
        self._next = 1 + max((int(split_id(item.id)[1]) for item in items), default=0)

    def _append(self, items: Sequence[OwnItem], embeddings: np.ndarray) -> None:
        with self._turn:
            self._blocks.append(embeddings)
            for item in items:
                self._positions[item.id] = len(self._items)
                self._items.append(item)
                self.n_bytes += item.n_bytes + 4 * self.embedder.record.dim
            self._gallery = None
            self.revision += 1

    def _clear(self) -> None:
        self._items, self._blocks, self._positions, self.n_bytes = [], [], {}, 0

    def remove(self, ids: Collection[str]) -> None:
        """Take items out; the others keep their ids and their order.

        Raises:
            UnknownItemError: One of the ids is not here; then nothing is removed.
        """
        with self._turn:
            gone = {self._position(id) for id in ids}
            kept = [position for position in range(len(self)) if position not in gone]
            items, embeddings = [self._items[position] for position in kept], self.embeddings[kept]
            self._clear()
            self._append(items, embeddings)
