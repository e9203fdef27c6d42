"""An opened item of the Browse page: large, with the items that look most like it, and the way back."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import cast

import streamlit as st

from core.engine.catalogues.items import Item
from core.engine.search.engine import Hit
from core.engine.search.gallery import Gallery
from core.engine.search.query import Query
from core.ui.browse import twins
from core.ui.browse.view import View, write
from core.ui.components import cards
from core.ui.components.pictures import Picture, picture_of
from core.ui.visit import keys, page, session, state
from core.ui.words import WORDS

N_NEIGHBOURS = 12
COLUMNS = 4
#: Items that a session remembers of its way, and how many of them are shown.
MAX_TRAIL = 20
MAX_CRUMBS = 5


def show(view: View) -> None:
    """Draw the opened item of a view.

    Raises:
        VitrineError: There is no such item, or its catalogue cannot be used.
    """
    gallery, position = session.find(view.item)
    item = gallery.items.row(position)
    _ways_back(view)
    left, right = st.columns([1.2, 2], gap="large")
    with left:
        st.html(_item_html(item, picture_of(gallery, position)))
    with right:
        hits = session.engine().search(Query(item=item.id, k=N_NEIGHBOURS)).hits
        heading = WORDS.browse.near.format(n=len(hits)) if hits else WORDS.browse.alone
        st.html(f'<h2 class="vt-title">{escape(heading)}</h2>')
        _neighbours(view, gallery, position, hits)
    page.arrive(item.id, heading)


def open_button(view: View, item_id: str, label: str) -> None:
    """A button that opens an item."""
    st.button(cards.plain(label), key=f"open-{item_id}", width="stretch", on_click=_open, args=(view, item_id))


def trail(now: str) -> list[str]:
    """Ids of the items visited before the one that is open, the last one last."""
    steps = list(cast("list[str]", st.session_state.get(keys.BROWSE_TRAIL, [])))
    return steps[: steps.index(now)] if now in steps else steps


def _open(view: View, item_id: str) -> None:
    steps = trail(view.item) if view.item else []
    if view.item:
        steps.append(view.item)
    if item_id in steps:  # going on to an item of the way is going back to it
        steps = steps[: steps.index(item_id)]
    st.session_state[keys.BROWSE_TRAIL] = steps[-MAX_TRAIL:]
    state.set_link(write(replace(view, item=item_id)))


def _close(view: View) -> None:
    keys.forget(keys.BROWSE_TRAIL)
    state.set_link(write(replace(view, item="")))


def _ways_back(view: View) -> None:
    with st.container(key="browse-crumbs", horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.button(WORDS.browse.close, key="close", icon=":material/grid_view:", on_click=_close, args=(view,))
        for n, id in enumerate(trail(view.item)[-MAX_CRUMBS:]):
            st.button(
                cards.plain(session.name_of(id)), key=f"crumb-{n}", type="tertiary", icon=":material/chevron_left:",
                help=WORDS.browse.trail, on_click=_open, args=(view, id),
            )  # fmt: skip


def _item_html(item: Item, picture: Picture) -> str:
    kicker = f'<p class="vt-kicker">{escape(session.title_of(item.catalogue))}</p>'
    title = f'<h2 class="vt-title">{escape(session.called(item))}</h2>'
    id = f'<p class="vt-quiet vt-id">{escape(WORDS.browse.id)} {escape(item.id)}</p>'
    return f'<div class="vt-opened">{cards.item_html(item, picture, kicker + title + id)}</div>'


def _neighbours(view: View, gallery: Gallery, position: int, hits: list[Hit]) -> None:
    with st.grid(COLUMNS, min_column_width=130, gap="small", key="browse-near") as grid:
        for hit in hits:
            other = session.engine().gallery(hit.catalogue)
            mark = twins.mark(gallery, position, hit)
            badge = f'<span class="vt-mark">{escape(WORDS.browse.marks[mark])}</span>' if mark else ""
            with grid.cell():
                st.html(cards.item_html(hit, picture_of(other, hit.position), badge + cards.facts_html(hit)))
                open_button(view, hit.id, session.called(hit))
