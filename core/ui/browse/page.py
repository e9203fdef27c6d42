"""The Browse page: all items of the catalogues, page by page. Its whole state is in its link."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import streamlit as st

from core.engine.catalogues import OPENED
from core.engine.catalogues.items import split_id
from core.engine.search.query import Choice
from core.errors import VitrineError
from core.ui.browse import item as browse_item
from core.ui.browse.view import ALL, SIZES, SORTS, View, known_kinds, known_looks, read, write
from core.ui.components import cards, looks
from core.ui.components.controls import problem
from core.ui.components.pictures import picture_of
from core.ui.visit import page, session, state
from core.ui.words import WORDS

COLUMNS = 6
#: Where the items of a page are: catalogue id and row.
Place = tuple[str, int]


def show() -> None:
    """Draw the page."""
    view, notes = read(st.query_params)
    page.remember("browse", write(view))
    page.begin(WORDS.browse.title, "" if view.item else WORDS.browse.heading)
    try:
        if view.item:
            browse_item.show(view)
        else:
            _catalogue(view, notes)
    except VitrineError as error:
        problem(error)
        if view.item:
            _go_button(WORDS.browse.close, "close", replace(view, item=""))


def _catalogue(view: View, notes: list[str]) -> None:
    _filters(view)
    with st.spinner(WORDS.common.looking):
        n, n_within_reach, places = places_of(view)
    n_pages = max(1, -(-n_within_reach // view.size))
    if view.page > n_pages:
        notes = [*notes, WORDS.browse.bad_page.format(value=view.page, page=n_pages)]
        view = replace(view, page=n_pages)
        places = places_of(view)[2]
    if n_within_reach < n:
        notes = [*notes, WORDS.browse.only_first.format(n=n_within_reach)]
    if view.sort == "class" and view.catalogue in OPENED:
        notes = [*notes, WORDS.browse.own_order]
    for note in notes:
        st.info(cards.plain(note), icon=":material/info:")
    looks.say_left_out(looks.without(view.looks, view.catalogues))
    if not n:
        st.info(WORDS.browse.empty, icon=":material/filter_alt:")
        _go_button(WORDS.browse.reset, "reset", View())
        return
    _pager(view, n, n_pages)
    _grid(view, places)
    _steps(view, n_pages)


def _go(view: View) -> None:
    state.set_link(write(view))


def _go_button(label: str, key: str, view: View, **looks: Any) -> None:
    st.button(label, key=key, on_click=_go, args=(view,), **looks)


def _changed(view: View, name: str) -> None:
    """A filter was set: show the first page of what it leaves."""
    value = st.session_state[f"browse-{name}"]
    changed: dict[str, Any] = {"page": 1, name: value}
    changed_view = replace(view, **changed)
    known: dict[str, Iterable[str]] = {"kinds": known_kinds(changed_view), **known_looks(changed_view)}
    left: dict[str, Any] = {
        name: tuple(one for one in ones if one in getattr(changed_view, name)) for name, ones in known.items()
    }
    _go(replace(changed_view, **left))


def _filters(view: View) -> None:
    """The link decides what the widgets show; a widget that is used changes the link."""
    for name in ("catalogue", "sort", "size"):
        st.session_state[f"browse-{name}"] = getattr(view, name)
    for name in ("kinds", *looks.FILTERS):
        st.session_state[f"browse-{name}"] = list(getattr(view, name))
    names = known_kinds(view)
    with st.container(key="browse-filters", horizontal=True, vertical_alignment="top", gap="small"):
        st.segmented_control(
            WORDS.common.catalogue, [ALL, *session.choices()], required=True, key="browse-catalogue", width="content",
            format_func=session.title_of, on_change=_changed, args=(view, "catalogue"),
        )  # fmt: skip
        st.multiselect(
            WORDS.browse.class_label, list(names), format_func=names.__getitem__, key="browse-kinds",
            on_change=_changed, args=(view, "kinds"), placeholder=WORDS.browse.all_classes, wrap=True, width=240,
        )  # fmt: skip
        for name, known in known_looks(view).items():
            _looks(view, name, known)
        for label, name, choices, words in (
            (WORDS.browse.sort, "sort", list(SORTS), WORDS.browse.sorts),
            (WORDS.browse.size, "size", list(SIZES), {size: str(size) for size in SIZES}),
        ):
            st.selectbox(
                label, choices, format_func=words.__getitem__, key=f"browse-{name}", on_change=_changed,
                args=(view, name), width=95 if name == "size" else 170,
            )  # fmt: skip


def _looks(view: View, name: str, known: list[str]) -> None:
    """The choice of colours or patterns, where they are known of a shown catalogue."""
    if known:
        st.multiselect(
            WORDS.looks.filters[name], known, format_func=lambda one: looks.look(looks.FILTERS[name], one),
            key=f"browse-{name}", on_change=_changed, args=(view, name), wrap=True, width=160,
            placeholder=WORDS.looks.placeholders[name],
        )  # fmt: skip


def places_of(view: View) -> tuple[int, int, list[Place]]:
    """How many items the filters leave, how many of them can be paged through, and those of the view's page.

    All catalogues are as one list.
    """
    n, n_within_reach, places = 0, 0, list[Place]()
    start, by_class = (view.page - 1) * view.size, view.sort == "class"
    for catalogue in view.catalogues:
        labels = frozenset(label for of, label in map(split_id, view.kinds) if of == catalogue)
        choice = Choice(labels if view.kinds else None, view.looks)
        page = (
            session.engine()
            .gallery(catalogue)
            .page(choice, view.size - len(places), max(start - n, 0), by_class=by_class)
        )
        places += [(catalogue, position) for position in page.positions]
        n += page.n
        n_within_reach += page.n_within_reach
    return n, n_within_reach, places


def _pager(view: View, n: int, n_pages: int) -> None:
    with st.container(key="browse-pager", horizontal=True, vertical_alignment="center", gap="small"):
        count = WORDS.browse.count.format(n=n, page=view.page, pages=n_pages) if n > 1 else WORDS.browse.one
        st.markdown(count, width="stretch")
        if n_pages > 1:
            st.session_state["browse-page"] = view.page
            st.number_input(
                WORDS.browse.jump, 1, n_pages, step=1, key="browse-page", on_change=_jumped, args=(view,), width=140,
                label_visibility="collapsed", help=WORDS.browse.jump,
            )  # fmt: skip


def _jumped(view: View) -> None:
    _go(replace(view, page=int(st.session_state["browse-page"])))


def _steps(view: View, n_pages: int) -> None:
    """Below the items; above them, the number has its own steps."""
    if n_pages < 2:
        return
    with st.container(key="browse-steps-below", horizontal=True, horizontal_alignment="center"):
        earlier, later = replace(view, page=view.page - 1), replace(view, page=view.page + 1)
        _go_button(WORDS.browse.earlier, "earlier", earlier, disabled=view.page <= 1, icon=":material/arrow_back:")
        _go_button(WORDS.browse.later, "later", later, disabled=view.page >= n_pages, icon=":material/arrow_forward:")


def _grid(view: View, places: list[Place]) -> None:
    with st.grid(COLUMNS, min_column_width=130, gap="small", key="browse-grid") as grid:
        for catalogue, position in places:
            gallery = session.engine().gallery(catalogue)
            item = gallery.items.row(position)
            with grid.cell():
                st.html(cards.item_html(item, picture_of(gallery, position)))
                browse_item.open_button(view, item.id, session.called(item))
    page.arrive(str(write(view)))
