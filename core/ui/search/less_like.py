"""Pushing a query away from hits: a button on each, and a chip for each that was chosen. The URL holds their ids."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.config import MAX_LESS_ITEMS
from core.engine.search.engine import Hit
from core.errors import VitrineError
from core.ui.components import cards
from core.ui.visit import session, state
from core.ui.words import WORDS, say


def button(query: state.Asked, hit: Hit) -> None:
    """Draw the button that pushes a query away from one of its hits."""
    items = query.wording.less_items
    full = len(items) >= MAX_LESS_ITEMS
    st.button(
        WORDS.search.less_like,
        key=f"less-{hit.id}",
        type="tertiary",
        width="stretch",
        disabled=full,
        help=WORDS.search.less_like_full.format(n=MAX_LESS_ITEMS) if full else None,
        on_click=state.go,
        args=(_with(query, (*items, hit.id)),),
    )


def chips(query: state.Asked) -> None:
    """Draw what the query is pushed away from; a click takes it back. What is not here is said, and does not count."""
    items = query.wording.less_items
    if not items:
        return
    with st.container(key="less-like", horizontal=True, gap="xsmall"):
        for id in items:
            st.button(
                WORDS.search.less_like_chip.format(name=cards.plain(session.name_of(id))),
                key=f"unless-{id}",
                icon=":material/close:",
                icon_position="right",
                on_click=state.go,
                args=(_with(query, tuple(other for other in items if other != id)),),
            )
    for problem in dict.fromkeys(filter(None, map(_problem, items))):
        st.warning(cards.plain(problem), icon=":material/info:")


def known(query: state.Asked) -> state.Asked:
    """The same query without the items that this session does not have."""
    return _with(query, tuple(id for id in query.wording.less_items if not _problem(id)))


def _with(query: state.Asked, items: tuple[str, ...]) -> state.Asked:
    return replace(query, wording=replace(query.wording, less_items=items))


def _problem(id: str) -> str:
    """Why an item cannot be used, "" where it can."""
    try:
        session.find(id)
    except VitrineError as error:
        return say(error)
    return ""
