"""The hits in strips, photos first: pictures of one sort are ranked among themselves.

A photo is closest to photos and a drawing on white to pictures from a shop, whatever they show; in one row, one sort
would push the other out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from html import escape

import streamlit as st

from core.engine.catalogues import CATALOGUES, photos
from core.engine.looks.agreement import Reading
from core.engine.looks.attributes import load_attributes
from core.engine.search.engine import Hit, SearchResult
from core.engine.search.photo import Photo
from core.ui.components import cards, looks
from core.ui.components.controls import more_like
from core.ui.components.pictures import picture_of
from core.ui.components.query import question
from core.ui.search import closer, less_like
from core.ui.search.options import Options
from core.ui.search.summary import summary
from core.ui.visit import session, state
from core.ui.words import WORDS

COLUMNS = 5


@dataclass(frozen=True)
class Strip:
    """The hits among pictures of one sort.

    Attributes:
        catalogues: Ids of those that were searched for it.
        result: What was found.
        lacks: Whether none of their items is known to be of the query's kind.
    """

    catalogues: tuple[str, ...]
    result: SearchResult
    lacks: bool


@dataclass(frozen=True)
class Answer:
    """What the page shows of a question.

    Attributes:
        whole: What was found in all catalogues as one; its hits are those of the strip where there is only one.
        strips: The one to be read first comes first.
    """

    whole: SearchResult
    strips: tuple[Strip, ...]

    @property
    def hits(self) -> list[Hit]:
        """Those of all strips, one after the other."""
        return [hit for strip in self.strips for hit in strip.result.hits]


def search(query: state.Asked, photo: Photo | None, chosen: Options) -> Answer:
    """The answer: from the session if it is the last one, else searched."""
    return state.answer_of((query, chosen, session.revision()), lambda: find(query, photo, chosen))


def find(query: state.Asked, photo: Photo | None, chosen: Options) -> Answer:
    """The answer, searched now."""
    engine, filters = session.engine(), chosen.filters
    whole = engine.search(question(query, photo, chosen.k, filters))
    left_out = {*whole.left_out, *chosen.left_out}
    sorts = _sorts([id for id in filters.catalogues or engine.catalogues if id not in left_out])
    results = [whole] if len(sorts) < 2 else [
        engine.search(question(query, photo, chosen.k, replace(filters, catalogues=ids))) for ids in sorts
    ]  # fmt: skip
    strips = [Strip(ids, result, _lacks(ids, whole.reads)) for ids, result in zip(sorts, results, strict=True)]
    return Answer(whole, tuple(sorted(strips, key=lambda strip: strip.lacks)))


def _sorts(catalogues: Collection[str]) -> list[tuple[str, ...]]:
    """The catalogues of photos, and those of pictures of few pixels."""
    few = [id for id in catalogues if id in CATALOGUES and CATALOGUES[id].pixelated]
    return [tuple(ids) for ids in ([id for id in catalogues if id not in few], few) if ids]


def _lacks(catalogues: Collection[str], reads: Mapping[str, Reading]) -> bool:
    kind = reads.get("kind")
    if kind is None or kind.probability < looks.LIKELY:
        return False
    known = [load_attributes(id).classes("kind") for id in catalogues]
    return all(classes and not set(classes) & set(kind.classes) for classes in known)


def show(query: state.Asked, photo: Photo | None, answer: Answer, plain: bool) -> str:
    """Draw the strips; returns what they say of their hits. What is `plain` says nothing."""
    shown = [strip for strip in answer.strips if strip.result.hits]
    if not shown:
        st.info(WORDS.common.nothing, icon=":material/filter_alt:")
        return str(WORDS.common.nothing)
    told = [said(strip, answer.whole.reads, plain, named=len(shown) > 1) for strip in shown]
    for strip, (sentence, names) in zip(shown, told, strict=True):
        with st.container(key=f"strip-{strip.catalogues[0]}"):
            if sentence or names:
                st.html(f'<h2 class="vt-summary">{escape(sentence)}<small>{escape(names)}</small></h2>')
            if any(hit.catalogue in CATALOGUES and not photos.has(hit.id) for hit in strip.result.hits):
                st.html(f'<p class="vt-quiet vt-without">{escape(WORDS.search.without_photos)}</p>')
            _hits(query, photo, strip, len(strip.catalogues) > 1 or not names)
    return " ".join(f"{names}: {sentence}" if names else sentence for sentence, names in told)


def said(strip: Strip, reads: Mapping[str, Reading], plain: bool, named: bool) -> tuple[str, str]:
    """The sentence above a strip, and whose hits these are where there are several strips."""
    names = ", ".join(map(session.title_of, strip.catalogues))
    if strip.lacks and not plain:
        return WORDS.search.lacks.format(names=names, many=looks.forms(reads["kind"].classes)[2]), ""
    return "" if plain else summary(strip.result), names if named else ""


def _hits(query: state.Asked, photo: Photo | None, strip: Strip, named: bool) -> None:
    engine = session.engine()
    with st.grid(COLUMNS, min_column_width=150, gap="small", key=f"hits-{strip.catalogues[0]}") as grid:
        for hit in strip.result.hits:
            with grid.cell():
                picture = picture_of(engine.gallery(hit.catalogue), hit.position)
                st.html(cards.hit_html(hit, picture, named))
                closer.button(query, photo, hit)
                with st.container(gap=None):
                    more_like(hit.id, f"more-{hit.id}")
                    less_like.button(query, hit)
