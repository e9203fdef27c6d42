"""What every page begins with: its title, looks and script, the links to the other pages, the name of the house.

The links' paths are those that Streamlit finds by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import cast

import streamlit as st

from core.config import MAX_IMAGE_BYTES
from core.ui.visit import keys, session
from core.ui.visit.state import PICTURED, REGION
from core.ui.words import LANG, WORDS, choose, in_link, language, languages, words_in

STYLE = Path(__file__).with_name("style.css")
SCRIPT = Path(__file__).with_name("page.js")
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
    dress(title)
    _navigation()
    kept = (
        '<span class="vt-kept" hidden></span>' if session.own() else ""
    )  # of which the script warns before it is lost
    st.html(_heading_html(heading or title, lead, headline, shown=bool(heading)) + kept)


def dress(title: str) -> None:
    """Give a page its name for the browser's tab, its looks and its script."""
    st.set_page_config(page_title=title, page_icon=ICON, layout="wide")
    said = {
        "language": WORDS.common.tag, "navigation": WORDS.common.links, "skip": WORDS.common.skip,
        "widgets": _of_widgets(), "limit": MAX_IMAGE_BYTES,
    }  # fmt: skip
    _run(f"window.vitrineWords={_quoted(said)};{SCRIPT.read_text('utf-8')}")


def _of_widgets() -> list[tuple[str, str]]:
    """What Streamlit's own widgets say, as it is or in another language, and what they are to say; longest first."""
    wanted = WORDS.common.widgets
    pairs = {
        (said, wanted[name])
        for other in languages()
        for name, said in words_in(other).common.widgets.items()
        if said != wanted[name]
    }
    return sorted(pairs, key=lambda pair: (-len(pair[0]), pair))


def arrive(at: str, said: str = "") -> None:
    """Begin what was asked for at the top of the page, since the button that led here may have been far down.

    Args:
        at: What is shown; as long as it stays the same, nothing happens.
        said: What came of it, for whoever hears the page.
    """
    _run(f"window.vitrine.arrive({_quoted(said)});/*{_quoted(at).replace('*', '')}*/")


def _run(script: str) -> None:
    """Run a script in the page, once for as long as it stays the same."""
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def _quoted(said: object) -> str:
    """Texts and numbers as a script may hold them, whatever is in them."""
    return json.dumps(said).replace("<", "\\u003c")


def _navigation() -> None:
    """Draw the links, each to what was last seen there; what is searched with goes along to where it is compared."""
    left = cast("dict[str, Params]", st.session_state.get(keys.PAGES_LEFT, {}))
    carried: Params = {name: ref for name in (*PICTURED, REGION) if (ref := st.query_params.get(name))}
    with st.container(key="navigation", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="home", width="stretch"):
            st.page_link(PAGES["search"], label=WORDS.common.name, query_params=in_link(), width="content")
        for name, path in PAGES.items():
            seen = {**left.get(name, {}), **(carried if name == "compare" else {}), **in_link()}
            st.page_link(path, label=WORDS.common.navigation[name], query_params=seen, width="content")
        _languages()


def _languages() -> None:
    """The other languages, each by its own name."""
    for other in languages():
        if other != language():
            name, tag = words_in(other).common.language, words_in(other).common.tag
            st.button(name, key=f"language-{tag}", type="tertiary", on_click=choose, args=(other,))


def remember(name: str, params: Params) -> None:
    """Keep what a page shows, as the parameters of its link, for this visit."""
    st.session_state[keys.PAGES_LEFT] = st.session_state.get(keys.PAGES_LEFT, {}) | {
        name: {key: value for key, value in params.items() if key != LANG}
    }


def _heading_html(heading: str, lead: str, headline: Sequence[str], shown: bool) -> str:
    """The heading of a page; one that is not shown is only read out."""
    if headline:
        lines = "<br>".join(map(escape, headline))
        return f'<header class="vt-hero"><h1>{lines}</h1><p class="vt-lead">{escape(lead)}</p></header>'
    if not shown:
        return f'<h1 class="vt-spoken">{escape(heading)}</h1>'
    quiet = f'<p class="vt-quiet">{escape(lead)}</p>' if lead else ""
    return f'<h1 class="vt-browse-heading">{escape(heading)}</h1>{quiet}'


def step(heading: str) -> None:
    """The heading of a step of a page."""
    st.html(f'<h2 class="vt-step">{escape(heading)}</h2>')
