"""The front page: ask with a photo, see what is closest."""

from __future__ import annotations

import streamlit as st

from core.engine.catalogues import CATALOGUES
from core.engine.files.manifest import load_manifest
from core.engine.search import process
from core.errors import VitrineError
from core.ui.components import ask, cards
from core.ui.components.controls import problem
from core.ui.components.query import receive, ways_out
from core.ui.search import region, results
from core.ui.visit import keys, page, state
from core.ui.words import WORDS, say


def show() -> None:
    """Draw the page. What needs no engine is drawn first."""
    if state.is_presented():
        from core.ui.search.presentation import slides

        slides.show()
        return
    page.remember("search", state.link())
    busy = keys.INCOMING in st.session_state or state.current() is not None
    n_items = sum(catalogue.n_items for catalogue in CATALOGUES.values())
    lead = WORDS.search.lead.format(n_items=n_items)
    page.begin(WORDS.search.title, lead=lead, headline=() if busy else WORDS.search.headline)
    ask.show()
    receive()
    query = state.current()
    if query is not None:
        _answer(query)
    else:
        _idle()


def _answer(query: state.Asked) -> None:
    try:
        results.show(query)
    except VitrineError as error:
        problem(error)
        region.chip(query)
        ways_out()
        return
    for notice in process.engine().notices():
        st.warning(cards.plain(say(notice)), icon=":material/info:")


def _idle() -> None:
    """Nothing is asked yet: say what happens with a photo, and whether the page can answer at all."""
    if state.trail():
        ways_out()
    st.caption(WORDS.common.privacy, text_alignment="center")
    with st.container(key="footer", horizontal=True, horizontal_alignment="center"):
        st.button(
            WORDS.search.presentation["enter"],
            key="present",
            type="tertiary",
            icon=":material/slideshow:",
            help=WORDS.search.presentation["help"],
            on_click=state.present,
        )
    try:
        load_manifest()
    except VitrineError as error:
        problem(error)
