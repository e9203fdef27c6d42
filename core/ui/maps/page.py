"""The page of maps: every item where its backbone sees it, what lies where it should not, and the query among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import streamlit as st

from core.config import DEFAULT_BACKBONE, MAX_WORDS
from core.engine.backbones import BACKBONES
from core.errors import VitrineError
from core.maps import points
from core.maps.files import chart_of, known_maps, repair
from core.ui.components import cards
from core.ui.components.controls import problem
from core.ui.maps import component, grid
from core.ui.maps.placed import placed as placed_on
from core.ui.maps.view import COLOURS, View, read, rivals, write
from core.ui.visit import keys, page, session, state
from core.ui.words import WORDS

NOTHING = np.empty(0, np.int64)
#: Pieces that a part of an id may find.
MOST_FOUND = 200


def show() -> None:
    """Draw the page."""
    page.begin(WORDS.maps.title, WORDS.maps.heading)
    _maps()


@st.fragment
def _maps() -> None:
    """All of the page that changes."""
    try:
        known = sorted(set(known_maps()) & set(BACKBONES), key=lambda id: id != DEFAULT_BACKBONE)
        if known:
            _body(known)
        else:
            st.info(WORDS.maps.none, icon=":material/map:")
            st.code(repair(DEFAULT_BACKBONE), language="bash")
    except VitrineError as error:
        problem(error)


def _body(known: list[str]) -> None:
    view, notes = read(st.query_params, known)
    st.markdown(WORDS.maps.lead)
    for note in notes:
        st.info(cards.plain(note), icon=":material/info:")
    _controls(view, known)
    placed, lit = placed_on(view.maps), st.session_state.get(keys.MAPS_DRAWN, NOTHING)
    if view.kind:
        lit = _numbers_of(view.map, view.kind)
    component.show(view, lit, placed, lambda: _drawn(view, known), _opened)
    _faithfulness(view)
    if placed is not None:
        st.html(f'<h2 class="vt-title">{WORDS.maps.closest}</h2>')
        grid.tiles(np.array(placed.nearest[: placed.n_hits]), "maps-closest")
    if len(lit):
        grid.show(lit, view)
    _mistakes(view, known)
    with st.expander(WORDS.maps.table, icon=":material/table:"):
        st.html(grid.table_html(chart_of(view.map)[0]))


def _go(view: View, known: list[str]) -> None:
    """Keep the view in the link, and the query that is there."""
    query: dict[str, str] = {name: ref for name in state.URL_KINDS.values() if (ref := st.query_params.get(name))}
    state.set_link(query | write(view, View(known[0])))


def _changed(view: View, known: list[str], name: str) -> None:
    if name == "kind":
        keys.forget(keys.MAPS_DRAWN)
    view = replace(view, **{name: st.session_state[f"maps-{name}"]})
    if view.beside == view.map:
        view = replace(view, beside="")
    if view.second not in rivals(view.first):
        view = replace(view, second=rivals(view.first)[0])
    _go(view, known)


def _choice(view: View, known: list[str], name: str, label: str, names: Mapping[str, str], width: int) -> None:
    """A choice whose value is in the link; the link decides what it shows."""
    st.session_state[f"maps-{name}"] = getattr(view, name)
    st.selectbox(
        label, list(names), format_func=names.__getitem__, key=f"maps-{name}", on_change=_changed,
        args=(view, known, name), width=width,
    )  # fmt: skip


def _kinds() -> dict[str, str]:
    return {kind.id: f"{session.class_title(*kind)} · {session.title_of(kind.catalogue)}" for kind in points.KINDS}


def _controls(view: View, known: list[str]) -> None:
    titles = {id: BACKBONES[id].title for id in known}
    others = {id: title for id, title in titles.items() if id != view.map}
    with st.container(key="maps-controls", horizontal=True, vertical_alignment="bottom", gap="small"):
        _choice(view, known, "map", WORDS.maps.map, titles, 180)
        if others:
            _choice(view, known, "beside", WORDS.maps.beside, {"": WORDS.maps.no_second} | others, 180)
        _choice(view, known, "colour", WORDS.maps.colour, {id: WORDS.maps.colours[id] for id in COLOURS}, 170)
        _choice(view, known, "kind", WORDS.maps.kind, {"": WORDS.maps.no_kind} | _kinds(), 200)
        st.text_input(
            WORDS.maps.find, key="maps-find", on_change=_find, args=(view, known), width=190,
            placeholder=WORDS.maps.find_example, max_chars=MAX_WORDS,
        )  # fmt: skip
        names = {"": WORDS.maps.no_query} | WORDS.common.samples
        current = state.current()
        st.session_state["maps-sample"] = current.ref if current and current.ref in WORDS.common.samples else ""
        st.selectbox(
            WORDS.maps.query, list(names), format_func=names.__getitem__, key="maps-sample", on_change=_sample,
            width=110,
        )  # fmt: skip
    if problem := st.session_state.pop(keys.MAPS_PROBLEM, ""):
        st.warning(cards.plain(problem), icon=":material/search_off:")


def _find(view: View, known: list[str]) -> None:
    """Place the piece whose id, or a part of it, was typed; several are lit as if they had been drawn around."""
    text = st.session_state["maps-find"].strip()
    if not text:
        return
    numbers = points.numbers_with(text)
    if len(numbers) == 1:
        component.make_query(int(numbers[0]))
    elif 0 < len(numbers) <= MOST_FOUND:
        st.session_state[keys.MAPS_DRAWN] = numbers
        _go(replace(view, kind=""), known)
    else:
        words = WORDS.maps.found_many if len(numbers) else WORDS.maps.found_none
        st.session_state[keys.MAPS_PROBLEM] = words.format(text=text[:60], n=len(numbers), most=MOST_FOUND)


def _sample() -> None:
    name = st.session_state["maps-sample"]
    if name:
        state.go(state.Asked("sample", name))
    else:
        state.leave()
        keys.forget(keys.ANSWER)


def _drawn(view: View, known: list[str]) -> None:
    """Something was drawn around points: it takes the place of the class."""
    st.session_state[keys.MAPS_DRAWN] = component.drawn()
    _go(replace(view, kind=""), known)


def _opened() -> None:
    number = component.opened()
    if number is not None:
        st.session_state[keys.MAPS_CLICKED] = number
        component.make_query(number)


def _numbers_of(backbone_id: str, kind: str) -> np.ndarray:
    chart, _ = chart_of(backbone_id)
    return points.numbers_on(chart)[points.codes_of(chart)[0] == points.CODES[kind]]


def _faithfulness(view: View) -> None:
    for id in view.maps:
        facts = chart_of(id)[1]
        trust, kept = facts.faithfulness.trustworthiness, facts.faithfulness.neighbours_kept
        st.caption(
            WORDS.maps.faithful.format(
                title=BACKBONES[id].title, n=facts.count, trust=trust.value, trust_low=trust.low, trust_high=trust.high,
                k=facts.faithfulness.k, kept=kept.value, kept_low=kept.low, kept_high=kept.high,
            )
        )  # fmt: skip


def _mistakes(view: View, known: list[str]) -> None:
    kinds = _kinds()
    with st.expander(WORDS.maps.mistakes, icon=":material/compare_arrows:", expanded=True):
        with st.container(key="maps-pair", horizontal=True, gap="small"):
            _choice(view, known, "first", WORDS.maps.first, kinds, 260)
            _choice(view, known, "second", WORDS.maps.second, {id: kinds[id] for id in rivals(view.first)}, 260)
        grid.mistakes(view)
