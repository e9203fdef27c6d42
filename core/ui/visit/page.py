"""What every page begins with: its title and looks, the links to the other pages, the name of the house.

The links' paths are those that Streamlit finds by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import cast

import streamlit as st

from core.ui.visit import keys
from core.ui.visit.state import PICTURED
from core.ui.words import WORDS

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")
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


def begin(title: str, heading: str = "", lead: str = "", headline: Sequence[str] = ()) -> None:
    """Draw the top of a page.

    Args:
        title: For the browser's tab.
        heading: Of the page, below the name of the house; "" for none.
        lead: A sentence below it.
        headline: Lines of a large one, where nothing has been asked yet.
    """
    st.set_page_config(page_title=title, page_icon=ICON, layout="wide")
    st.html(STYLE)
    _navigation()
    st.html(_header_html(headline, lead))
    if heading:
        quiet = f'<p class="vt-quiet">{escape(lead)}</p>' if lead else ""
        st.html(f'<h2 class="vt-browse-heading">{escape(heading)}</h2>{quiet}')


def _navigation() -> None:
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


def _header_html(headline: Sequence[str], lead: str) -> str:
    """The name of the house, with the headline if there is one."""
    name = escape(WORDS.common.name)
    if not headline:
        return f'<header class="vt-header"><h1 class="vt-name">{name}</h1></header>'
    return (
        f'<header class="vt-hero"><p class="vt-name">{name}</p>'
        f'<h1>{"<br>".join(map(escape, headline))}</h1><p class="vt-lead">{escape(lead)}</p></header>'
    )


def step(heading: str) -> None:
    """The heading of a step of a page."""
    st.html(f'<h3 class="vt-step">{escape(heading)}</h3>')
