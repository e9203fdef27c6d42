"""The page of a visitor's own catalogue: what is in it, and what can be done with it."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import Skipped
from core.own.items import OWN
from core.ui.components.controls import problem
from core.ui.own import embeddings, evaluate, manage, queries, sources
from core.ui.own import job as own_job
from core.ui.own import map as own_map
from core.ui.visit import keys, page, session
from core.ui.words import WORDS, counted, in_link, say


def show() -> None:
    """Draw the page."""
    page.begin(WORDS.own.title, WORDS.own.heading)
    job = own_job.current()
    if job:
        own_job.show(job)
    else:
        _at_rest(session.own())


def _at_rest(mine: OwnCatalogue | None) -> None:
    if not mine:
        _welcome()
        _notes()
        sources.show()
        sources.show_others()
        st.caption(WORDS.own.privacy)
        return
    _summary(mine)
    _notes()
    section = st.segmented_control(
        WORDS.own.section, list(WORDS.own.sections), default="items", required=True, key="own-section",
        format_func=lambda id: WORDS.own.sections[id], label_visibility="collapsed",
    )  # fmt: skip
    if section == "add":
        sources.show()
    elif section == "queries":
        queries.show()
    elif section == "duplicates":
        manage.duplicates(mine)
    elif section == "evaluate":
        evaluate.show(mine)
    elif section == "embeddings":
        embeddings.show(mine)
    elif section == "map":
        own_map.show(mine)
    elif section == "downloads":
        manage.downloads(mine)
    else:
        manage.items(mine)
    st.caption(WORDS.own.privacy)


def _welcome() -> None:
    steps = "".join(f"<li>{escape(line)}</li>" for line in WORDS.own.lead)
    st.html(f'<ol class="vt-steps">{steps}</ol>')


def _notes() -> None:
    """What came of the last thing that was done."""
    if note := st.session_state.get(keys.OWN_NOTE):
        st.success(note, icon=":material/check:")
    manage.undo()
    problem(st.session_state.get(keys.OWN_PROBLEM, ""))
    skipped: list[Skipped] = st.session_state.get(keys.OWN_SKIPPED, [])
    if skipped:
        with st.expander(WORDS.own.skipped.format(n=len(skipped)), icon=":material/block:"):
            said = ((say(one.name), say(one.reason)) for one in skipped)
            rows = [dict(zip(WORDS.own.skipped_columns, row, strict=True)) for row in said]
            st.dataframe(rows, hide_index=True, width="stretch")


def _summary(mine: OwnCatalogue) -> None:
    n_labels = len(set(mine.labels) - {""})
    used, limit = mine.n_bytes / 1e6, mine.quota.memory / 1e6
    with st.container(key="own-summary", horizontal=True, vertical_alignment="center", gap="medium"):
        pictures, labels = counted(WORDS.own.n_pictures, len(mine)), counted(WORDS.own.n_labels, n_labels)
        said = WORDS.own.count.format(pictures=pictures, labels=labels, used=used, limit=limit)
        st.markdown(said, width="content")
        st.page_link(page.PAGES["search"], label=WORDS.own.search, icon=":material/search:", query_params=in_link())
        st.page_link(
            page.PAGES["browse"], label=WORDS.own.browse, icon=":material/grid_view:",
            query_params={"catalogue": OWN, **in_link()},
        )  # fmt: skip
        with st.popover(WORDS.own.start_over, type="tertiary", icon=":material/close:"):
            st.write(WORDS.own.start_over_note)
            st.button(WORDS.own.start_over_yes, key="own-forget", on_click=session.drop)
