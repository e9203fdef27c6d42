"""Embeddings that a visitor made elsewhere: brought along, searched by an item, and taken away again."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.config import MAX_VECTOR_BYTES, MAX_VECTOR_DIM
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Filters, Query
from core.own.catalogue import OwnCatalogue
from core.own.ingest.vectors import read_vectors
from core.own.items import OWN
from core.own.search import BroughtSearch
from core.ui.components import cards
from core.ui.components.pictures import Picture, data_url
from core.ui.own import sources
from core.ui.visit import keys, session
from core.ui.words import WORDS, figure

K = 6


def show(mine: OwnCatalogue) -> None:
    """Draw the way in, and what is here."""
    brought = mine.brought
    st.markdown(WORDS.own.brought_lead)
    if brought is not None:
        facts = {"name": cards.plain(brought.name), "n": len(brought.rows), "dim": brought.dim}
        with st.container(key="own-brought", horizontal=True, vertical_alignment="center"):
            st.markdown(WORDS.own.brought_here.format(**facts), width="content")
            st.button(
                WORDS.own.brought_drop, key="own-brought-drop", icon=":material/close:", on_click=_drop, args=(mine,)
            )
        _neighbours(mine)
    kinds, receive = ["npy", "npz", "parquet"], partial(_bring, mine)
    sources.uploader(WORDS.own.brought_upload, "own-brought-upload", kinds, receive, MAX_VECTOR_BYTES)
    st.caption(WORDS.own.brought_limits.format(megabytes=MAX_VECTOR_BYTES / 1e6, dim=MAX_VECTOR_DIM))


def _bring(mine: OwnCatalogue, file: UploadedFile) -> None:
    vectors = read_vectors(file.getvalue(), mine.quota.images)
    brought = mine.bring(vectors, file.name)
    keys.forget(keys.OWN_EVALUATION, keys.OWN_MAP)
    st.session_state[keys.OWN_NOTE] = WORDS.own.brought_done.format(n=len(brought.rows), dim=brought.dim)


def _drop(mine: OwnCatalogue) -> None:
    mine.brought = None
    keys.forget(keys.OWN_NOTE, keys.OWN_PROBLEM, keys.OWN_EVALUATION, keys.OWN_MAP)


@st.fragment
def _neighbours(mine: OwnCatalogue) -> None:
    """One picture's neighbours by the embeddings that were brought, above those by the catalogue's own backbone."""
    names = {item.id: f"{item.name} ({item.title})" if item.title != item.name else item.name for item in mine.items}
    asked = st.selectbox(
        WORDS.own.brought_item, list(names), format_func=names.__getitem__, key="own-brought-item", width=420
    )
    engines: dict[str, SearchEngine] = {WORDS.own.brought_title: BroughtSearch(mine)}
    engines[mine.embedder.record.title] = session.engine()
    st.html(f'<div class="vt-tiles">{_tile(mine, asked, mine.item(asked).title)}</div>')
    for title, engine in engines.items():
        hits = engine.search(Query(item=asked, k=K, filters=Filters((OWN,)))).hits
        tiles = "".join(_tile(mine, hit.id, f"{hit.title} · {figure(hit.similarity, '.3f')}") for hit in hits)
        st.html(f'<p class="vt-kicker">{escape(title)}</p><div class="vt-tiles">{tiles}</div>')
    st.caption(WORDS.own.brought_no_photo)


def _tile(mine: OwnCatalogue, id: str, line: str) -> str:
    item = mine.item(id)
    return cards.tile_html(id, Picture((data_url(item.thumbnail),)), item.name, line)
