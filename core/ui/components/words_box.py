"""Asking in words, and words beside a picture; both are kept in the URL."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.config import MAX_WORDS
from core.engine.search import process
from core.engine.search.query import NOTHING_SAID, Wording
from core.ui.components import cards
from core.ui.visit import keys, state
from core.ui.words import WORDS


def show() -> None:
    """Draw the field for words, with examples where nothing has been asked yet."""
    query = state.current()
    asked = query.ref if query is not None and query.kind == "words" else ""
    with st.form("words", border=False), st.container(key="words-line", horizontal=True, vertical_alignment="bottom"):
        key = f"words-{asked}"  # another query is another field, so that a link and the way back fill it
        st.text_input(
            WORDS.common.ask_words, asked, MAX_WORDS, key, type="search", placeholder=WORDS.common.ask_words_placeholder
        )
        st.form_submit_button(WORDS.common.ask_words_go, icon=":material/search:", on_click=_asked, args=(key,))
    if query is None and keys.INCOMING not in st.session_state:
        with st.container(key="examples", horizontal=True, gap="xsmall"):
            for number, example in enumerate(WORDS.common.examples):
                words = state.Asked("words", example)
                st.button(example, key=f"example-{number}", type="secondary", on_click=state.go, args=(words,))


def _asked(key: str) -> None:
    words = str(st.session_state.get(key, "")).strip()[:MAX_WORDS]
    if words:
        state.go(state.Asked("words", words))


def beside(query: state.Asked) -> None:
    """Draw the fields that change a query with words."""
    wording = query.wording
    for sentence, said in ((WORDS.common.but_said, wording.added), (WORDS.common.less_said, wording.less)):
        if said:
            st.caption(sentence.format(words=cards.plain(said)))
    mark = f"{query.kind}-{query.ref}-{wording}"
    with st.expander(WORDS.common.beside, icon=":material/tune:"), st.form("beside", border=False):
        fields = [f"{name}-{mark}" for name in state.BESIDE]
        if query.kind != "words":
            st.text_input(WORDS.common.but, wording.but, MAX_WORDS, fields[0], placeholder=WORDS.common.but_placeholder)
        st.text_input(WORDS.common.less, wording.less, MAX_WORDS, fields[1], placeholder=WORDS.common.less_placeholder)
        fitted = process.engine().calibrated.weight
        weight = fitted if wording.weight is None else wording.weight
        st.slider(WORDS.common.weight, 0.0, 1.0, weight, 0.05, key=fields[2])
        st.form_submit_button(WORDS.common.beside_go, on_click=_changed, args=(query, fields), width="stretch")
    if wording.but or wording.less:
        plain = replace(query, wording=replace(NOTHING_SAID, less_items=wording.less_items))
        st.button(WORDS.common.beside_clear, key="beside-clear", type="tertiary", on_click=state.go, args=(plain,))


def _changed(query: state.Asked, fields: list[str]) -> None:
    but, less = (str(st.session_state.get(key, "")).strip()[:MAX_WORDS] for key in fields[:2])
    weight = round(float(st.session_state.get(fields[2], 0.5)), 2)
    state.go(replace(query, wording=Wording(but, less, weight, query.wording.less_items)))
