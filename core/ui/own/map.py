"""The map of one's own catalogue: begun with a button, watched, stopped, looked at and taken along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import streamlit as st

from core.engine.progress import Background
from core.errors import VitrineError
from core.maps.own import OwnMap, begin, method_here
from core.own.brought import BROUGHT
from core.own.catalogue import OwnCatalogue
from core.ui.components import plots
from core.ui.components.controls import problem
from core.ui.components.tables import files
from core.ui.visit import keys
from core.ui.words import WORDS, figure, say

POLL_S = 0.5


@dataclass(frozen=True)
class Drawn:
    """A map that is made, and of what: a backbone's embeddings of the items that there were."""

    backbone: str
    revision: int
    work: Background[OwnMap]


def show(mine: OwnCatalogue) -> None:
    """Draw the choice of embeddings, and the map as far as it is."""
    st.markdown(WORDS.own.map_lead)
    titles = {mine.embedder.record.id: mine.embedder.record.title}
    if mine.brought:
        titles[BROUGHT] = str(WORDS.own.brought_title)
    with st.container(key="own-map-row", horizontal=True, vertical_alignment="bottom"):
        backbone = st.selectbox(
            WORDS.own.map_of, list(titles), format_func=titles.__getitem__, key="own-map-of", width=320
        )
        st.button(WORDS.own.map_draw, key="own-map-draw", icon=":material/map:", on_click=_begin, args=(mine, backbone))
    drawn = cast("Drawn | None", st.session_state.get(keys.OWN_MAP))
    if drawn is None or drawn.revision != mine.revision:
        return
    if not drawn.work.finished:
        _watch()
    elif drawn.work.problem:
        problem(say(drawn.work.problem))
    elif drawn.work.result is not None:
        _show(mine, drawn.work.result, drawn.backbone, titles.get(drawn.backbone, drawn.backbone))


def _begin(mine: OwnCatalogue, backbone: str) -> None:
    keys.forget(keys.OWN_NOTE, keys.OWN_PROBLEM)
    _stop()
    try:
        embeddings = mine.brought.of(mine.items) if backbone == BROUGHT and mine.brought else mine.embeddings
        st.session_state[keys.OWN_MAP] = Drawn(backbone, mine.revision, begin(embeddings))
    except VitrineError as error:
        st.session_state[keys.OWN_PROBLEM] = say(error)


def _stop() -> None:
    before = cast("Drawn | None", st.session_state.pop(keys.OWN_MAP, None))
    if before is not None:
        before.work.stop()


@st.fragment(run_every=POLL_S)
def _watch() -> None:
    """How far the map is; not told of the work, since what a fragment is called with may outlive the visit."""
    drawn = cast("Drawn | None", st.session_state.get(keys.OWN_MAP))
    if drawn is None or drawn.work.finished:
        st.rerun()
    now = drawn.work.progress
    share = now.n_done / now.n_total if now is not None and now.n_total else None
    st.progress(share or 0.0, WORDS.own.map_starts if share is None else WORDS.own.map_progress.format(share=share))
    if st.button(WORDS.own.map_stop, key="own-map-stop", icon=":material/stop_circle:"):
        _stop()
        st.rerun()


def _show(mine: OwnCatalogue, chart: OwnMap, backbone: str, title: str) -> None:
    labels = [item.label or str(WORDS.own.no_label) for item in mine.items]
    names = [item.name for item in mine.items]
    method = WORDS.own.map_methods[chart.method]
    alt = WORDS.own.map_alt.format(n=len(names), title=title, method=method)
    file = f"vitrine-own-map-{backbone}-{chart.method}"
    plots.draw(plots.points(chart.points, labels, names), file, "own-map", alt)
    trust, kept = (figure(one.value, ".3f") for one in (chart.faithful.trustworthiness, chart.faithful.neighbours_kept))
    st.caption(WORDS.own.map_note.format(title=title, method=method, trust=trust, kept=kept, k=chart.faithful.k))
    if method_here() == "pca":
        st.caption(WORDS.own.map_no_umap)
    rows = [
        {"id": item.id, "name": item.name, "label": item.label, "x": float(x), "y": float(y)}
        for item, (x, y) in zip(mine.items, np.asarray(chart.points), strict=True)
    ]
    files(["id", "name", "label", "x", "y"], rows, file, "own-map")
