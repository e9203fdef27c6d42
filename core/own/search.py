"""The built catalogues and one visitor's own, searched as one; and the latter by embeddings made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from core.engine.catalogues import Catalogue
from core.engine.embedders.base import Embedder
from core.engine.index.hnsw import ExactIndex
from core.engine.looks.reading import Looks
from core.engine.search.calibration import Calibrated
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import BuiltGallery, Gallery
from core.engine.search.query import Query
from core.errors import Sentence, UnknownNameError, VitrineError
from core.own.brought import BROUGHT
from core.own.catalogue import OwnCatalogue
from core.own.items import OWN, item_table

_NAMELESS = Catalogue(OWN, "Your catalogue", 0, {}, "", "", "Pictures that one visitor brought along.")


def describe(own: OwnCatalogue) -> Catalogue:
    """A catalogue of one's own as the registry would describe it; its classes are the labels that it has now."""
    return replace(_NAMELESS, n_items=len(own), classes={label: label for label in sorted(set(own.labels)) if label})


class OwnSearch(SearchEngine):
    """The engine of one session: what all share, and the session's own catalogue under the id `own`.

    It is made for a moment and loads nothing itself, so the shared engine never learns of any visitor.
    """

    def __init__(self, shared: SearchEngine, own: OwnCatalogue):
        """Join them.

        Args:
            shared: The engine of the built catalogues.
            own: A catalogue made with the same backbone.
        """
        super().__init__(shared.backbone_id)
        self._shared = shared
        self._own = own

    @cached_property
    def catalogues(self) -> Mapping[str, Catalogue]:
        """See `SearchEngine.catalogues`."""
        return {**self._shared.catalogues, OWN: describe(self._own)}

    @property
    def embedder(self) -> Embedder:
        """The backbone of both."""
        return self._own.embedder

    @property
    def calibrated(self) -> Calibrated:
        """See `SearchEngine.calibrated`."""
        return self._shared.calibrated

    @property
    def looks(self) -> Looks | None:
        """See `SearchEngine.looks`."""
        return self._shared.looks

    def gallery(self, catalogue: str) -> Gallery:
        """See `SearchEngine.gallery`."""
        return self._own.gallery if catalogue == OWN else self._shared.gallery(catalogue)

    def built(self, catalogue: str) -> BuiltGallery:
        """See `SearchEngine.built`."""
        return self._shared.built(catalogue)

    def notices(self) -> list[Sentence]:
        """See `SearchEngine.notices`."""
        return self._shared.notices()


class BroughtSearch(SearchEngine):
    """A catalogue of one's own, searched by the embeddings that were brought along: by an item, or by a vector."""

    def __init__(self, own: OwnCatalogue):
        """Take a catalogue that has such embeddings.

        Raises:
            DataError: One of its items has none.
        """
        super().__init__(BROUGHT)
        assert own.brought is not None
        exact = ExactIndex(own.brought.of(own.items))
        self._gallery = BuiltGallery(item_table(own.items), exact, exact, None)
        self._own = own

    @cached_property
    def catalogues(self) -> Mapping[str, Catalogue]:
        """See `SearchEngine.catalogues`."""
        return {OWN: describe(self._own)}

    @property
    def embedder(self) -> Embedder:
        """None is known.

        Raises:
            VitrineError: Always.
        """
        raise VitrineError("own.vectors-no-photo")

    @property
    def calibrated(self) -> Calibrated:
        """See `SearchEngine.calibrated`."""
        return Calibrated.nothing()

    @property
    def looks(self) -> Looks | None:
        """See `SearchEngine.looks`."""
        return None

    def gallery(self, catalogue: str) -> Gallery:
        """See `SearchEngine.gallery`."""
        if catalogue != OWN:
            raise UnknownNameError("catalogue", catalogue, [OWN])
        return self._gallery

    def embed(self, query: Query) -> tuple[np.ndarray, str, dict[str, float]]:
        """See `SearchEngine.embed`.

        Raises:
            VitrineError: It is a photo or words, or a vector of another length.
        """
        if not query.item and query.embedding is None:
            raise VitrineError("own.vectors-no-photo")
        if query.embedding is not None and len(query.embedding) != self._gallery.exact.dim:
            dim, expected = len(query.embedding), self._gallery.exact.dim
            raise VitrineError("own.vectors-other-dim", dim=dim, expected=expected)
        return super().embed(query)
