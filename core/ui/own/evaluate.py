"""How well backbones tell the labels of one's own catalogue apart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.compare.gallery import compare_engine
from core.config import Quota
from core.engine.backbones import BACKBONES
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import missing
from core.errors import VitrineError
from core.own.brought import BROUGHT
from core.own.catalogue import OwnCatalogue
from core.own.evaluation import MAX_BACKBONES, METRICS, OwnEvaluation
from core.own.ingest.zip_source import ZipSource
from core.ui.components import cards, taken
from core.ui.components.controls import problem
from core.ui.components.pictures import Picture, data_url
from core.ui.components.tables import by_class, difference_line, in_words, table_downloads, with_intervals
from core.ui.own import job, sources
from core.ui.visit import keys
from core.ui.words import WORDS, say

N_USUAL = 2


def show(mine: OwnCatalogue) -> None:
    """Draw the choice of backbones, and the figures where there are some."""
    st.markdown(WORDS.own.evaluate_lead)
    known = [id for id, record in BACKBONES.items() if not missing(record)]
    if mine.brought:
        known.insert(0, BROUGHT)
    chosen = st.multiselect(
        WORDS.own.evaluate_backbones, known, known[:N_USUAL], key="own-evaluate-with", max_selections=MAX_BACKBONES,
        format_func=title_of,
    )  # fmt: skip
    st.button(
        WORDS.own.evaluate, key="own-evaluate", icon=":material/play_arrow:", on_click=_begin, args=(mine, chosen),
        disabled=not chosen,
    )  # fmt: skip
    if chosen:
        with st.expander(WORDS.own.evaluate_other, icon=":material/manage_search:"):
            st.caption(WORDS.own.evaluate_other_note.format(n=Quota().queries))
            receive = partial(_begin_with, mine, chosen)
            sources.uploader(WORDS.own.queries_upload, "own-evaluate-upload", ["zip"], receive)
    evaluation: OwnEvaluation | None = st.session_state.get(keys.OWN_EVALUATION)
    if evaluation:
        _figures(evaluation)


def title_of(id: str) -> str:
    """What a backbone is called, that of the embeddings that were brought along, too."""
    return str(WORDS.own.brought_title) if id == BROUGHT else BACKBONES[id].title


def _begin(mine: OwnCatalogue, chosen: list[str]) -> None:
    keys.forget(keys.OWN_NOTE, keys.OWN_PROBLEM, keys.OWN_SKIPPED)
    try:
        job.evaluate(_evaluation(mine, chosen))
    except VitrineError as error:
        st.session_state[keys.OWN_PROBLEM] = say(error)


def _begin_with(mine: OwnCatalogue, chosen: list[str], file: UploadedFile) -> None:
    """Begin with a set of queries; what is refused becomes a sentence where the file came in."""
    queries = OwnCatalogue(mine.embedder, quota=replace(mine.quota, images=mine.quota.queries))
    job.evaluate(_evaluation(mine, chosen, queries), ZipSource(file))


def _evaluation(mine: OwnCatalogue, chosen: list[str], queries: OwnCatalogue | None = None) -> OwnEvaluation:
    def embedder(id: str) -> Embedder:  # the one that all visitors share
        return mine.embedder if id == mine.embedder.record.id else compare_engine(id).embedder

    return OwnEvaluation(mine.items, chosen, embedder, mine.brought, queries)


def _figures(evaluation: OwnEvaluation) -> None:
    for id, why in evaluation.problems.items():
        problem(f"{title_of(id)}: {say(why)}")
    rows = [row | {"title": title_of(row["backbone"])} for row in evaluation.rows()]
    if not rows:
        return
    names = {"title": WORDS.compare.table_backbone, "trained_on": WORDS.compare.table_trained_on}
    names |= {name: WORDS.compare.metrics[name][0] for name in METRICS} | {"n": WORDS.own.evaluate_queries}
    said = [row | {"trained_on": in_words(str(row["trained_on"]))} for row in with_intervals(rows, METRICS)]
    shown = [{title: row[name] for name, title in names.items()} for row in said]
    st.dataframe(shown, hide_index=True, alt=WORDS.own.evaluate_alt)
    table_downloads(rows, METRICS, "vitrine-own-evaluation", "own-evaluation")
    for (first, second), one in evaluation.differences(METRICS[0]).items():
        if one is not None:
            st.markdown("- " + cards.plain(difference_line(title_of(first), title_of(second), one)))
    st.caption(WORDS.own.evaluate_note)
    _classes(evaluation)


def _classes(evaluation: OwnEvaluation) -> None:
    """One backbone label by label: its figures, what queries are taken for, and the misses."""
    st.markdown(f"**{WORDS.own.evaluate_classes}**")
    id = st.segmented_control(
        WORDS.compare.classes_backbone, list(evaluation.taken), default=next(iter(evaluation.taken)), required=True,
        key="own-evaluate-of", format_func=title_of,
    )  # fmt: skip
    by_class(evaluation.by_class(id), METRICS, f"vitrine-own-{id}-classes", "own-classes", WORDS.own.evaluate_alt)

    def tile(position: int, alt: str, line: str) -> str:
        item = evaluation.items[position]
        return cards.tile_html(item.id, Picture((data_url(item.thumbnail),)), alt, line)

    taken.show(evaluation.taken[id], f"own-taken-{id}", f"vitrine-own-{id}", str, tile)
