"""The query on the maps: what is placed there, and what lies closest to it."""

from __future__ import annotations

import streamlit as st

from core.config import DEFAULT_K
from core.engine.search import process
from core.errors import VitrineError
from core.maps import points
from core.maps.projection import N_PLACED
from core.own.items import OWN
from core.ui.components import cards
from core.ui.components.query import photo_of
from core.ui.maps import component
from core.ui.visit import keys, session, state


def place(number: int) -> None:
    """Make an item, by its number, the query."""
    catalogue, position = points.place_of(number)
    state.go(state.Query("item", process.engine().gallery(catalogue).items.row(position).id))


def placed() -> component.Placed | None:
    """The query of the link, or the last one of this visit, and its nearest items."""
    query = state.latest()
    if query is None:
        return None
    try:
        engine, number = process.engine(), None
        if query.kind == "words":
            hits = engine.search_texts(query.ref, N_PLACED, wording=query.wording).hits
        elif query.ref.startswith(f"{OWN}/"):
            hits = engine.search_embedding(session.engine().embedding_of(query.ref), N_PLACED).hits
        elif query.kind == "item":
            number = points.number_of(query.ref)
            hits = engine.search_similar(query.ref, N_PLACED).hits
        else:
            hits = engine.search_embedding(photo_of(query).embedding, N_PLACED).hits
    except VitrineError as error:
        st.warning(cards.plain(str(error)), icon=":material/error:")
        return None
    nearest = tuple(points.number_of(hit.id) for hit in hits)
    clicked = number is not None and number == st.session_state.get(keys.MAPS_CLICKED)
    return component.Placed(number, nearest, DEFAULT_K, centred=not clicked)
