"""The links between the pages, at the top of each; the paths are those that Streamlit finds by itself."""

from __future__ import annotations

import streamlit as st

from core.ui.words import WORDS

PAGES = {"search": "app.py", "browse": "pages/1_Browse.py", "maps": "pages/4_Maps.py"}


def show() -> None:
    """Draw the links."""
    with st.container(key="navigation", horizontal=True, horizontal_alignment="right", gap="small"):
        for name, path in PAGES.items():
            st.page_link(path, label=WORDS.navigation[name], width="content")
