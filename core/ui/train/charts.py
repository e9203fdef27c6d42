"""The charts of the Train page; each has its content in words beside it, or as its alternative text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from core.classifier.data.examples import PARTS
from core.classifier.data.organise import Report
from core.classifier.evaluate import Evaluation
from core.classifier.training.options import Epoch
from core.ui.words import WORDS

#: Of training, validation and test; told apart in both themes and without seeing red and green.
COLOURS = ("#c0573b", "#3f7fa6", "#9a8f7e")
_BAR = 20
_CURVE_HEIGHT = 220
_TOP = 0.6  # a cell darker than this has light writing


def counts(report: Report) -> None:
    """How many pictures each class has in each part."""
    names = [WORDS.train.parts[part] for part in PARTS]
    rows = [
        {"class": name, "part": part, "n": n, "order": order}
        for name, row in zip(report.classes, report.counts.tolist(), strict=True)
        for order, (part, n) in enumerate(zip(names, row, strict=True))
    ]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=alt.X("sum(n):Q", title=WORDS.train.axis_pictures, axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("class:N", sort="-x", title=None, axis=alt.Axis(labelLimit=160, labelOverlap=False)),
            color=alt.Color("part:N", scale=alt.Scale(domain=names, range=COLOURS), title=None, legend=_legend()),
            order="order:Q",
            tooltip=["class", "part", "n"],
        )
        .properties(height=alt.Step(_BAR))
    )
    st.altair_chart(chart, alt=WORDS.train.counts_alt)


def curves(history: Sequence[Epoch]) -> None:
    """Loss and accuracy of training and validation so far, the best epoch marked."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.altair_chart(_curve(history, "loss", WORDS.train.axis_loss, ".2f"), alt=WORDS.train.loss_alt)
    with right:
        st.altair_chart(_curve(history, "accuracy", WORDS.train.axis_accuracy, ".0%"), alt=WORDS.train.accuracy_alt)


def _curve(history: Sequence[Epoch], figure: str, title: str, form: str) -> Any:
    names = [WORDS.train.parts[part] for part in PARTS[:2]]
    rows = [
        {"epoch": epoch.number, "part": name, "value": getattr(epoch, f"{part}_{figure}")}
        for epoch in history
        for part, name in zip(PARTS[:2], names, strict=True)
    ]
    base = alt.Chart(pd.DataFrame(rows, columns=["epoch", "part", "value"]))
    lines = base.mark_line(point=len(history) < 2, strokeWidth=2.5).encode(
        x=alt.X("epoch:Q", title=WORDS.train.axis_epoch, axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format=form, tickMinStep=0.01)),
        color=alt.Color("part:N", scale=alt.Scale(domain=names, range=COLOURS[:2]), title=None, legend=_legend()),
        tooltip=["epoch", "part", alt.Tooltip("value:Q", format=".3f")],
    )
    best = max((epoch.number for epoch in history if epoch.best), default=0)
    marked = alt.Chart(pd.DataFrame({"epoch": [best]})).mark_rule(strokeDash=[4, 4], opacity=0.6).encode(x="epoch:Q")
    return (lines + marked).properties(height=_CURVE_HEIGHT)


def _legend() -> Any:
    return alt.Legend(orient="top")


def confusion(evaluation: Evaluation) -> None:
    """What each class was taken for, as shares of the class."""
    rows = [
        {"truth": truth, "guess": guess, "n": n, "share": n / max(1, sum(row))}
        for truth, row in zip(evaluation.classes, evaluation.confusion.tolist(), strict=True)
        for guess, n in zip(evaluation.classes, row, strict=True)
    ]
    order = list(evaluation.classes)
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X(
            "guess:N",
            sort=order,
            title=WORDS.train.axis_guess,
            axis=alt.Axis(labelAngle=-40, labelLimit=110, labelOverlap=False),
        ),
        y=alt.Y("truth:N", sort=order, title=WORDS.train.axis_truth, axis=alt.Axis(labelLimit=110, labelOverlap=False)),
        tooltip=["truth", "guess", "n", alt.Tooltip("share:Q", format=".0%")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=["#f6ece6", "#8f3319"]), legend=None)
    )
    writing = (
        base.transform_filter("datum.n > 0")
        .mark_text()
        .encode(text="n:Q", color=alt.condition(f"datum.share > {_TOP}", alt.value("#fff"), alt.value("#211d19")))
    )
    st.altair_chart((cells + writing).properties(height=max(220, 34 * len(order))), alt=WORDS.train.confusion_alt)
