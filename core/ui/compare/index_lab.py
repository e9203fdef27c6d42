"""Index settings, for the curious: what M and ef buy, and what `ef` changes on the query of this visit."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from core.compare.figures.benchmark import read_benchmark
from core.compare.index_lab import EfLab, Found
from core.config import artifacts_dir
from core.engine.catalogues.items import split_id
from core.engine.search import process
from core.ui.compare import plots
from core.ui.components import ask
from core.ui.components.controls import command, item_at
from core.ui.components.link import linked, number
from core.ui.components.plots import draw
from core.ui.components.query import photo_of, receive
from core.ui.components.tables import files
from core.ui.visit import session, state
from core.ui.words import WORDS

K = 10
EFS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def show() -> None:
    """Draw the view.

    Raises:
        VitrineError: The query names nothing that exists, or an index is damaged.
    """
    _sweep()
    st.html(f'<h2 class="vt-title">{escape(WORDS.compare.ef_heading)}</h2>')
    st.caption(WORDS.compare.ef_note)
    ask.show(words=False)
    receive()
    query = state.pictured()
    if query is None:
        st.info(WORDS.compare.ef_empty, icon=":material/image_search:")
        return
    with st.spinner(WORDS.common.looking):
        lab = _lab(str(artifacts_dir()))
        embedding, exclude = _embedding(query)
        exact = lab.exact(embedding, K, exclude)
    _slider(lab, embedding, exclude, exact)


def _embedding(query: state.Asked) -> tuple[np.ndarray, tuple[tuple[str, int], ...]]:
    """The query's embedding, and what must not be found: an item itself."""
    if query.kind != "item":
        return photo_of(query).embedding, ()
    _, position = session.find(query.ref)
    return session.engine().embedding_of(query.ref), ((split_id(query.ref)[0], position),)


@st.cache_resource(max_entries=1, ttl=900, show_spinner=False)
def _lab(folder: str) -> EfLab:
    """A copy of the index for everybody who plays with it; each of its searches is whole in itself."""
    return EfLab(process.engine())


def _sweep() -> None:
    part = read_benchmark().get("index_settings")
    if part is None:
        st.info(WORDS.compare.sweep_empty, icon=":material/speed:")
    else:
        measured, machine = part["results"], part["machine"]
        figure = plots.recall_against_speed(measured["rows"])
        draw(figure, "vitrine-index-settings", "sweep", WORDS.compare.sweep_alt)
        rows = [row | {"index_recall@10": row["photos"]["index_recall@10"]} for row in measured["rows"]]
        files(["M", "ef", "ms", "index_recall@10"], rows, "vitrine-index-settings", "sweep")
        st.caption(WORDS.compare.sweep_note.format(**measured, **measured["n_queries"], **machine))
    command("python -m core benchmark --only index_settings")


@st.fragment
def _slider(lab: EfLab, embedding: np.ndarray, exclude: tuple[tuple[str, int], ...], exact: Found) -> None:
    usual = lab.served_ef if lab.served_ef in EFS else EFS[0]
    asked = int(number("ef", min(EFS), max(EFS), usual))
    value = asked if asked in EFS else usual
    ef = linked(
        st.select_slider, WORDS.compare.ef, EFS, name="ef", value=value, usual=usual, help=WORDS.compare.ef_help
    )
    found = lab.search(embedding, K, ef, exclude)
    kept = [place for place in exact.places if place in found.places]
    words = {"n": len(kept), "k": len(exact.places), "ms": found.ms, "exact_ms": exact.ms, "ef": ef}
    st.markdown(WORDS.compare.ef_found.format(**words))
    with st.grid(5, min_column_width=130, gap="small", key="ef-hits") as grid:
        for place, similarity in zip(exact.places, exact.similarities, strict=True):
            with grid.cell():
                _tile(place, similarity, WORDS.compare.ef_same if place in kept else WORDS.compare.ef_missed)
        for place, similarity in zip(found.places, found.similarities, strict=True):
            if place not in exact.places:
                with grid.cell():
                    _tile(place, similarity, WORDS.compare.ef_instead)


def _tile(place: tuple[str, int], similarity: float, mark: str) -> None:
    badge = "" if mark == WORDS.compare.ef_same else f'<span class="vt-mark">{escape(mark)}</span>'
    line = f'<p class="vt-quiet">{escape(WORDS.browse.similarity.format(similarity=similarity))}</p>'
    st.html(item_at(*place, badge + line)[1])
