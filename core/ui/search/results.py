"""The query beside its closest items."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from itertools import chain
from typing import Any

import streamlit as st

from core.engine.files.tables import to_csv
from core.engine.looks.agreement import of_picture
from core.engine.looks.vocabulary import ATTRIBUTES
from core.engine.search import process
from core.engine.search.engine import Hit, SearchResult
from core.engine.search.photo import Photo
from core.engine.search.words import Heard, hear, listed, quoted
from core.ui.components import cards, looks, words_box
from core.ui.components.controls import download
from core.ui.components.query import described, photo_of, question, ways_out
from core.ui.search import less_like, options, region, strips
from core.ui.search.options import Options
from core.ui.search.strips import Answer
from core.ui.visit import page, session, state
from core.ui.words import WORDS, figure

#: What a hit is, and how probably the query is the same; of each attribute.
CSV_LOOKS = {name: f"same_{name}" for name in ATTRIBUTES}
CSV_COLUMNS = ("rank", "id", "catalogue", "label", "similarity", "closer_than", *chain(*CSV_LOOKS.items()))


def show(query: state.Asked) -> None:
    """Draw a query and its answer.

    Raises:
        VitrineError: The query names nothing that exists, or the search cannot be made.
    """
    with st.spinner(WORDS.common.looking):
        photo = photo_of(query) if query.kind in state.BROUGHT else None
        name, card = _described(query, photo)
        hint = _hint_for(query, photo)
    left, right = st.columns([1.1, 4], gap="medium")
    with left.container(key="query"):
        st.html(card)
        with ways_out():
            if photo is not None:
                region.show(query, photo)
        less_like.chips(query)
        words_box.beside(query)
    query = less_like.known(query)
    with right:
        if hint:
            st.info(hint, icon=":material/lightbulb:")
        if hint == WORDS.search.no_known_words:
            return
        with st.container(key="toolbar", horizontal=True, vertical_alignment="center"):
            catalogues = options.choose_catalogue()
            chosen = options.choose(catalogues)
            place = st.container(width="content")
            options.chips(catalogues)
        answer = strips.search(query, photo, chosen)
        if answer.hits:
            with place:
                file, note = csv_name(name), WORDS.search.csv_help
                download(WORDS.common.csv, lambda: hits_csv(answer.hits), file, "text/csv", "csv", help=note)
        _notes(query, answer.whole, chosen)
        said = strips.show(query, photo, answer, plain=bool(hint))
        _footnotes(answer, photo, chosen)
    page.arrive(str(query), said)


def _notes(query: state.Asked, result: SearchResult, chosen: Options) -> None:
    """Say what one should know before reading the hits."""
    _heard(query, result.heard)
    if result.left_out:
        names = ", ".join(session.title_of(id) for id in result.left_out)
        st.caption(WORDS.search.no_colours.format(names=names))
    elif result.grey:
        st.caption(WORDS.search.grey.format(names=", ".join(session.title_of(id) for id in result.grey)))
    for note in chosen.notes:
        st.info(cards.plain(note), icon=":material/info:")
    looks.say_left_out(chosen.left_out)
    if query.wording and not result.reads:
        st.caption(WORDS.search.no_figures)


def _hint_for(query: state.Asked, photo: Photo | None) -> str:
    """What a visitor should know before reading the hits, "" for nothing; never a refusal.

    Raises:
        VitrineError: The engine cannot be used.
    """
    engine = process.engine()
    if photo is not None and not engine.shows_fashion(photo.embedding):
        return WORDS.search.not_fashion
    if not hear(question(query, photo, 1), lambda: engine.embedder.learned)[1].understood:
        return WORDS.search.no_known_words
    return ""


def _heard(query: state.Asked, heard: Heard) -> None:
    """Say how the words were taken, and offer to take them as they are typed."""
    translated = ((WORDS.search.translated, *pair) for pair in heard.translated)
    corrected = ((WORDS.search.corrected, *pair) for pair in heard.corrected)
    for sentence, typed, meant in chain(translated, corrected):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"corrected-{typed}"):
            words = {"typed": cards.plain(typed), "meant": cards.plain(meant)}
            st.caption(sentence.format(**words), width="content")
            again = _as_typed(query, typed)
            st.button(WORDS.search.as_typed, key=f"as-typed-{typed}", type="tertiary", on_click=state.go, args=(again,))
    if heard.unknown:
        st.caption(WORDS.search.unknown_words.format(words=cards.plain(listed(heard.unknown))))


def _as_typed(query: state.Asked, typed: str) -> state.Asked:
    """The query with one of its texts in quotation marks."""
    but, less = (quoted(said) if said == typed else said for said in (query.wording.but, query.wording.less))
    ref = quoted(query.ref) if query.kind == "words" and query.ref == typed else query.ref
    return replace(query, ref=ref, wording=replace(query.wording, but=but, less=less))


def _described(query: state.Asked, photo: Photo | None) -> tuple[str, str]:
    """Name and card of the query."""
    if query.kind == "words":
        return query.ref, cards.words_html(query.ref)
    name, note, picture = described(query, photo)
    return name, cards.query_html(WORDS.common.query_kinds[query.kind], name, note, picture, _reads(photo))


def _reads(photo: Photo | None) -> str:
    """What a photo is taken for, "" where it shows no fashion item or that cannot be told."""
    engine = process.engine()
    if photo is None or not engine.shows_fashion(photo.embedding):
        return ""
    return looks.reads_as(of_picture(photo.embedding, engine.looks).reads())


def _footnotes(answer: Answer, photo: Photo | None, chosen: Options) -> None:
    stages = (photo.timings_ms if photo else {}) | answer.whole.timings_ms
    searched = chosen.filters.catalogues or session.engine().catalogues
    left_out = {*answer.whole.left_out, *chosen.left_out}
    n_items = sum(session.record_of(id).n_items for id in searched if id not in left_out)
    parts = [
        text.format(ms=figure(stages[stage], ".0f" if stages[stage] >= 10 else ".1f"), n_items=n_items)
        for stage, text in WORDS.search.stages.items()
        if stages.get(stage)  # words are not decoded
    ]
    line = " · ".join(parts)
    with st.container(key="footnotes", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(line[:1].upper() + line[1:], help=WORDS.search.timings_help, width="content")
        with st.popover(WORDS.search.how_to_read, type="tertiary", icon=":material/help:"):
            st.container(width=420).markdown(WORDS.search.explanation)


def hits_csv(hits: Iterable[Hit]) -> str:
    """Hits as CSV (RFC 4180), with a header; the figures have six decimals, and are empty where nobody knows them."""
    return to_csv(CSV_COLUMNS, _rows(hits))


def _rows(hits: Iterable[Hit]) -> Iterator[dict[str, Any]]:
    for hit in hits:
        row = asdict(replace(hit, agrees={})) | dict.fromkeys(CSV_LOOKS.values(), math.nan)
        for name, agreement in hit.agrees.items():
            row |= {name: agreement.name, CSV_LOOKS[name]: agreement.probability}
        yield {name: value for name, value in row.items() if not (isinstance(value, float) and math.isnan(value))}


def csv_name(query_name: str) -> str:
    """A file name that is safe everywhere: `vitrine-` and at most 40 letters, digits and hyphens."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", query_name)
    plain = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")[:40].strip("-")
    return f"vitrine-{plain or 'results'}.csv"
