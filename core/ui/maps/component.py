"""The maps in the browser: a component draws them by WebGL and tells what was chosen.

Streamlit's own chart is not used: its hover cannot show pictures, it would send every point again for every
change, and two charts could not light up each other without the server. plotly.js was used, and took three seconds
to load itself and draw 75,398 points in Chromium without a graphics card, even as one trace of one colour.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES
from core.engine.search import process
from core.maps import points
from core.maps.files import STEPS, EmbeddingMap, chart_of
from core.ui.maps import server
from core.ui.maps.colours import colouring
from core.ui.maps.placed import Placed
from core.ui.maps.view import View
from core.ui.visit import session, state
from core.ui.words import WORDS

KEY = "maps-plot"
#: The parts of the script, in the order in which they build on each other.
_SCRIPTS = ("paint", "chart", "hand", "plot")
#: Half of what is seen around a query, as a share of the map.
_AROUND = 0.12
#: Said by a map instead of what to look at: what is seen stays as it is.
_KEEP = "keep"
_HTML = """<div class="vt-maps-sheet">
<div class="vt-maps"><p class="vt-maps-loading" role="status"></p></div>
<div class="vt-maps-legend" role="group"></div>
</div>"""


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
            "colouring": asdict(colouring(view.colour)),
            "looks": f"{view.colour}?v={server.looks_version()}" if view.colour in points.LOOKS else "",
            "kinds": [
                {"name": session.class_title(*kind), "catalogue": list(CATALOGUES).index(kind.catalogue)}
                for kind in points.KINDS
            ],
            "catalogues": [session.title_of(id) for id in CATALOGUES],
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
                "fingers": WORDS.maps.fingers,
                "scale": list(WORDS.maps.scale),
            },
        },
        on_chosen_change=on_chosen,
        on_opened_change=on_opened,
    )


def make_query(number: int) -> None:
    """Make an item, by its number, the query."""
    catalogue, position = points.place_of(number)
    state.go(state.Asked("item", process.engine().gallery(catalogue).items.row(position).id))


def drawn() -> np.ndarray:
    """(m,) int64: the numbers of the items in what has just been drawn; for `on_chosen`."""
    return points.unpack(st.session_state.get(KEY, {}).get("chosen"))


def opened() -> int | None:
    """The number of the item that has just been clicked, None for anything else; for `on_opened`."""
    number = st.session_state.get(KEY, {}).get("opened")
    return number if isinstance(number, int) and 0 <= number < points.starts()[-1] else None


def _map(backbone_id: str, view: View, placed: Placed | None) -> dict[str, Any]:
    chart, _ = chart_of(backbone_id)
    query = placed.on(chart, backbone_id) if placed else None
    focus: Any = None
    if query and placed and not placed.centred:
        focus = _KEEP
    elif query:
        focus = [[query[axis] - _AROUND * STEPS, query[axis] + _AROUND * STEPS] for axis in ("x", "y")]
    elif view.kind:
        focus = _extent(chart, points.codes_of(chart)[0] == points.CODES[view.kind])
    elif view.colour in points.LOOKS:
        known = points.looks(view.colour)[points.numbers_on(chart)] < len(points.LOOKS[view.colour])
        focus = _extent(chart, known, (25, 75), 0.8)  # where most of them are: they are few, and drawn larger
    return {
        "id": backbone_id,
        "title": BACKBONES[backbone_id].title,
        "version": server.version(backbone_id),
        "focus": focus,
        "query": query,
    }


def _extent(
    chart: EmbeddingMap, wanted: np.ndarray, percentiles: tuple[float, float] = (2, 98), room: float = 0.3
) -> list[list[float]] | None:
    """What to look at to see (n,) bool wanted points between percentiles, and room beside; None where are none."""
    steps = chart.steps[wanted]
    if not len(steps):
        return None
    low, high = np.percentile(steps, percentiles, axis=0)
    margin = np.maximum(room * (high - low), 0.03 * STEPS)
    return [[float(a), float(b)] for a, b in zip(low - margin, high + margin, strict=True)]
