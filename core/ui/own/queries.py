"""Many queries against one's own catalogue: a threshold, the answers, and what a threshold costs."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from core.engine.search.calibration import Calibration
from core.own.queries import QueryResult, results_csv
from core.own.report import html_report
from core.own.thresholds import Curve, suggest_threshold
from core.ui.components import cards, plots
from core.ui.components.controls import download, paged
from core.ui.components.pictures import Picture, data_url
from core.ui.components.tables import files
from core.ui.own import sources
from core.ui.own.job import Answers
from core.ui.visit import keys, session
from core.ui.words import WORDS, figure

PAGE = 12
#: Without labels, the slider starts where a hit is this probably of the query's kind.
LIKELY = 0.8
PRECISE = 0.95
_CURVE = ("threshold", "precision", "recall")


def show() -> None:
    """Draw the ways in, and the answers where there are some."""
    answers: Answers | None = st.session_state.get(keys.OWN_QUERIES)
    if answers is None:
        sources.show_queries()
        return
    _answers(answers)
    sources.show_queries()


@st.fragment
def _answers(answers: Answers) -> None:
    threshold = _threshold(answers)
    results = answers.queries.results
    n_matched = sum(bool(result.matches(threshold)) for result in results)
    st.markdown(f"**{WORDS.own.matched.format(matched=n_matched, n=len(results))}**")
    if answers.curve:
        _curve(answers.curve, threshold)
    else:
        st.info(WORDS.own.no_curve, icon=":material/info:")
    _downloads(answers, threshold)
    _results(results, threshold)


def _threshold(answers: Answers) -> float:
    suggestions = {}
    if answers.curve:
        suggestions[WORDS.own.suggest] = suggest_threshold(answers.curve)
        suggestions[WORDS.own.suggest_precise] = suggest_threshold(answers.curve, PRECISE)
    st.session_state.setdefault(keys.OWN_THRESHOLD, suggestions.get(WORDS.own.suggest) or _likely())
    with st.container(key="own-threshold-row", horizontal=True, vertical_alignment="bottom", gap="medium"):
        threshold = st.slider(
            WORDS.own.threshold, 0.0, 1.0, step=0.005, key=keys.OWN_THRESHOLD, format="%.3f", width=420
        )
        for n, (words, value) in enumerate(suggestions.items()):
            if value is not None:
                st.button(words.format(threshold=value), key=f"own-suggest-{n}", on_click=_set, args=(value,))
    return threshold


def _set(threshold: float) -> None:
    st.session_state[keys.OWN_THRESHOLD] = threshold


def _likely() -> float:
    """The least similarity on the slider at which a hit is probably of the query's kind."""
    mine = session.own()
    meaning: Calibration | None = mine.gallery.calibration if mine else None
    steps = np.arange(0, 1, 0.005)
    good = [float(step) for step in steps if meaning and meaning.same_kind(step) >= LIKELY]
    return round(good[0], 3) if good else LIKELY


def _curve(curve: Curve, threshold: float) -> None:
    at = int(np.argmin(np.abs(curve.thresholds - threshold)))
    left, right = st.columns([1, 3], gap="medium", vertical_alignment="center")
    for name, values in ((WORDS.own.precision, curve.precision), (WORDS.own.recall, curve.recall)):
        left.metric(name, "–" if np.isnan(values[at]) else figure(values[at], ".3f"))
    with right:
        lines = {WORDS.own.precision: curve.precision, WORDS.own.recall: curve.recall}
        drawn = plots.lines(curve.thresholds, lines, WORDS.own.similarity)
        plots.draw(drawn, "vitrine-precision-recall", "own-curve", WORDS.own.curve_alt)
        rows = [dict(zip(_CURVE, row, strict=True)) for row in zip(curve.thresholds, *lines.values(), strict=True)]
        files(_CURVE, rows, "vitrine-precision-recall", "own-curve")
    st.caption(WORDS.own.curve.format(queries=curve.n_queries, pairs=curve.n_pairs))


def _downloads(answers: Answers, threshold: float) -> None:
    mine = session.own()
    if mine is None:
        return
    results, picture = answers.queries.results, mine.thumbnail
    words, spoken = WORDS.own.report, WORDS.common.tag  # the visit's, which whoever fetches the file does not know
    with st.container(key="own-results-files", horizontal=True):
        for label, file, kind, make in (
            (WORDS.own.results_csv, "results.csv", "text/csv", lambda: results_csv(results, threshold)),
            (
                *(WORDS.own.results_html, "results.html", "text/html"),
                lambda: html_report(results, threshold, picture, words, answers.curve, spoken),
            ),
        ):
            download(label, make, f"vitrine-{file}", kind, f"own-{file}")


def _results(results: list[QueryResult], threshold: float) -> None:
    with st.container(key="own-answers-row", horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            WORDS.own.answers, list(WORDS.own.answer_kinds), default="all", required=True, key="own-answer-kind",
            format_func=lambda id: WORDS.own.answer_kinds[id], label_visibility="collapsed",
        )  # fmt: skip
        wanted = [one for one in results if kind == "all" or bool(one.matches(threshold)) == (kind == "match")]
        page = paged(len(wanted), PAGE, WORDS.own.page, f"own-answers-{kind}")
    if not wanted:
        st.info(WORDS.own.none_of_these, icon=":material/filter_alt:")
    for result in wanted[page]:
        st.html(answer_html(result, threshold))


def answer_html(result: QueryResult, threshold: float) -> str:
    """A query beside its matches, or beside "no match"."""
    query = cards.tile_html("", Picture((data_url(result.thumbnail),)), result.name, result.name)
    hits = ""
    for hit in result.matches(threshold):
        picture = Picture((data_url(session.thumbnail(hit.id) or b""),))
        hits += cards.tile_html(hit.id, picture, hit.title, f"{hit.title} · {figure(hit.similarity, '.3f')}")
    if not hits:
        closest = WORDS.own.closest.format(similarity=result.hits[0].similarity) if result.hits else ""
        hits = f'<p class="vt-none"><b>{escape(WORDS.own.no_match)}</b><br>{escape(closest)}</p>'
    found = f'<div class="vt-tiles vt-found">{hits}</div>'
    return f'<section class="vt-answer"><div class="vt-tiles">{query}</div>{found}</section>'
