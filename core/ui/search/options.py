"""The options of a search: shown beside the results, kept in the URL."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.config import DEFAULT_K
from core.engine.search.query import Filters
from core.ui.visit import session
from core.ui.words import WORDS

MAX_SHOWN = 20
ALL = "all"


@dataclass(frozen=True)
class Options:
    """How many items are wanted, and which."""

    k: int
    filters: Filters


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
        minimum = st.slider(
            WORDS.search.minimum, 0.0, 1.0, 0.0, 0.01, key="min", help=WORDS.search.minimum_help, bind="query-params"
        )
        st.caption(WORDS.search.catalogue_help)
    labels = frozenset(known[name] for name in names if name in known)
    # A visitor can send what a slider does not offer; what counts is checked here.
    wanted = tuple(sorted({id for id, _ in labels})) or catalogues
    return Options(max(1, min(k, MAX_SHOWN)), Filters(wanted, labels, minimum if minimum > 0 else -1.0))


def class_names(catalogues: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Plain words of every class of some catalogues (all for none) → (catalogue, label)."""
    known = session.catalogues()
    shown = [known[id] for id in catalogues] or list(known.values())
    return {
        f"{words} · {session.title_of(catalogue.id)}": (catalogue.id, label)
        for catalogue in shown
        for label, words in catalogue.classes.items()
    }
