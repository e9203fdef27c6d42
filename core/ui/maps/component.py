"""The maps in the browser, and the query on them: a component draws them by WebGL and tells what was chosen.

Streamlit's own chart is not used: its hover cannot show pictures, it would send every point again for every
change, and two charts could not light up each other without the server. plotly.js was used, and took three seconds
to load itself and draw 75,398 points in Chromium without a graphics card, even as one trace of one colour.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from core.config import DEFAULT_BACKBONE, DEFAULT_K
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES
from core.engine.search import process
from core.engine.search.query import Query
from core.errors import VitrineError
from core.maps import points
from core.maps.files import STEPS, EmbeddingMap, chart_of
from core.maps.projection import N_PLACED, place
from core.own.items import OWN
from core.ui.components import cards
from core.ui.components.query import photo_of, question
from core.ui.maps import server
from core.ui.maps.view import View
from core.ui.visit import keys, session, state
from core.ui.words import WORDS, say

KEY = "maps-plot"
#: The parts of the script, in the order in which they build on each other.
_SCRIPTS = ("paint", "chart", "hand", "plot")
#: Half of what is seen around a query, as a share of the map.
_AROUND = 0.12
#: Said by a map instead of what to look at: what is seen stays as it is.
_KEEP = "keep"
_HTML = """<div class="vt-maps"><p class="vt-maps-loading" role="status"></p></div>
<div class="vt-maps-legend" role="group"></div>"""


class Placed(NamedTuple):
    """What is placed on the maps: the numbers of an item (None for a photo) and of the nearest items, closest first."""

    number: int | None
    nearest: tuple[int, ...]
    n_hits: int
    centred: bool


@lru_cache(maxsize=1)
def _component() -> Any:
    here = Path(__file__).with_name("js")
    script = "\n".join((here / f"{part}.js").read_text("utf-8") for part in _SCRIPTS)
    style = (here / "plot.css").read_text("utf-8")
    return st.components.v2.component("vitrine_maps", html=_HTML, css=style, js=script, isolate_styles=False)


def show(view: View, lit: np.ndarray, placed: Placed | None, on_chosen: Any, on_opened: Any) -> None:
    """Draw the maps.

    Args:
        view: Which, and how they are coloured.
        lit: (m,) int64 numbers of the items that are lit, none for all.
        placed: The query, if there is one.
        on_chosen: Called when a lasso or a box was drawn or taken away.
        on_opened: Called when a point was clicked.

    Raises:
        ArtifactError: A map cannot be used.
    """
    _component()(
        key=KEY,
        data={
            "maps": [_map(id, view, placed) for id in view.maps],
            "colour": view.colour,
            "kinds": [
                {"name": session.class_title(*kind), "catalogue": list(CATALOGUES).index(kind.catalogue)}
                for kind in points.KINDS
            ],
            "catalogues": [session.title_of(id) for id in CATALOGUES],
            "sides": list(WORDS.maps.sides),
            "n": int(points.starts()[-1]),
            "lit": points.pack(lit),
            "words": {
                "alt": WORDS.maps.alt,
                "predicted": WORDS.maps.predicted,
                "failed": WORDS.maps.failed,
                "tools": WORDS.maps.tools,
                "bar": WORDS.maps.bar,
                "loading": WORDS.maps.loading,
                "legend": WORDS.maps.colour,
            },
        },
        on_chosen_change=on_chosen,
        on_opened_change=on_opened,
    )


def make_query(number: int) -> None:
    """Make an item, by its number, the query."""
    catalogue, position = points.place_of(number)
    state.go(state.Asked("item", process.engine().gallery(catalogue).items.row(position).id))


def placed() -> Placed | None:
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
        st.warning(cards.plain(say(error)), icon=":material/error:")
        return None
    nearest = tuple(points.number_of(hit.id) for hit in hits)
    clicked = number is not None and number == st.session_state.get(keys.MAPS_CLICKED)
    return Placed(number, nearest, DEFAULT_K, centred=not clicked)


def drawn() -> np.ndarray:
    """(m,) int64: the numbers of the items in what has just been drawn; for `on_chosen`."""
    return points.unpack(st.session_state.get(KEY, {}).get("chosen"))


def opened() -> int | None:
    """The number of the item that has just been clicked, None for anything else; for `on_opened`."""
    number = st.session_state.get(KEY, {}).get("opened")
    return number if isinstance(number, int) and 0 <= number < points.starts()[-1] else None


def _map(backbone_id: str, view: View, placed: Placed | None) -> dict[str, Any]:
    chart, _ = chart_of(backbone_id)
    # Where another backbone than the one that looked at a photo would see it, nobody knows.
    known = placed is not None and (placed.number is not None or backbone_id == DEFAULT_BACKBONE)
    query = _query(chart, placed) if placed and known else None
    focus: Any = None
    if query and placed and not placed.centred:
        focus = _KEEP
    elif query:
        focus = [[query[axis] - _AROUND * STEPS, query[axis] + _AROUND * STEPS] for axis in ("x", "y")]
    elif view.kind:
        focus = _extent(chart, points.CODES[view.kind])
    return {
        "id": backbone_id,
        "title": BACKBONES[backbone_id].title,
        "version": server.version(backbone_id),
        "focus": focus,
        "query": query,
    }


def _query(chart: EmbeddingMap, placed: Placed) -> dict[str, Any] | None:
    """Where a query is on a map: an item on its own point, a photo among its nearest; else None."""
    rows = [row for number in placed.nearest if (row := points.row_on(chart, number)) is not None]
    own = None if placed.number is None else points.row_on(chart, placed.number)
    if own is None and not rows:
        return None
    x, y = chart.steps[own] if own is not None else place(chart.steps[rows].astype(np.float32))
    hits = [row for number in placed.nearest[: placed.n_hits] if (row := points.row_on(chart, number)) is not None]
    return {"x": float(x), "y": float(y), "hits": hits}


def _extent(chart: EmbeddingMap, code: int) -> list[list[float]] | None:
    """What to look at to see nearly all of a class, with a margin; None where the map has nothing of it."""
    steps = chart.steps[points.codes_of(chart)[0] == code]
    if not len(steps):
        return None
    low, high = np.percentile(steps, (2, 98), axis=0)
    margin = np.maximum(0.3 * (high - low), 0.03 * STEPS)
    return [[float(a), float(b)] for a, b in zip(low - margin, high + margin, strict=True)]
