"""The query on the maps: which pieces are closest to it, and where each backbone would place it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import streamlit as st

from core.compare.side_by_side import ask
from core.config import DEFAULT_BACKBONE, DEFAULT_K
from core.engine.backbones import BACKBONES
from core.engine.search import process
from core.engine.search.photo import Photo
from core.engine.search.query import Query
from core.errors import VitrineError
from core.maps import points
from core.maps.files import EmbeddingMap
from core.maps.projection import N_PLACED, place
from core.own.items import OWN
from core.ui.components import cards
from core.ui.components.query import photo_of, question
from core.ui.visit import keys, session, state
from core.ui.words import WORDS, say


@dataclass(frozen=True)
class Placed:
    """What is placed on the maps.

    Attributes:
        number: Of the item that it is, None for anything else.
        nearest: Numbers of the items that are nearest to it, closest first.
        n_hits: So many of them are its hits.
        centred: Whether the maps turn to it.
        by: Of what is no item: backbone id -> the items that are nearest as that backbone sees it.
    """

    number: int | None
    nearest: tuple[int, ...]
    n_hits: int = DEFAULT_K
    centred: bool = True
    by: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def on(self, chart: EmbeddingMap, backbone_id: str) -> dict[str, Any] | None:
        """Where it is on a map, for the browser: an item on its own point, else among its nearest; None for nowhere."""
        own = None if self.number is None else points.row_on(chart, self.number)
        seen = self.nearest if self.number is not None else self.by.get(backbone_id, ())
        rows = _rows(chart, seen)
        if own is None and not rows:
            return None
        x, y = chart.steps[own] if own is not None else place(chart.steps[rows].astype(np.float32))
        return {"x": float(x), "y": float(y), "hits": _rows(chart, self.nearest[: self.n_hits])}


def _rows(chart: EmbeddingMap, numbers: Sequence[int]) -> list[int]:
    return [row for number in numbers if (row := points.row_on(chart, number)) is not None]


def placed(backbones: Sequence[str]) -> Placed | None:
    """The query of the link, or the last one of this visit, as the backbones of these maps see it; None without one."""
    query = state.latest()
    if query is None:
        return None
    try:
        engine, number = process.engine(), None
        own = query.ref.startswith(f"{OWN}/")
        if query.kind == "item" and not own:
            number = points.number_of(query.ref)
        photo = photo_of(query) if query.kind in ("photo", "sample") else None
        asked = question(query, photo, N_PLACED)
        if own:  # the maps know the built catalogues alone
            asked = Query(embedding=session.engine().embedding_of(query.ref), k=N_PLACED)
        nearest = tuple(points.number_of(hit.id) for hit in engine.search(asked).hits)
    except VitrineError as error:
        st.warning(cards.plain(say(error)), icon=":material/error:")
        return None
    by = {DEFAULT_BACKBONE: nearest}
    if number is None:
        by |= {id: _seen_by(id, query, photo) for id in backbones if id != DEFAULT_BACKBONE}
    clicked = number is not None and number == st.session_state.get(keys.MAPS_CLICKED)
    return Placed(number, nearest, centred=not clicked, by=by)


def _seen_by(backbone_id: str, query: state.Asked, photo: Photo | None) -> tuple[int, ...]:
    """The items that are nearest to a picture as another backbone sees it, asked once; none, and why, where it cannot.

    It is asked with the picture itself, and searches its compare gallery.
    """
    key = (backbone_id, query)
    known = cast("dict[tuple[str, state.Asked], tuple[int, ...]]", st.session_state.setdefault(keys.MAPS_SEEN, {}))
    if key not in known:
        picture = session.thumbnail(query.ref) if photo is None else photo.file or photo.preview
        asked = Query(text=query.ref, k=N_PLACED) if picture is None else Query(photo=picture, k=N_PLACED)
        title = BACKBONES[backbone_id].title
        with st.spinner(WORDS.maps.placing.format(title=title)):
            answer = ask(backbone_id, asked)
        if not answer.hits:
            why = say(answer.problem) if answer.problem else ""
            st.caption(cards.plain(WORDS.maps.not_placed.format(title=title, why=why).strip()))
            return ()
        for other in [one for one in known if one[1] != query]:
            del known[other]
        known[key] = tuple(points.number_of(hit.id) for hit in answer.hits)
    return known[key]
