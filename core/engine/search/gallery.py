"""A gallery: one catalogue as one backbone sees it.

`Gallery` is all that is asked of one, wherever its items are. Those of a `BuiltGallery` are files and in this process,
loaded only if every file is as it should be; others are in Milvus (`core.engine.search.remote`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np

from core.engine.backbones import get
from core.engine.catalogues.items import Item, ItemTable, load_items
from core.engine.embedders.weights import require_weights
from core.engine.files.arrays import check_directions, load_array
from core.engine.files.folder import MALFORMED
from core.engine.files.manifest import REPAIR, load_manifest, refusal, relative, verified
from core.engine.files.paths import calibration_file, index_file
from core.engine.index.hnsw import ExactIndex, SearchIndex, load_hnsw
from core.engine.looks.attributes import load_attributes
from core.engine.search.calibration import BLEND, PHOTO, TEXT, Calibrated, Calibration
from core.engine.search.query import ANY, Choice
from core.errors import ArtifactError, Sentence, sentence


class Items(Protocol):
    """What is known of the items of a gallery, by their position."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def row(self, position: int) -> Item:
        """See `ItemTable.row`."""
        ...

    def placeholder(self, position: int) -> tuple[bytes, int, int]:
        """See `ItemTable.placeholder`."""
        ...

    def position(self, id: str) -> int:
        """See `ItemTable.position`."""
        ...


class Gallery(Protocol):
    """What is asked of a gallery; each may raise a `VitrineError` where its items are elsewhere and not to be had."""

    @property
    def items(self) -> Items:
        """Its items."""
        ...

    @property
    def notice(self) -> Sentence | None:
        """What visitors should know of it; None for nothing."""
        ...

    def search(self, query: np.ndarray, k: int, choice: Choice = ANY) -> tuple[np.ndarray, np.ndarray]:
        """The closest items of a choice.

        Args:
            query: (dim,) float32, L2-normalised.
            k: At most this many; fewer only where the choice leaves fewer.
            choice: Among which.

        Returns:
            (m,) int64 positions and (m,) float32 similarities, closest first.

        Raises:
            ValueError: Wrong shape, or a value that is not finite.
        """
        ...

    def embedding(self, position: int) -> np.ndarray:
        """(dim,) float32, L2-normalised: what is stored of an item.

        Raises:
            KeyError: Nothing is.
        """
        ...

    def page(self, choice: Choice, n: int, start: int = 0, after: int = -1, by_class: bool = False) -> Page:
        """Some items of a choice.

        Args:
            choice: Which items there are.
            n: How many are wanted at most.
            start: How many of them come before.
            after: Only items at positions above this one count.
            by_class: Whether they come in the order of their classes; else, and where a gallery knows no other order,
                in its own.
        """
        ...

    def meaning(self, asked: str) -> Calibration | None:
        """What a similarity means to a kind of query; None where nobody has measured it."""
        ...


@dataclass(frozen=True)
class Page:
    """Some items of a choice.

    Attributes:
        n: How many it leaves in all.
        positions: Of those that were asked for.
        n_within_reach: How many of the first ones can be asked for by how many come before.
    """

    n: int
    positions: Sequence[int]
    n_within_reach: int


@dataclass(frozen=True)
class BuiltGallery:
    """One catalogue as one backbone sees it, in this process.

    Attributes:
        items: The item table; row number = position in `index` and `exact`.
        exact: Search by comparison, over (n, dim) float16 embeddings mapped from disk.
        index: hnswlib's graph, or `exact` where the graph cannot be used.
        calibration: What a similarity to a photo from elsewhere means; None where nobody has measured it.
        notice: What visitors should know of it, such as why the graph is not used; None for nothing.
        of_queries: What it means for other kinds of query: words, or the items of a catalogue.
    """

    items: ItemTable
    exact: ExactIndex
    index: SearchIndex
    calibration: Calibration | None
    notice: Sentence | None = None
    of_queries: Mapping[str, Calibration] = field(default_factory=dict)

    def search(self, query: np.ndarray, k: int, choice: Choice = ANY) -> tuple[np.ndarray, np.ndarray]:
        """See `Gallery.search`. A choice leaves few items, so they are compared one by one: exact, and always k."""
        asked = query[None]
        found = self.exact.search_among(asked, k, self._chosen(choice)) if choice else self.index.search(asked, k)
        return found[0][0], found[1][0]

    def embedding(self, position: int) -> np.ndarray:
        """See `Gallery.embedding`."""
        return self.exact.embedding(position)

    def page(self, choice: Choice, n: int, start: int = 0, after: int = -1, by_class: bool = False) -> Page:
        """See `Gallery.page`."""
        positions = self._chosen(choice)
        positions = positions[np.searchsorted(positions, after + 1) :]
        if by_class:
            codes = self.items.codes()
            positions = positions[np.argsort(codes[positions], kind="stable")]
        return Page(len(positions), positions[max(start, 0) : max(start + n, 0)].tolist(), len(positions))

    def _chosen(self, choice: Choice) -> np.ndarray:
        """(m,) int64 positions, rising."""
        positions = np.arange(len(self.items))
        if choice.labels is not None:
            positions = self.items.positions_of(choice.labels)
        if choice.looks:
            known = load_attributes(self.items.catalogue).positions(self.items, choice.looks)
            positions = np.intersect1d(positions, known)
        return positions

    def meaning(self, asked: str) -> Calibration | None:
        """See `Gallery.meaning`."""
        return self.of_queries.get(asked, None if asked in (TEXT, BLEND) else self.calibration)


def load_calibrated(backbone_id: str) -> Calibrated:
    """All that was fitted for a backbone, verified.

    Raises:
        ArtifactError: The file is missing, damaged or of another version.
        OtherWeightsError: It was fitted for other weights.
    """
    path = calibration_file(backbone_id)
    command = f"python -m core build --calibration --backbone {backbone_id}"
    try:
        content = json.loads(verified(path).read_bytes())
        calibrated = Calibrated.from_json(content)
    except MALFORMED:
        raise ArtifactError(relative(path), sentence("engine.other-version"), command) from None
    again = sentence("engine.fit-again", command=command)
    require_weights(content, get(backbone_id), sentence("engine.meaning-of-similarities"), again)
    return calibrated


def load_gallery(backbone_id: str, catalogue: str) -> BuiltGallery:
    """Load a catalogue's items, embeddings and index, all verified.

    A graph that is damaged or does not fit is replaced by exact search, with a notice.

    Raises:
        ArtifactError: The manifest, the items, the embeddings or the calibration cannot be used.
        OtherWeightsError: The embeddings or the calibration are of other weights.
    """
    manifest = load_manifest()
    entry = manifest["indexes"].get(f"{backbone_id}/{catalogue}")
    path = index_file(backbone_id, catalogue, ".npy")
    if entry is None:
        command = f"python -m core build --backbone {backbone_id}"
        raise ArtifactError(relative(path), sentence("engine.not-built"), command)
    require_weights(entry, get(backbone_id))
    items = load_items(catalogue)
    refused = partial(refusal, path)
    embeddings = load_array(verified(path), refused, mapped=True)
    if embeddings.shape != (len(items), entry["dim"]) or items.content_hash() != entry["items_hash"]:
        raise refused(sentence("engine.other-items"))
    check_directions(load_array(path, refused, mapped=True), refused)  # by a map of its own, whose pages are let go
    tables = load_calibrated(backbone_id).tables.get(catalogue)
    if not tables:
        problem = sentence("engine.knows-nothing", catalogue=catalogue)
        raise ArtifactError(relative(calibration_file(backbone_id)), problem, REPAIR)
    exact = ExactIndex(embeddings)
    index: SearchIndex = exact
    notice = None
    try:
        index = load_hnsw(index_file(backbone_id, catalogue, ".hnsw"), entry, embeddings)
    except ArtifactError as error:
        notice = sentence("engine.without-graph", cause=error.sentence)
    return BuiltGallery(items, exact, index, tables[PHOTO], notice, tables)
