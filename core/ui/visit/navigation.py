"""The links between the pages, at the top of each; the paths are those that Streamlit finds by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import streamlit as st

from core.ui.visit import keys
from core.ui.visit.state import PICTURED
from core.ui.words import WORDS

#: What a page's link holds.
Params = Mapping[str, str | list[str]]

PAGES = {
    "search": "app.py",
    "browse": "pages/1_Browse.py",
    "own": "pages/2_Your_catalogue.py",
    "compare": "pages/3_Compare.py",
    "maps": "pages/4_Maps.py",
    "train": "pages/5_Train_a_classifier.py",
}


def show() -> None:
    """Draw the links, each to what was last seen there; what is searched with goes along to where it is compared."""
    left = cast("dict[str, Params]", st.session_state.get(keys.PAGES_LEFT, {}))
    carried: Params = {name: ref for name in PICTURED if (ref := st.query_params.get(name))}
    with st.container(key="navigation", horizontal=True, horizontal_alignment="right", gap="small"):
        for name, path in PAGES.items():
            seen = {**left.get(name, {}), **(carried if name == "compare" else {})}
            st.page_link(path, label=WORDS.common.navigation[name], query_params=seen, width="content")


def remember(name: str, params: Params) -> None:
    """Keep what a page shows, as the parameters of its link, for this visit."""
    st.session_state[keys.PAGES_LEFT] = st.session_state.get(keys.PAGES_LEFT, {}) | {name: params}
