"""Galleries in Milvus, opened by name: searched as the built ones are, but only where they are asked for.

What a process keeps of one is its description and the rows that it saw last, so its memory does not grow with the
collection. A name is looked up anew every few seconds, so a catalogue that was built again is noticed.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np

from core.config import MILVUS_DOWN_S, MILVUS_FRESH_S, MilvusPlace, milvus
from core.engine import catalogues
from core.engine.backbones import Backbone
from core.engine.catalogues import CATALOGUES, Catalogue, photos
from core.engine.catalogues.addressed import AddressedPictures
from core.engine.catalogues.items import Item, UnknownItemError, split_id
from core.engine.embedders.weights import require_weights
from core.engine.index.milvus.collection import WINDOW, MilvusIndex, collection_of, names
from core.engine.index.milvus.rows import Chosen
from core.engine.index.milvus.server import MilvusError, NotThereError, server
from core.engine.search.calibration import BLEND, TEXT, Calibration
from core.engine.search.gallery import Page
from core.engine.search.query import ANY, Choice
from core.errors import DataError, Sentence, UnknownNameError, sentence

#: Rows that a process keeps of each collection, with their embeddings: some 10 MB.
MAX_ROWS = 2000
#: Labels that can be chosen by, the most frequent ones.
MAX_CLASSES = 2000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
T = TypeVar("T")


def on_offer() -> list[str]:
    """The catalogues in Milvus, sorted; none where no Milvus is named.

    Raises:
        MilvusError: It does not answer.
    """
    place = milvus()
    return _of(place).names() if place else []


def may_be(name: str) -> bool:
    """Whether a name could be that of a catalogue in Milvus, without asking there."""
    return milvus() is not None and name not in CATALOGUES and bool(_NAME.fullmatch(name))


def open_gallery(name: str, backbone: Backbone, calibration: Callable[[], Calibration | None]) -> MilvusGallery:
    """A catalogue in Milvus as a backbone sees it.

    Args:
        name: Of the catalogue.
        backbone: What queries will be embedded with.
        calibration: Gives what similarities mean.

    Raises:
        UnknownNameError: Nothing has this name.
        MilvusError: Milvus does not answer.
        DataError: The collection was made with another backbone, or is not what its description says.
        OtherWeightsError: It was made with other weights.
    """
    place = milvus()
    if place is None:
        raise UnknownNameError("catalogue", name, CATALOGUES)
    return _of(place).gallery(name, backbone, calibration)


@lru_cache(maxsize=4)
def _of(place: MilvusPlace) -> _Remote:
    return _Remote(place)


class _Fresh(Generic[T]):
    """What was found out last, or why nothing was; believed for a few seconds, and asked for by one at a time."""

    def __init__(self) -> None:
        self._at, self._turn = -float("inf"), threading.Lock()
        self._found: T | None = None
        self._error: Exception | None = None

    def get(self, ask: Callable[[], T]) -> T:
        with self._turn:
            believed_s = MILVUS_DOWN_S if isinstance(self._error, MilvusError) else MILVUS_FRESH_S
            if time.monotonic() - self._at > believed_s:
                try:
                    self._found, self._error = ask(), None
                except (MilvusError, UnknownNameError) as error:
                    self._error = error
                self._at = time.monotonic()
            if self._error is not None:
                raise self._error.with_traceback(None)
            return self._found  # type: ignore[return-value]


class _Remote:
    """The catalogues of one Milvus."""

    def __init__(self, place: MilvusPlace):
        self._place = place
        self._lock = threading.Lock()
        self._names: _Fresh[list[str]] = _Fresh()
        self._collections: dict[str, _Fresh[str]] = {}
        self._galleries: dict[tuple[str, str], MilvusGallery] = {}

    def names(self) -> list[str]:
        return self._names.get(lambda: names(server(self._place)))

    def gallery(self, name: str, backbone: Backbone, calibration: Callable[[], Calibration | None]) -> MilvusGallery:
        known = self.names()
        if name not in known:
            raise UnknownNameError("catalogue", name[:60], [*CATALOGUES, *known])
        with self._lock:
            fresh = self._collections.setdefault(name, _Fresh())
        try:
            collection = fresh.get(lambda: collection_of(server(self._place), name))
        except NotThereError:
            raise UnknownNameError("catalogue", name[:60], [*CATALOGUES, *known]) from None
        with self._lock:
            found = self._galleries.get((name, backbone.id))
            if found is None or found.index.collection != collection:
                found = self._galleries[name, backbone.id] = self._open(name, collection, backbone, calibration())
            return found

    def _open(self, name: str, collection: str, backbone: Backbone, calibration: Calibration | None) -> MilvusGallery:
        again = sentence("engine.milvus-again", name=name)
        index = MilvusIndex(server(self._place), collection)
        if (index.facts.get("backbone"), index.dim) != (backbone.id, backbone.dim):
            made_with = str(index.facts.get("backbone"))[:60]
            raise DataError("engine.milvus-other-backbone", name=name, made_with=made_with, backbone=backbone.id)
        require_weights(index.facts, backbone, sentence("own.the-catalogue", name=name), again)
        gallery = MilvusGallery(name, index, calibration)
        catalogues.OPENED[name] = gallery.record
        photos.OPENED[name] = AddressedPictures(str(index.facts.get("root", "")), gallery.items.address)
        return gallery


class MilvusGallery:
    """One catalogue in Milvus as one backbone sees it; see `Gallery`.

    Attributes:
        index: The collection.
        items: What is known of its items.
        record: As the registry would describe it.
        notice: None.
    """

    notice: Sentence | None = None

    def __init__(self, name: str, index: MilvusIndex, calibration: Calibration | None):
        self.index = index
        self.items = MilvusItems(name, index)
        labels, colours, patterns = (
            [str(one) for one in index.facts[f"{key}s"] if one] for key in ("label", "colour", "pattern")
        )
        self.record = Catalogue(
            name, name, index.n_items, {label: label for label in labels[:MAX_CLASSES]}, "", "", "",
            looks={"colour": tuple(colours), "pattern": tuple(patterns)},
        )  # fmt: skip
        self._calibration = calibration

    def search(self, query: np.ndarray, k: int, choice: Choice = ANY) -> tuple[np.ndarray, np.ndarray]:
        """See `Gallery.search`; the rows of what is found are fetched with it."""
        positions, similarities = self.index.search_among(query, k, _chosen(choice))
        self.items.fetch(positions.tolist())
        return positions, similarities

    def embedding(self, position: int) -> np.ndarray:
        """See `Gallery.embedding`."""
        return self.items.embedding(position)

    def page(self, choice: Choice, n: int, start: int = 0, after: int = -1, by_class: bool = False) -> Page:
        """See `Gallery.page`; in the order of the collection, whatever is asked for."""
        chosen = _chosen(choice, after)
        n_all = self.index.n_items if not choice and after < 0 else self.index.count(chosen)
        positions = self.index.listed(chosen, start, n)
        self.items.fetch(positions)
        return Page(n_all, positions, n_all if self.index.reaches_all(chosen) else min(n_all, WINDOW))

    def meaning(self, asked: str) -> Calibration | None:
        """See `Gallery.meaning`: as for any pictures from elsewhere."""
        return None if asked in (TEXT, BLEND) else self._calibration


def _chosen(choice: Choice, after: int = -1) -> Chosen:
    return Chosen(choice.labels, choice.looks.get("colour"), choice.looks.get("pattern"), after)


class MilvusItems:
    """The items of a collection; those that were seen last are kept, so that a page asks for them once."""

    def __init__(self, catalogue: str, index: MilvusIndex):
        self.catalogue = catalogue
        self._index = index
        self._lock = threading.Lock()
        self._rows: OrderedDict[int, dict[str, Any]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are."""
        return self._index.n_items

    def fetch(self, positions: list[int]) -> None:
        """Ask for several items at once, so that each is there when it is needed."""
        with self._lock:
            missing = [position for position in positions if position not in self._rows]
        found = self._index.rows(missing, vectors=True)
        with self._lock:
            self._rows.update(found)
            for position in positions:
                if position in self._rows:
                    self._rows.move_to_end(position)
            while len(self._rows) > MAX_ROWS:
                self._rows.popitem(last=False)

    def row(self, position: int) -> Item:
        """See `ItemTable.row`."""
        row = self._row(position)
        label, title = str(row["label"]), str(row["title"])
        return Item(f"{self.catalogue}/{position}", self.catalogue, label, title or label or str(row["name"]))

    def placeholder(self, position: int) -> tuple[bytes, int, int]:
        """See `ItemTable.placeholder`; b"" also where it is none."""
        row = self._row(position)
        try:
            thumbhash = base64.b64decode(row["thumbhash"], validate=True)
        except (binascii.Error, ValueError):
            thumbhash = b""
        return thumbhash, int(row["width"]), int(row["height"])

    def position(self, id: str) -> int:
        """See `ItemTable.position`; an id is the name of the catalogue and the position."""
        catalogue, number = split_id(id)
        plain = number.isascii() and number.isdigit() and len(number) <= 18
        if catalogue != self.catalogue or not plain or str(int(number)) != number:
            raise UnknownItemError(id)
        try:
            self._row(int(number))
        except IndexError:
            raise UnknownItemError(id) from None
        return int(number)

    def address(self, id: str) -> str:
        """Where the picture of an item is.

        Raises:
            UnknownItemError: There is no such item.
        """
        return str(self._row(self.position(id))["address"])

    def embedding(self, position: int) -> np.ndarray:
        """(dim,) float32, L2-normalised; KeyError where nothing is at that position."""
        try:
            vector = np.asarray(self._row(position)["vector"], np.float32)
        except IndexError:
            raise KeyError(position) from None
        result: np.ndarray = vector / np.linalg.norm(vector)
        return result

    def _row(self, position: int) -> dict[str, Any]:
        with self._lock:
            found = self._rows.get(position)
        if found is None and position >= 0:
            self.fetch([position])
            with self._lock:
                found = self._rows.get(position)
        if found is None:
            raise IndexError(f"nothing is at position {position}")
        return found
