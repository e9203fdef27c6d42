"""What every page begins with: its title and looks, the links to the other pages, the name of the house."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from core.ui.visit import navigation
from core.ui.words import WORDS

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")


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
    navigation.show()
    st.html(_header_html(headline, lead))
    if heading:
        quiet = f'<p class="vt-quiet">{escape(lead)}</p>' if lead else ""
        st.html(f'<h2 class="vt-browse-heading">{escape(heading)}</h2>{quiet}')


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
