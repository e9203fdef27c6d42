"""The options of a search: shown beside the results, kept in the URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.config import DEFAULT_K
from core.engine.catalogues.items import split_id
from core.engine.search.query import Filters
from core.ui.components import cards, looks
from core.ui.components.link import linked, number
from core.ui.visit import session, state
from core.ui.words import WORDS

MAX_SHOWN = 20
ALL = "all"


@dataclass(frozen=True)
class Options:
    """How many items are wanted, and which.

    Attributes:
        k: How many.
        filters: Which.
        left_out: Ids of the catalogues of whose items it is not known whether they pass.
        notes: A sentence on each value of the link that means nothing.
    """

    k: int
    filters: Filters
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose_catalogue() -> tuple[str, ...]:
    """Draw the choice of catalogue; returns ids, () for all."""
    ids = [ALL, *session.choices()]
    asked = st.query_params.get("catalogue", "")
    named = next((id for id in ids if asked in (id, session.title_of(id))), ALL)
    chosen = linked(
        st.segmented_control, WORDS.common.catalogue, ids, name="catalogue", value=named, usual=ALL,
        format_func=session.title_of, required=True, label_visibility="collapsed",
    )  # fmt: skip
    if problem := session.unavailable(asked):
        st.warning(cards.plain(problem), icon=":material/cloud_off:")
        return ()
    return (chosen,) if chosen in ids[1:] else ()


def choose(catalogues: tuple[str, ...]) -> Options:
    """Draw the other options, for a choice of catalogues."""
    notes: list[str] = []
    with st.popover(WORDS.search.options, icon=":material/tune:").container(width=380):
        k = linked(
            st.slider, WORDS.search.k, 1, MAX_SHOWN,
            name="k", value=int(number("k", 1, MAX_SHOWN, DEFAULT_K)), usual=DEFAULT_K,
        )  # fmt: skip
        names = _several(WORDS.search.classes, "kinds", class_names(catalogues), WORDS.search.classes_placeholder)
        chosen = {name: _chosen(name, catalogues or session.catalogues(), notes) for name in looks.FILTERS}
        minimum = linked(
            st.slider, WORDS.search.minimum, 0.0, 1.0,
            name="min", value=number("min", 0, 1, 0.0), usual=0.0, step=0.01, help=WORDS.search.minimum_help,
        )  # fmt: skip
        st.caption(WORDS.search.catalogue_help)
    labels = frozenset(map(split_id, names))
    # A visitor can send what a slider does not offer; what counts is checked here.
    wanted = tuple(sorted({id for id, _ in labels})) or catalogues
    filters = Filters(wanted, labels, minimum if minimum > 0 else -1.0, **chosen)
    left_out = looks.without(filters.looks, wanted or session.catalogues())
    return Options(max(1, min(k, MAX_SHOWN)), filters, tuple(left_out), tuple(notes))


def chips(catalogues: tuple[str, ...]) -> None:
    """Draw the options that are not as usual; a click takes one away, or all of them."""
    said = {name: values for name, values in state.link().items() if name in state.OPTIONS}
    known = class_names(catalogues)  # a class of a catalogue that is not searched counts for nothing
    chips = [
        (name, value)
        for name, values in said.items()
        for value in values
        if value and (name != "kinds" or value in known)
    ]
    if not chips:
        return
    with st.container(key="chips", horizontal=True, gap="xsmall"):
        for name, value in chips:
            words = WORDS.search.chips[name].format(value=cards.plain(_said(name, value, known)[:60]))
            st.button(
                words, key=f"chip-{name}-{value}", icon=":material/close:", icon_position="right",
                help=WORDS.search.chip_help, on_click=state.drop, args=(name, value),
            )  # fmt: skip
        if len(chips) > 1:
            st.button(WORDS.search.no_chips, key="no-chips", type="tertiary", on_click=state.drop)


def _said(name: str, value: str, kinds: Mapping[str, str]) -> str:
    """A value of an option in words."""
    if name in looks.FILTERS:
        return looks.look(looks.FILTERS[name], value)
    return session.title_of(value) if name == "catalogue" else kinds.get(value, value)


def _several(label: str, name: str, known: Mapping[str, str], placeholder: str) -> list[str]:
    """Draw the choice of several things, whose ids are kept in the link; `known` are their words by id."""
    value = [one for one in dict.fromkeys(st.query_params.get_all(name)) if one in known]
    chosen = linked(
        st.multiselect, label, list(known), name=name, value=value, usual=[], placeholder=placeholder,
        format_func=lambda one: known.get(one, one),
    )  # fmt: skip
    return [one for one in chosen if one in known]


def _chosen(name: str, catalogues: Iterable[str], notes: list[str]) -> frozenset[str]:
    """Draw the choice of colours or patterns, where they are known of a catalogue; a note says what the link has more.

    Raises:
        ArtifactError: What is known of a catalogue is damaged.
    """
    attribute = looks.FILTERS[name]
    words = {one: looks.look(attribute, one) for one in looks.offered(attribute, catalogues)}
    asked = [text for text in st.query_params.get_all(name) if text]
    notes += looks.unknown(name, asked, words)
    if not words:
        return frozenset()
    return frozenset(_several(WORDS.looks.filters[name], name, words, WORDS.looks.placeholders[name]))


def class_names(catalogues: tuple[str, ...]) -> dict[str, str]:
    """Every class of some catalogues (all for none), as "catalogue/label" → its plain words."""
    shown = list(map(session.record_of, catalogues or session.catalogues()))
    return {
        f"{of.id}/{label}": f"{session.class_title(of.id, label, title)} · {session.title_of(of.id)}"
        for of in shown
        for label, title in of.classes.items()
    }
