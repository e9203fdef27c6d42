"""The page of a visitor's own catalogue: what is in it, and what can be done with it."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.catalogues.incoming import Skipped
from core.own_catalogue import OwnCatalogue
from core.own_items import OWN
from core.ui import cards, navigation, own_job, own_manage, own_queries, own_session, own_sources
from core.ui.front import STYLE
from core.ui.words import WORDS


def show() -> None:
    """Draw the page."""
    st.html(STYLE)
    navigation.show()
    st.html(cards.header_html(0, large=False))
    st.html(f'<h2 class="vt-browse-heading">{escape(WORDS.own_heading)}</h2>')
    job = own_job.current()
    if job:
        own_job.show(job)
    else:
        _at_rest(own_session.own())


def _at_rest(mine: OwnCatalogue | None) -> None:
    if not mine:
        _welcome()
        _notes()
        own_sources.show()
        st.caption(WORDS.own_privacy)
        return
    _summary(mine)
    _notes()
    section = st.segmented_control(
        WORDS.own_section, list(WORDS.own_sections), default="items", required=True, key="own-section",
        format_func=lambda id: WORDS.own_sections[id], label_visibility="collapsed",
    )  # fmt: skip
    if section == "add":
        own_sources.show()
    elif section == "queries":
        own_queries.show()
    elif section == "duplicates":
        own_manage.duplicates(mine)
    elif section == "downloads":
        own_manage.downloads(mine)
    else:
        own_manage.items(mine)
    st.caption(WORDS.own_privacy)


def _welcome() -> None:
    steps = "".join(f"<li>{escape(line)}</li>" for line in WORDS.own_lead)
    st.html(f'<ol class="vt-steps">{steps}</ol>')


def _notes() -> None:
    """What came of the last thing that was done."""
    if note := st.session_state.get("own-note"):
        st.success(note, icon=":material/check:")
    if problem := st.session_state.get("own-problem"):
        st.error(cards.plain(problem), icon=":material/error:")
    skipped: list[Skipped] = st.session_state.get("own-skipped", [])
    if skipped:
        with st.expander(WORDS.own_skipped.format(n=len(skipped)), icon=":material/block:"):
            rows = [dict(zip(WORDS.own_skipped_columns, (one.name, one.reason), strict=True)) for one in skipped]
            st.dataframe(rows, hide_index=True, width="stretch")


def _summary(mine: OwnCatalogue) -> None:
    n_labels = len(set(mine.labels) - {""})
    used, limit = mine.n_bytes / 1e6, mine.quota.memory / 1e6
    with st.container(key="own-summary", horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(WORDS.own_count.format(n=len(mine), labels=n_labels, used=used, limit=limit), width="content")
        st.page_link(navigation.PAGES["search"], label=WORDS.own_search, icon=":material/search:")
        st.page_link(
            navigation.PAGES["browse"], label=WORDS.own_browse, icon=":material/grid_view:",
            query_params={"catalogue": OWN},
        )  # fmt: skip
        with st.popover(WORDS.own_start_over, type="tertiary", icon=":material/close:"):
            st.write(WORDS.own_start_over_note)
            st.button(WORDS.own_start_over_yes, key="own-forget", on_click=own_session.drop)
