"""The query of a page: taken in, looked at, described, and the ways out of it."""

from __future__ import annotations

import streamlit as st

from core.engine.search import process
from core.errors import ImageError, VitrineError
from core.ui.components import cards, samples
from core.ui.components.pictures import Picture, data_url, picture_of
from core.ui.visit import session, state
from core.ui.visit.looks import Look, digest, look_at
from core.ui.words import WORDS


def receive() -> None:
    """Look at a photo that has just come in, and make it the query."""
    incoming = st.session_state.get("incoming")
    if incoming is None:
        return
    data, name = incoming
    try:
        with st.spinner(WORDS.common.looking):
            look = state.keep(look_at(process.engine(), data, name))
        state.go(state.Query("photo", look.sha256))  # which also forgets what came in
    except VitrineError as error:
        state.leave()
        st.session_state["problem"] = str(error)
        st.rerun()  # the page was begun as one that has an answer


def look_of(query: state.Query) -> Look:
    """The look at a photo or a sample, from the session or made now.

    Raises:
        VitrineError: It is no longer there, or cannot be looked at.
    """
    if query.kind == "photo":
        look = state.looks().get(query.ref)
        if look is None:
            raise VitrineError(WORDS.common.photo_gone)
        return state.keep(look)
    path = samples.path_of(query.ref)
    if not path.is_file():
        raise ImageError(path.name, WORDS.common.sample_missing)
    known = state.looks().get(digest(path))
    return state.keep(known or look_at(session.engine(), path, WORDS.common.samples[query.ref]))


def described(query: state.Query, look: Look | None) -> tuple[str, str, Picture]:
    """Name, note and picture of a query that has one."""
    if look is not None:
        note = WORDS.common.privacy if query.kind == "photo" else ""
        return look.name, note, Picture((data_url(look.preview),), ratio=min(2.0, max(0.6, look.ratio)))
    gallery, position = session.find(query.ref)
    item = gallery.items.row(position)
    return item.title, session.title_of(item.catalogue), picture_of(gallery, position)


def ways_out() -> None:
    """Draw the way back and the way to the empty page."""
    steps = state.trail()
    with st.container(key="ways-out", horizontal=True, gap="xsmall"):
        if steps:
            label = WORDS.common.back.format(name=cards.plain(_short(_name_of(steps[-1]))))
            st.button(label, key="back", icon=":material/arrow_back:", on_click=state.back)
        st.button(
            WORDS.common.start_over,
            key="start-over",
            type="tertiary",
            icon=":material/close:",
            on_click=state.start_over,
        )


def _name_of(query: state.Query) -> str:
    """What a query is called on the way back to it."""
    try:
        if query.kind == "words":
            return query.ref
        if query.kind == "item":
            gallery, position = session.find(query.ref)
            return gallery.items.row(position).title
    except VitrineError:
        return query.ref[:20]
    return WORDS.common.samples.get(query.ref) or state.looks()[query.ref].name


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"
