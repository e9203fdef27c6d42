"""The third step of the Train page: how good the classifier is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from core.classifier.data import datasets
from core.classifier.evaluate import Evaluation, Figures, Mistake
from core.engine.catalogues.items import split_id
from core.engine.files.tables import beside_intervals, with_bounds
from core.engine.metrics import Estimate
from core.engine.search import process
from core.ui.components import cards
from core.ui.components.pictures import Picture, data_url, picture_of
from core.ui.components.tables import files, styled, with_intervals
from core.ui.train import charts
from core.ui.train.state import TrainSession
from core.ui.visit.page import step
from core.ui.words import WORDS, figure

_MISTAKES = 12


def show(session: TrainSession, evaluation: Evaluation) -> None:
    """Draw the step."""
    step(WORDS.train.step_evaluate)
    _figures(session, evaluation)
    by_class(evaluation, "train-test")
    _mistakes(session, evaluation.mistakes[:_MISTAKES])


def by_class(evaluation: Evaluation, key: str) -> None:
    """Draw what was taken for what, and the figures of each class."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(WORDS.train.confusion)
        charts.confusion(evaluation, key)
    with right:
        st.markdown(WORDS.train.per_class)
        _per_class(evaluation, key)


def _figures(session: TrainSession, evaluation: Evaluation) -> None:
    n = evaluation.figures[0].accuracy.n
    st.markdown(WORDS.train.test_note.format(n=n))
    metrics = ["accuracy", "macro_f1"]
    table = [{"method": one.name, "n": one.accuracy.n, **_bounds(one)} for one in evaluation.figures]
    shown = with_intervals(table, metrics)
    rows = [(WORDS.train.methods[row["method"]], *(row[name] for name in metrics)) for row in shown]
    dataset = datasets.DATASETS.get(session.title) if session.catalogue is None else None
    if dataset is not None and dataset.published is not None:
        who = WORDS.train.published.format(who=dataset.published.who)
        rows.append((who, figure(dataset.published.accuracy, ".3f"), ""))
    frame = pd.DataFrame(rows, columns=[WORDS.train.method, WORDS.train.accuracy, WORDS.train.macro_f1])
    st.table(frame, hide_index=True, alt=WORDS.train.figures_alt)  # whose words take several lines on a phone
    columns = ["method", *with_bounds(metrics), "n"]
    paper = ["method", *metrics, "n"], beside_intervals(table, metrics)
    files(columns, table, "vitrine-classifier-figures", "train-figures", paper)


def _bounds(figures: Figures) -> dict[str, float]:
    named = {"accuracy": figures.accuracy, "macro_f1": figures.macro_f1}
    return {f"{name} {end}".strip(): value for name, one in named.items() for end, value in _ends(one)}


def _ends(value: Estimate) -> tuple[tuple[str, float], ...]:
    return ("", value.value), ("low", value.low), ("high", value.high)


def _per_class(evaluation: Evaluation, key: str) -> None:
    columns = WORDS.train.columns
    rows = [(one.name, one.precision, one.recall, one.f1, one.n) for one in evaluation.per_class]
    shown = styled([dict(zip(columns, row, strict=True)) for row in rows], dict.fromkeys(columns[1:4], ".3f"))
    st.dataframe(shown, hide_index=True, alt=WORDS.train.per_class, key=f"{key}-classes")
    names = ["class", "precision", "recall", "f1", "n"]
    files(names, [dict(zip(names, row, strict=True)) for row in rows], "vitrine-classifier-classes", f"{key}-classes")


def _mistakes(session: TrainSession, mistakes: Sequence[Mistake]) -> None:
    st.markdown(WORDS.train.mistakes)
    if not mistakes:
        st.success(WORDS.train.no_mistakes, icon=":material/check:")
        return
    with st.grid(6, min_column_width=130, gap="small", key="train-mistakes") as grid:
        for mistake in mistakes:
            with grid.cell():
                st.html(mistake_html(mistake, _picture(session, mistake)))


def mistake_html(mistake: Mistake, picture: Picture) -> str:
    """The tile of a mistake: picture, what it was taken for, what it is."""
    guess = WORDS.train.guess.format(guess=mistake.guess, percent=cards.percent(mistake.confidence))
    truth = WORDS.train.truth.format(truth=mistake.truth)
    return (
        f'<article class="vt-tile"><div class="vt-frame">{cards.picture_html(picture, f"{truth} {guess}")}</div>'
        f'<p class="vt-strong">{escape(guess)}</p><p class="vt-quiet">{escape(truth)}</p></article>'
    )


def _picture(session: TrainSession, mistake: Mistake) -> Picture:
    assert session.examples is not None
    id = session.examples.ids[mistake.position]
    if session.catalogue is not None:
        thumbnail = session.catalogue.thumbnail(id)
        return Picture((data_url(thumbnail),)) if thumbnail else Picture()
    gallery = process.engine().gallery(split_id(id)[0])
    return picture_of(gallery, gallery.items.position(id))
