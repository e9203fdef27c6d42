"""The query on the maps: what is placed there, and what lies closest to it."""

from __future__ import annotations

import streamlit as st

from core import shared
from core.config import DEFAULT_K
from core.errors import VitrineError
from core.own_items import OWN
from core.projection import N_PLACED
from core.ui import cards, maps_data, maps_plot, own_session, results, state


def place(number: int) -> None:
    """Make an item, by its number, the query."""
    catalogue, position = maps_data.place_of(number)
    state.go(state.Query("item", shared.engine().gallery(catalogue).items.row(position).id))


def placed() -> maps_plot.Placed | None:
    """The query of the link, or the last one of this visit, and its nearest items."""
    query = state.latest()
    if query is None:
        return None
    try:
        engine, number = shared.engine(), None
        if query.kind == "words":
            hits = engine.search_texts(query.ref, N_PLACED, wording=query.wording).hits
        elif query.ref.startswith(f"{OWN}/"):
            hits = engine.search_embedding(own_session.engine().embedding_of(query.ref), N_PLACED).hits
        elif query.kind == "item":
            number = maps_data.number_of(query.ref)
            hits = engine.search_similar(query.ref, N_PLACED).hits
        else:
            hits = engine.search_embedding(results.look_of(query).embedding, N_PLACED).hits
    except VitrineError as error:
        st.warning(cards.plain(str(error)), icon=":material/error:")
        return None
    nearest = tuple(maps_data.number_of(hit.id) for hit in hits)
    clicked = number is not None and number == st.session_state.get("maps-clicked")
    return maps_plot.Placed(number, nearest, DEFAULT_K, centred=not clicked)
