"""The options of a search: shown beside the results, kept in the URL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from core.config import DEFAULT_K
from core.engine.search.query import Filters
from core.ui.components import looks
from core.ui.visit import session
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
    chosen = st.segmented_control(
        WORDS.common.catalogue,
        [ALL, *sorted(session.catalogues())],
        default=ALL,
        required=True,
        format_func=session.title_of,
        key="catalogue",
        label_visibility="collapsed",
        bind="query-params",
    )
    return (chosen,) if chosen in session.catalogues() else ()


def choose(catalogues: tuple[str, ...]) -> Options:
    """Draw the other options, for a choice of catalogues."""
    notes: list[str] = []
    with st.popover(WORDS.search.options, icon=":material/tune:").container(width=380):
        k = st.slider(WORDS.search.k, 1, MAX_SHOWN, DEFAULT_K, key="k", bind="query-params")
        known = class_names(catalogues)
        names = st.multiselect(
            WORDS.search.classes,
            list(known),
            key="kinds",
            placeholder=WORDS.search.classes_placeholder,
            bind="query-params",
        )
        chosen = {name: _chosen(name, catalogues or session.catalogues(), notes) for name in looks.FILTERS}
        minimum = st.slider(
            WORDS.search.minimum, 0.0, 1.0, 0.0, 0.01, key="min", help=WORDS.search.minimum_help, bind="query-params"
        )
        st.caption(WORDS.search.catalogue_help)
    labels = frozenset(known[name] for name in names if name in known)
    # A visitor can send what a slider does not offer; what counts is checked here.
    wanted = tuple(sorted({id for id, _ in labels})) or catalogues
    filters = Filters(wanted, labels, minimum if minimum > 0 else -1.0, **chosen)
    left_out = looks.without(filters.looks, wanted or session.catalogues())
    return Options(max(1, min(k, MAX_SHOWN)), filters, tuple(left_out), tuple(notes))


def _chosen(name: str, catalogues: Iterable[str], notes: list[str]) -> frozenset[str]:
    """Draw the choice of colours or patterns, where they are known of a catalogue; a note says what the link has more.

    Raises:
        ArtifactError: What is known of a catalogue is damaged.
    """
    attribute = looks.FILTERS[name]
    words = {looks.look(attribute, one)[0]: one for one in looks.offered(attribute, catalogues)}
    asked = [text for text in st.query_params.get_all(name) if text]
    notes += looks.unknown(name, asked, words)
    if not words:
        return frozenset()
    label, placeholder = WORDS.looks.filters[name], WORDS.looks.placeholders[name]
    chosen = st.multiselect(label, list(words), key=name, placeholder=placeholder, bind="query-params")
    return frozenset(words[one] for one in chosen if one in words)


def class_names(catalogues: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Plain words of every class of some catalogues (all for none) → (catalogue, label)."""
    known = session.catalogues()
    shown = [known[id] for id in catalogues] or list(known.values())
    return {
        f"{words} · {session.title_of(catalogue.id)}": (catalogue.id, label)
        for catalogue in shown
        for label, words in catalogue.classes.items()
    }
