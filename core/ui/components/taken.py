"""What queries of known classes are taken for: as a picture, as a table, and the misses themselves to look at."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from core.engine.retrieval import GUESSES, Guess, TakenFor, matrix_rows
from core.ui.components import plots
from core.ui.components.controls import paged
from core.ui.components.tables import files
from core.ui.words import WORDS, figure

PAGE = 8
_ALL = ""


def show(
    taken: TakenFor, key: str, file: str, title: Callable[[str], str], tile: Callable[[int, str, str], str]
) -> None:
    """Draw it.

    Args:
        taken: What every query was taken for.
        key: Start of the widgets' keys.
        file: Start of the files' names.
        title: Class -> what visitors read.
        tile: Position of an item, its alternative text, the line below it -> HTML of its small picture.
    """
    by: Guess = st.segmented_control(
        WORDS.taken.by, GUESSES, default=GUESSES[0], required=True, key=f"{key}-by", format_func=WORDS.taken.guesses.get
    )
    table = taken.matrix(by)
    seen = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    table, names = table[np.ix_(seen, seen)], [title(taken.names[number]) for number in seen]
    n_right, n = int(np.trace(table)), int(table.sum())
    st.markdown(WORDS.taken.summary.format(right=n_right, n=n, share=n_right / n))
    axes = WORDS.taken.axis_truth, WORDS.taken.axis_guess
    plots.draw(
        plots.matrix(plots.written(names), table, axes), f"{file}-confusion-{by}", f"{key}-matrix", WORDS.taken.alt
    )
    with st.expander(WORDS.taken.as_table, icon=":material/table:"):
        rows = matrix_rows(names, table)
        st.dataframe(rows, hide_index=True, alt=WORDS.taken.alt, key=f"{key}-table")
        files(["", *names], rows, f"{file}-confusion-{by}", f"{key}-matrix")
    _misses(taken, by, key, title, tile)


@st.fragment
def _misses(
    taken: TakenFor, by: Guess, key: str, title: Callable[[str], str], tile: Callable[[int, str, str], str]
) -> None:
    st.markdown(f"**{WORDS.taken.misses}**")
    every = taken.misses(by)
    if not len(every):
        st.success(WORDS.taken.no_misses, icon=":material/check:")
        return
    with st.container(key=f"{key}-which", horizontal=True, vertical_alignment="bottom"):
        truth = _class(WORDS.taken.truth, taken, taken.truth[every], f"{key}-truth", title)
        some = taken.misses(by, truth)
        guess = _class(WORDS.taken.guess, taken, taken.guesses[by][some], f"{key}-guess-{truth}", title)
        rows = taken.misses(by, truth, guess)
        page = paged(len(rows), PAGE, WORDS.taken.page, f"{key}-page-{by}-{truth}-{guess}")
    for row in rows[page]:
        st.html(_miss_html(taken, int(row), by, title, tile))


def _class(label: str, taken: TakenFor, classes: np.ndarray, key: str, title: Callable[[str], str]) -> str:
    """Draw a choice among the classes of some misses, the most frequent first; "" is all of them."""
    numbers, counts = np.unique(classes, return_counts=True)
    found = {taken.names[numbers[i]]: int(counts[i]) for i in np.argsort(-counts, kind="stable")}
    sizes = {_ALL: len(classes)} | found
    text = WORDS.taken.of_class
    chosen = st.selectbox(
        label, list(sizes), key=key, width=260,
        format_func=lambda name: text.format(name=title(name) if name else WORDS.taken.all_classes, n=sizes[name]),
    )  # fmt: skip
    return str(chosen)


def _miss_html(
    taken: TakenFor, row: int, by: Guess, title: Callable[[str], str], tile: Callable[[int, str, str], str]
) -> str:
    """A query beside what it finds; each hit has its class and similarity, and a sign of whether that is right."""
    truth, guess = (title(taken.names[codes[row]]) for codes in (taken.truth, taken.guesses[by]))
    query = tile(int(taken.queries[row]), WORDS.taken.query_alt.format(truth=truth, guess=guess), truth)
    hits = ""
    for position, number, similarity in zip(
        taken.near[row].tolist(), taken.near_classes[row].tolist(), taken.similarities[row].tolist(), strict=True
    ):
        if similarity < -1:  # what the query must not find
            continue
        kind = "same" if number == taken.truth[row] else "other"
        name = title(taken.names[number])
        line = f"{WORDS.looks.signs[kind]} {figure(similarity, '.3f')} {name}"
        hits += tile(position, WORDS.taken.hit_alt[kind].format(name=name, similarity=similarity), line)
    heading = f'<p class="vt-kicker">{escape(WORDS.taken.miss.format(truth=truth, guess=guess))}</p>'
    return (
        f'{heading}<section class="vt-answer"><div class="vt-tiles">{query}</div>'
        f'<div class="vt-tiles vt-found">{hits}</div></section>'
    )
