"""The query on the maps: what is placed there, and what lies closest to it."""

from __future__ import annotations

import streamlit as st

from core.config import DEFAULT_K
from core.engine.search import process
from core.engine.search.query import Query
from core.errors import VitrineError
from core.maps import points
from core.maps.projection import N_PLACED
from core.own.items import OWN
from core.ui.components import cards
from core.ui.components.query import photo_of, question
from core.ui.maps import component
from core.ui.visit import keys, session, state


def place(number: int) -> None:
    """Make an item, by its number, the query."""
    catalogue, position = points.place_of(number)
    state.go(state.Asked("item", process.engine().gallery(catalogue).items.row(position).id))


def placed() -> component.Placed | None:
    """The query of the link, or the last one of this visit, and its nearest items."""
    query = state.latest()
    if query is None:
        return None
    try:
        engine, number = process.engine(), None
        if query.kind == "item" and not query.ref.startswith(f"{OWN}/"):
            number = points.number_of(query.ref)
        photo = photo_of(query) if query.kind in ("photo", "sample") else None
        asked = question(query, photo, N_PLACED)
        if query.ref.startswith(f"{OWN}/"):  # the maps know the built catalogues alone
            asked = Query(embedding=session.engine().embedding_of(query.ref), k=N_PLACED)
        hits = engine.search(asked).hits
    except VitrineError as error:
        st.warning(cards.plain(str(error)), icon=":material/error:")
        return None
    nearest = tuple(points.number_of(hit.id) for hit in hits)
    clicked = number is not None and number == st.session_state.get(keys.MAPS_CLICKED)
    return component.Placed(number, nearest, DEFAULT_K, centred=not clicked)
