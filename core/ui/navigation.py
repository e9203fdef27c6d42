"""The links between the pages, at the top of each; the paths are those that Streamlit finds by itself."""

from __future__ import annotations

import streamlit as st

from core.ui.state import URL_KINDS
from core.ui.words import WORDS

PAGES = {"search": "app.py", "browse": "pages/1_Browse.py", "compare": "pages/3_Compare.py"}


def show() -> None:
    """Draw the links; what is searched with goes along to where it can be compared."""
    carried: dict[str, str] = {kind: ref for kind in URL_KINDS if (ref := st.query_params.get(kind))}
    with st.container(key="navigation", horizontal=True, horizontal_alignment="right", gap="small"):
        for name, path in PAGES.items():
            st.page_link(
                path,
                label=WORDS.navigation[name],
                width="content",
                query_params=carried if name == "compare" else {},
            )
