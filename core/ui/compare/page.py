"""The Compare page: which backbones, which of its views, and the query that all of them get."""

from __future__ import annotations

import streamlit as st

from core.compare.gallery import has_gallery
from core.compare.side_by_side import MAX_BACKBONES
from core.engine.backbones import BACKBONES
from core.engine.embedders.load import missing
from core.errors import VitrineError
from core.ui.compare import classes, columns, disagreements, index_lab, table
from core.ui.components import ask
from core.ui.components.controls import problem
from core.ui.components.link import choose, choose_several
from core.ui.components.query import receive, ways_out
from core.ui.visit import page, state
from core.ui.words import WORDS

N_USUAL = 3


def show() -> None:
    """Draw the page."""
    if "with" in st.query_params:
        page.remember("compare", {"with": st.query_params.get_all("with")})
    page.begin(WORDS.compare.title, WORDS.compare.heading)
    view = choose(
        st.segmented_control, WORDS.compare.view, "view", list(WORDS.compare.views), WORDS.compare.views.__getitem__,
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    chosen = _choose()
    try:
        if view == "disputes":
            disagreements.show(chosen)
        elif view == "benchmark":
            table.show(chosen)
        elif view == "classes":
            classes.show(chosen)
        elif view == "index":
            index_lab.show()
        else:
            _query(chosen)
    except VitrineError as error:
        problem(error)
        ways_out()


def _choose() -> list[str]:
    """Draw the choice of backbones; returns ids, at most four."""
    known = sorted(BACKBONES, key=lambda id: not has_gallery(id))
    usual = [id for id in known if has_gallery(id) and not missing(BACKBONES[id])][:N_USUAL]
    return choose_several(
        WORDS.compare.choose, "with", known, usual, MAX_BACKBONES,
        placeholder=WORDS.compare.placeholder, help=WORDS.compare.choose_help,
    )  # fmt: skip


def _query(chosen: list[str]) -> None:
    ask.show(words=False)
    receive()
    query = state.pictured()
    if not chosen:
        st.info(WORDS.compare.choose_some, icon=":material/checklist:")
    elif query is None:
        st.info(WORDS.compare.empty, icon=":material/image_search:")
    else:
        columns.show(query, chosen)
