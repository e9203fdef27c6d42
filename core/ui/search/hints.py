"""What a visitor should know before reading the hits; never a refusal."""

from __future__ import annotations

from core.engine.search import process
from core.engine.search.photo import Photo
from core.ui.visit import state
from core.ui.words import WORDS


def hint_for(query: state.Asked, photo: Photo | None) -> str:
    """The sentence that belongs above the hits of a query, "" for none.

    Raises:
        VitrineError: The engine cannot be used.
    """
    engine = process.engine()
    if photo is not None and not engine.shows_fashion(photo.embedding):
        return WORDS.search.not_fashion
    said = " ".join((query.ref if query.kind == "words" else "", query.wording.but, query.wording.less)).strip()
    if said and not engine.embedder.known_words(said):
        return WORDS.search.no_known_words
    return ""
