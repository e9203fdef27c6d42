"""A query -> hits: filters, self-exclusion, and what each similarity means.

One `SearchEngine` serves all visitors: after loading it is only read.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from core.config import DEFAULT_BACKBONE, DEFAULT_K, MAX_K
from core.engine.backbones import get as get_backbone
from core.engine.catalogues import CATALOGUES, Catalogue, like_photos, photos
from core.engine.catalogues import get as get_catalogue
from core.engine.catalogues.items import UnknownItemError, split_id
from core.engine.embedders.base import Embedder, embed_photo
from core.engine.embedders.load import load_embedder
from core.engine.looks.agreement import Agreement, Reading, Subject
from core.engine.looks.attributes import Attributes, load_attributes
from core.engine.looks.reading import Looks, load_looks
from core.engine.search import remote
from core.engine.search import subject as subjects
from core.engine.search.calibration import BLEND, PHOTO, TEXT, Calibrated, Calibration
from core.engine.search.gallery import BuiltGallery, Gallery, load_calibrated, load_gallery
from core.engine.search.query import Filters, Query, Wording, blend, names_colour, push_away
from core.engine.search.words import NOTHING_HEARD, Heard, hear
from core.errors import Sentence, UnknownNameError, VitrineError


@dataclass(frozen=True)
class Hit:
    """One found item.

    Attributes:
        rank: 1 is the closest.
        id: Of the item.
        catalogue: Its catalogue's id.
        label: The data set's label.
        title: The label in plain words.
        similarity: Cosine, in [-1, 1].
        closer_than: Share of random pairs that are less similar, in [0, 1]; NaN where that is unknown.
        same_kind: Probability that it is of the query's kind, in [0, 1]: that of `agrees`, or else that of a hit this
            similar; NaN where unknown, and for a changed query, of which only `agrees` tells.
        position: Row of the item in its catalogue.
        agrees: Attribute ("kind", "colour", "pattern") -> what the item is, and how probably the query is the same;
            only what is known of the item, or can be read.
    """

    rank: int
    id: str
    catalogue: str
    label: str
    title: str
    similarity: float
    closer_than: float
    same_kind: float
    position: int
    agrees: Mapping[str, Agreement] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class SearchResult:
    """What was found.

    Attributes:
        hits: Closest first.
        timings_ms: Milliseconds that each stage took (`decode`, `embed`, `search`).
        embedding: (dim,) float32, what was searched with.
        left_out: Ids of catalogues that have no colours, and were not searched because the words name one.
        grey: Ids of such catalogues that were searched, and have a hit.
        reads: Attribute -> what the query shows or names; only what can be told.
        heard: How the words were taken.
    """

    hits: list[Hit]
    timings_ms: dict[str, float]
    embedding: np.ndarray = field(repr=False)
    left_out: tuple[str, ...] = ()
    grey: tuple[str, ...] = ()
    reads: Mapping[str, Reading] = field(default_factory=dict)
    heard: Heard = NOTHING_HEARD


class SearchEngine:
    """Searches the built catalogues with one backbone; everything is loaded when it is first needed."""

    def __init__(self, backbone_id: str = DEFAULT_BACKBONE, load: Callable[[str, str], BuiltGallery] | None = None):
        """Load nothing yet.

        Args:
            backbone_id: Of the registry.
            load: (backbone id, catalogue) -> gallery; default: `load_gallery`.
        """
        self.backbone_id = backbone_id
        self._load = load or load_gallery
        self._lock = threading.RLock()
        self._embedder_lock = threading.Lock()
        self._embedder: Embedder | None = None
        self._galleries: dict[str, BuiltGallery] = {}
        self._calibrated: Calibrated | None = None
        self._looks: list[Looks | None] = []

    @property
    def catalogues(self) -> Mapping[str, Catalogue]:
        """What can be searched, by id."""
        return CATALOGUES

    @property
    def embedder(self) -> Embedder:
        """The backbone, loaded once."""
        with self._embedder_lock:
            if self._embedder is None:
                self._embedder = load_embedder(self.backbone_id)
            return self._embedder

    @property
    def calibrated(self) -> Calibrated:
        """All that was fitted for the backbone, loaded once; for galleries of another kind nothing was.

        Raises:
            ArtifactError: See `load_calibrated`.
        """
        with self._lock:
            if self._calibrated is None:
                known = self._load is load_gallery
                self._calibrated = load_calibrated(self.backbone_id) if known else Calibrated.nothing()
            return self._calibrated

    @property
    def looks(self) -> Looks | None:
        """What reads kind, colour and pattern from an embedding, loaded once; None where nothing was fitted.

        Raises:
            ArtifactError: See `load_looks`.
        """
        with self._lock:
            if not self._looks:
                self._looks.append(load_looks(self.backbone_id) if self._load is load_gallery else None)
            return self._looks[0]

    def gallery(self, catalogue: str) -> Gallery:
        """One catalogue, loaded once; one that is not built is looked for in Milvus.

        Raises:
            UnknownNameError: No such catalogue.
            ArtifactError: See `load_gallery`.
            MilvusError: It may be in Milvus, which does not answer.
        """
        if catalogue in CATALOGUES:
            return self.built(catalogue)
        return remote.open_gallery(catalogue, get_backbone(self.backbone_id), self._of_photos)

    def _of_photos(self) -> Calibration | None:
        """What similarities to pictures mean that nobody has measured: what they do among photos; None if unknown."""
        try:
            return self.built(like_photos().id).calibration if self._load is load_gallery else None
        except VitrineError:
            return None

    def built(self, catalogue: str) -> BuiltGallery:
        """One catalogue of the registry, loaded once; errors as in `gallery`."""
        get_catalogue(catalogue)
        with self._lock:
            if catalogue not in self._galleries:
                self._galleries[catalogue] = self._load(self.backbone_id, catalogue)
                load_attributes(catalogue)  # read with the first search otherwise, within its time
            return self._galleries[catalogue]

    @property
    def loaded(self) -> bool:
        """Whether a photo search in every catalogue has all it needs in memory."""
        return self._embedder is not None and all(catalogue in self._galleries for catalogue in CATALOGUES)

    def warm_up(self, catalogues: Collection[str] = ()) -> None:
        """Load what a photo search needs in these catalogues (empty for all), and run one.

        The catalogues are loaded beside the backbone: most of both is done outside Python. Where both are damaged, the
        backbone is named, since the catalogues may only not fit it.
        """
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(lambda: [self.gallery(catalogue) for catalogue in catalogues or self.catalogues])
            embedding = self.embedder.embed_images([Image.new("RGB", (64, 64), "white")])[0]
            loading.result()
        self.search(Query(embedding=embedding, k=1, filters=Filters(tuple(catalogues))))

    def notices(self) -> list[Sentence]:
        """What visitors should know about the galleries that are loaded."""
        return [gallery.notice for gallery in list(self._galleries.values()) if gallery.notice]

    def shows_fashion(self, embedding: np.ndarray) -> bool:
        """Whether a picture's (dim,) embedding seems to show a fashion item; True where nobody can tell."""
        test = self.calibrated.garment
        return test is None or bool(test.passes(embedding[None])[0])

    def blended(self, embedding: np.ndarray, wording: Wording) -> np.ndarray:
        """(dim,) float32: an embedding with words added and taken away, pushed away from items; see `query`.

        Raises:
            VitrineError: There are words, and the backbone has no text tower.
            UnknownNameError: One of the items does not exist.
        """
        said = (wording.added, wording.less)
        more, less = (self.embedder.embed_texts([words])[0] if words else None for words in said)
        weight = self.calibrated.weight if wording.weight is None else wording.weight
        mixed = blend(embedding, more, less, min(1.0, max(0.0, weight)))
        rows = [self.embed(Query(item=id))[0] for id in wording.less_items]
        return push_away(mixed, np.stack(rows)) if rows else mixed

    def search(self, query: Query) -> SearchResult:
        """Answer a question as its words are understood; what it needs is loaded first, outside the timings.

        Raises:
            ImageError: The photo cannot be read.
            UnknownNameError: There is no such item or catalogue.
            VitrineError: There are words, and the backbone has no text tower.
        """
        query, heard = hear(query, lambda: self.embedder.learned)
        embedding, asked, timings_ms = self.embed(query)
        for catalogue in query.filters.catalogues or self.catalogues:
            self.gallery(catalogue)
        started = time.perf_counter()
        subject = subjects.of_query(query, embedding, self.gallery, self.looks)
        if query.wording:
            embedding, asked = self.blended(embedding, query.wording), BLEND
        if not heard.understood:
            asked = BLEND  # whose similarities mean nothing that is known
        hits, left_out = self._find(query, embedding, asked, subject)
        timings_ms["search"] = 1000 * (time.perf_counter() - started)
        grey = self._grey(hits) if names_colour(_words_of(query)) else ()
        return SearchResult(hits, timings_ms, embedding, left_out, grey, subject.reads(), heard)

    def embed(self, query: Query) -> tuple[np.ndarray, str, dict[str, float]]:
        """The subject of a question as (dim,) float32, what kind of subject it is, and the milliseconds that it took.

        An item that the gallery does not hold is embedded from its picture.

        Raises:
            VitrineError: See `search`.
        """
        if query.embedding is not None:
            return query.embedding, PHOTO, {}
        if query.photo is not None:
            photo = embed_photo(self.embedder, query.photo, query.name, region=query.region)
            return photo.embedding, PHOTO, dict(photo.timings_ms)
        if query.item:
            catalogue = split_id(query.item)[0]
            try:
                return self.embedding_of(query.item), catalogue, {}
            except UnknownItemError:
                self.gallery(catalogue).items.position(query.item)  # it exists, but not in this part of its catalogue
            image, started = photos.picture(query.item), time.perf_counter()
            embedding = self.embedder.embed_images([image])[0]
            return embedding, catalogue, {"embed": 1000 * (time.perf_counter() - started)}
        started = time.perf_counter()
        embedding = self.embedder.embed_texts([query.text])[0]
        return embedding, TEXT, {"decode": 0.0, "embed": 1000 * (time.perf_counter() - started)}

    def embedding_of(self, item_id: str) -> np.ndarray:
        """(dim,) float32: the stored embedding of an item."""
        gallery = self.gallery(split_id(item_id)[0])
        try:
            return gallery.embedding(gallery.items.position(item_id))
        except KeyError:  # the gallery holds only a part of its catalogue
            raise UnknownItemError(item_id) from None

    def _find(
        self, query: Query, embedding: np.ndarray, asked: str, subject: Subject
    ) -> tuple[list[Hit], tuple[str, ...]]:
        """The hits, and the catalogues that were left out for want of colours."""
        wanted, left_out = self._where(query)
        hits = self._hits_in(wanted, query, embedding, asked, subject)
        if left_out and _another_kind(hits):  # "red bag": a grey bag is closer to it than a red skirt
            return self._hits_in(list(self.catalogues), query, embedding, asked, subject), ()
        return hits, left_out

    def _grey(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        """Ids of the catalogues without colours that have one of these hits."""
        found = {hit.catalogue for hit in hits}
        return tuple(id for id, catalogue in self.catalogues.items() if id in found and not catalogue.has_colours)

    def _where(self, query: Query) -> tuple[list[str], tuple[str, ...]]:
        """Ids of the catalogues to search, and of those that are left out for want of colours.

        What a filter names is always searched; one that is named twice is searched once.
        """
        filters = query.filters
        if filters.catalogues or filters.labels or not names_colour(_words_of(query)):
            return list(dict.fromkeys(filters.catalogues or self.catalogues)), ()
        coloured = [id for id, catalogue in self.catalogues.items() if catalogue.has_colours] or list(self.catalogues)
        return coloured, tuple(id for id in self.catalogues if id not in coloured)

    def _hits_in(
        self, catalogues: Collection[str], query: Query, embedding: np.ndarray, asked: str, subject: Subject
    ) -> list[Hit]:
        """The closest items of these catalogues, whatever the filters say of catalogues."""
        k, exclude = max(1, min(query.k, MAX_K)), {*query.wording.less_items, query.item} - {""}
        found: list[tuple[float, str, int]] = []
        for catalogue in catalogues:
            choice = query.filters.within(catalogue)
            positions, cosines = self.gallery(catalogue).search(embedding, k + len(exclude), choice)
            found += [(float(s), catalogue, int(p)) for p, s in zip(positions, cosines, strict=True)]
        found.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
        hits = self._hits(found, k, query.filters.min_similarity, exclude, asked)
        attributes = {catalogue: load_attributes(catalogue) for catalogue in {hit.catalogue for hit in hits}}
        return [self._compared(hit, subject, attributes[hit.catalogue], bool(query.wording)) for hit in hits]

    def _hits(
        self, found: list[tuple[float, str, int]], k: int, minimum: float, exclude: Collection[str], asked: str
    ) -> list[Hit]:
        hits: list[Hit] = []
        for cosine, catalogue, position in found:
            similarity = min(1.0, cosine)  # rounding may leave a little more
            gallery = self.gallery(catalogue)
            item = gallery.items.row(position)
            if similarity < minimum or item.id in exclude:
                continue
            meaning = gallery.meaning(asked)
            hits.append(
                Hit(
                    len(hits) + 1,
                    item.id,
                    catalogue,
                    item.label,
                    item.title,
                    similarity,
                    meaning.closer_than(similarity) if meaning else math.nan,
                    meaning.same_kind(similarity) if meaning else math.nan,
                    position,
                )
            )
            if len(hits) == k:
                break
        return hits

    def _compared(self, hit: Hit, subject: Subject, attributes: Attributes, changed: bool) -> Hit:
        """The hit, with what agrees between it and the query; of a changed query `same_kind` stays unknown."""
        known, gallery = attributes.of(hit.id, hit.label), self.gallery(hit.catalogue)
        agrees = subjects.compare(subject, attributes, known, partial(gallery.embedding, hit.position), self.looks)
        kind = agrees["kind"].probability if "kind" in agrees else math.nan
        return replace(hit, agrees=agrees, same_kind=hit.same_kind if changed or math.isnan(kind) else kind)


def _words_of(query: Query) -> str:
    return f"{query.text} {query.wording.but}"


def _another_kind(hits: Sequence[Hit]) -> bool:
    """Whether the first hits are probably of another kind than was asked for; False where nobody can tell."""
    return bool(np.mean([hit.same_kind for hit in hits[:DEFAULT_K]] or [math.nan]) < 0.5)


def check_labels(labels: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The same pairs, all of which exist, as far as their catalogues are here.

    Raises:
        UnknownNameError: A catalogue or a label does not exist.
    """
    for catalogue, label in labels:
        if remote.may_be(catalogue):
            continue  # to ask there takes time, and a label that no item has finds nothing
        classes: dict[str, Any] = get_catalogue(catalogue).classes
        if label not in classes:
            raise UnknownNameError("class", label, classes)
    return frozenset(labels)
