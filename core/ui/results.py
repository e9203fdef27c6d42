"""The query beside its closest items."""

from __future__ import annotations

import streamlit as st

from core.errors import ImageError, VitrineError
from core.search import Hit, SearchResult
from core.ui import cards, export, hints, less_like, options, own_session, samples, state, words_box
from core.ui.looks import Look, digest, look_at
from core.ui.options import Options
from core.ui.pictures import Picture, data_url, picture_of
from core.ui.words import WORDS

COLUMNS = 5


def show(query: state.Query) -> None:
    """Draw a query and its answer.

    Raises:
        VitrineError: The query names nothing that exists, or the search cannot be made.
    """
    with st.spinner(WORDS.looking):
        look = look_of(query) if query.kind in ("photo", "sample") else None
        name, card = _described(query, look)
        hint = hints.hint_for(query, look)
    left, right = st.columns([1.1, 4], gap="medium")
    with left.container(key="query"):
        st.html(card)
        ways_out()
        less_like.chips(query)
        words_box.beside(query)
    query = less_like.known(query)
    with right:
        if hint:
            st.info(hint, icon=":material/lightbulb:")
        if hint == WORDS.no_known_words:
            return
        with st.container(key="toolbar", horizontal=True, vertical_alignment="center"):
            chosen = options.choose(options.choose_catalogue())
            download = st.container(width="content")
        result = search(query, look, chosen)
        if result.hits:
            with download:
                _download(result.hits, name)
        if result.left_out:
            names = ", ".join(WORDS.catalogues[id] for id in result.left_out)
            st.caption(WORDS.no_colours.format(names=names))
        elif result.grey:
            st.caption(WORDS.grey.format(names=", ".join(WORDS.catalogues[id] for id in result.grey)))
        if query.wording:
            st.caption(WORDS.no_figures)
        _hits(query, result.hits)
        _footnotes(result, look, chosen)


def look_of(query: state.Query) -> Look:
    """The look at a photo or a sample, from the session or made now.

    Raises:
        VitrineError: It is no longer there, or cannot be looked at.
    """
    if query.kind == "photo":
        look = state.looks().get(query.ref)
        if look is None:
            raise VitrineError(WORDS.photo_gone)
        return state.keep(look)
    path = samples.path_of(query.ref)
    if not path.is_file():
        raise ImageError(path.name, WORDS.sample_missing)
    known = state.looks().get(digest(path))
    return state.keep(known or look_at(own_session.engine(), path, WORDS.samples[query.ref]))


def search(query: state.Query, look: Look | None, chosen: Options) -> SearchResult:
    """The answer: from the session if it is the last one, else searched."""
    key = (query, chosen, own_session.revision())
    known = state.answer_for(key)
    if known is not None:
        return known
    engine = own_session.engine()
    for catalogue in chosen.filters.catalogues or engine.catalogues:
        engine.gallery(catalogue)  # loading it, the first time, is no part of searching
    wanted, wording = (chosen.k, chosen.filters), query.wording
    if query.kind == "words":
        result = engine.search_texts(query.ref, *wanted, wording)
    elif look is None:
        result = engine.search_similar(query.ref, *wanted, wording)
    else:
        result = engine.search_embedding(look.embedding, *wanted, wording=wording)
    return state.keep_answer(key, result)


def _described(query: state.Query, look: Look | None) -> tuple[str, str]:
    """Name and card of the query."""
    if query.kind == "words":
        return query.ref, cards.words_html(query.ref)
    name, note, picture = described(query, look)
    return name, cards.query_html(WORDS.query_kinds[query.kind], name, note, picture)


def described(query: state.Query, look: Look | None) -> tuple[str, str, Picture]:
    """Name, note and picture of a query that has one."""
    if look is not None:
        note = WORDS.privacy if query.kind == "photo" else ""
        return look.name, note, Picture((data_url(look.preview),), ratio=min(2.0, max(0.6, look.ratio)))
    gallery, position = own_session.find(query.ref)
    item = gallery.items.row(position)
    return item.title, WORDS.catalogues[item.catalogue], picture_of(gallery, position)


def _name_of(query: state.Query) -> str:
    """What a query is called on the way back to it."""
    try:
        if query.kind == "words":
            return query.ref
        if query.kind == "item":
            gallery, position = own_session.find(query.ref)
            return gallery.items.row(position).title
    except VitrineError:
        return query.ref[:20]
    return WORDS.samples.get(query.ref) or state.looks()[query.ref].name


def ways_out() -> None:
    """Draw the way back and the way to the empty page."""
    steps = state.trail()
    with st.container(key="ways-out", horizontal=True, gap="xsmall"):
        if steps:
            label = WORDS.back.format(name=cards.plain(_short(_name_of(steps[-1]))))
            st.button(label, key="back", icon=":material/arrow_back:", on_click=state.back)
        st.button(
            WORDS.start_over,
            key="start-over",
            type="tertiary",
            icon=":material/close:",
            on_click=state.start_over,
        )


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"


def _hits(query: state.Query, hits: list[Hit]) -> None:
    if not hits:
        st.info(WORDS.nothing, icon=":material/filter_alt:")
        return
    engine = own_session.engine()
    with st.grid(COLUMNS, min_column_width=150, gap="small", key="hits") as grid:
        for hit in hits:
            with grid.cell():
                st.html(cards.hit_html(hit, picture_of(engine.gallery(hit.catalogue), hit.position)))
                with st.container(gap=None):
                    st.button(
                        WORDS.more,
                        key=f"more-{hit.id}",
                        width="stretch",
                        on_click=state.go,
                        args=(state.Query("item", hit.id),),
                    )
                    less_like.button(query, hit)


def _download(hits: list[Hit], name: str) -> None:
    st.download_button(
        WORDS.csv,
        export.hits_csv(hits),
        export.csv_name(name),
        "text/csv",
        key="csv",
        help=WORDS.csv_help,
        icon=":material/download:",
        on_click="ignore",
    )


def _footnotes(result: SearchResult, look: Look | None, chosen: Options) -> None:
    stages = (look.timings_ms if look else {}) | result.timings_ms
    known = own_session.engine().catalogues
    n_items = sum(known[id].n_items for id in chosen.filters.catalogues or known if id not in result.left_out)
    parts = [
        text.format(ms=f"{stages[stage]:.0f}" if stages[stage] >= 10 else f"{stages[stage]:.1f}", n_items=n_items)
        for stage, text in WORDS.stages.items()
        if stages.get(stage)  # words are not decoded
    ]
    line = " · ".join(parts)
    with st.container(key="footnotes", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(line[:1].upper() + line[1:], help=WORDS.timings_help, width="content")
        with st.popover(WORDS.how_to_read, type="tertiary", icon=":material/help:"):
            st.container(width=420).markdown(WORDS.explanation)
