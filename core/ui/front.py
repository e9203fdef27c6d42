"""The front page: ask with a photo, see what is closest."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import shared
from core.artifacts import load_manifest
from core.catalogues import CATALOGUES
from core.errors import VitrineError
from core.ui import ask, cards, navigation, results, state
from core.ui.looks import look_at
from core.ui.words import WORDS

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")


def show() -> None:
    """Draw the page. What needs no engine is drawn first."""
    st.html(STYLE)
    navigation.remember("search", st.query_params.to_dict())
    navigation.show()
    # A photo that replaces another is sent after that one was taken away; were the page drawn with its large uploader
    # in between, the photo on its way would be lost.
    emptied = st.session_state.pop("emptied", False)
    busy = emptied or "incoming" in st.session_state or state.current() is not None
    n_items = sum(catalogue.n_items for catalogue in CATALOGUES.values())
    st.html(cards.header_html(n_items, large=not busy))
    ask.show(large=not busy)
    receive()
    query = state.current()
    if query is not None:
        _answer(query)
    else:
        _idle()


def receive() -> None:
    """Look at a photo that has just come in, and make it the query."""
    incoming = st.session_state.get("incoming")
    if incoming is None:
        return
    data, name = incoming
    try:
        with st.spinner(WORDS.looking):
            look = state.keep(look_at(shared.engine(), data, name))
        state.go(state.Query("photo", look.sha256))  # which also forgets what came in
    except VitrineError as error:
        state.leave()
        st.session_state["problem"] = str(error)
        st.rerun()  # the page was begun as one that has an answer


def _answer(query: state.Query) -> None:
    try:
        results.show(query)
    except VitrineError as error:
        st.error(cards.plain(str(error)), icon=":material/error:")
        results.ways_out()
        return
    for notice in shared.engine().notices():
        st.warning(cards.plain(notice), icon=":material/info:")


def _idle() -> None:
    """Nothing is asked yet: say what happens with a photo, and whether the page can answer at all."""
    if problem := st.session_state.get("problem"):
        st.error(cards.plain(problem), icon=":material/error:")
    if state.trail():
        results.ways_out()
    st.caption(WORDS.privacy, text_alignment="center")
    try:
        load_manifest()
    except VitrineError as error:
        st.error(cards.plain(str(error)), icon=":material/error:")
