"""The charts of the Train page; each has its content in words beside it, or as its alternative text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from core.classifier.data.examples import PARTS
from core.classifier.data.organise import Report
from core.classifier.evaluate import Evaluation
from core.classifier.training.options import Epoch
from core.ui.components import plots
from core.ui.words import WORDS

#: Of training, validation and test; told apart in both themes and without seeing red and green.
COLOURS = ("#c0573b", "#3f7fa6", "#9a8f7e")
_BAR = 24
_CURVE_HEIGHT = 280
_ABOVE = 60
_AROUND = 140  # what the axis and the legend take of a chart's height
#: Between two numbers of an axis of epochs, of which there are at most so many and one.
_STEPS, _MOST_TICKS = (1, 2, 5, 10, 20, 50), 8
#: Up to so many pictures, an axis marks every one.
_SINGLY = 12
_RULE = {"dash": "dot", "color": "#888", "width": 1.5}


def counts(report: Report) -> None:
    """How many pictures each class has in each part."""
    order = report.counts.sum(axis=1).argsort(kind="stable")  # drawn from below, so the largest is on top
    figure = _figure(_AROUND + _BAR * len(order), barmode="stack")
    for part, colour, column in zip(PARTS, COLOURS, report.counts.T, strict=True):
        name = WORDS.train.parts[part]
        figure.add_bar(
            x=column[order].tolist(), y=list(range(len(order))), name=name, orientation="h", marker={"color": colour},
            customdata=plots.written(report.classes[row] for row in order),
            hovertemplate=f"%{{customdata}} · {escape(name)}: %{{x}}<extra></extra>",
        )  # fmt: skip
    # Whole pictures: of a few, plotly.js would mark halves, and write "0, 1, 1, 2, 2".
    largest = int(report.counts.sum(axis=1).max())
    figure.update_xaxes(title=WORDS.train.axis_pictures, tickformat=",d", dtick=1 if largest <= _SINGLY else None)
    figure.update_yaxes(**_ticks([report.classes[row] for row in order]))
    plots.draw(figure, "vitrine-pictures-by-class", "train-counts", WORDS.train.counts_alt)


def curves(history: Sequence[Epoch]) -> None:
    """Loss and accuracy of training and validation so far, the best epoch marked.

    One run of a script may draw them again once there are more epochs.
    """
    left, right = st.columns(2, gap="medium")
    with left:
        figure = _curve(history, "loss", WORDS.train.axis_loss, "~f")
        plots.draw(figure, "vitrine-training-loss", f"train-loss-{len(history)}", WORDS.train.loss_alt)
    with right:
        figure = _curve(history, "accuracy", WORDS.train.axis_accuracy, "~%")
        figure.update_yaxes(range=_share_range(history))  # of its own accord, it would reach to 200 %
        plots.draw(figure, "vitrine-training-accuracy", f"train-accuracy-{len(history)}", WORDS.train.accuracy_alt)


def _share_range(history: Sequence[Epoch]) -> tuple[float, float]:
    """What an axis of accuracies shows: all of them, and a little more, but nothing that there is none of."""
    accuracies = [one for epoch in history for one in (epoch.train_accuracy, epoch.validation_accuracy)]
    known = [one for one in accuracies if not math.isnan(one)]
    room = max(0.01, 0.1 * (max(known) - min(known)))
    return max(0.0, min(known) - room), min(1 + room / 8, max(known) + room)


def _curve(history: Sequence[Epoch], value: str, title: str, form: str) -> Any:
    figure = _figure(_CURVE_HEIGHT)
    for part, colour in zip(PARTS[:2], COLOURS, strict=False):
        figure.add_scatter(
            x=[epoch.number for epoch in history], y=[getattr(epoch, f"{part}_{value}") for epoch in history],
            name=WORDS.train.parts[part], mode="lines" if len(history) > 1 else "markers",
            line={"color": colour, "width": 2.5}, hovertemplate="%{x}: %{y:.3f}",
        )  # fmt: skip
    first, last = history[0].number, history[-1].number
    for best in [epoch for epoch in history if epoch.best][-1:]:
        words = WORDS.train.lowest_training if math.isnan(best.validation_loss) else WORDS.train.lowest_validation
        side = "left" if 2 * best.number <= first + last else "right"
        figure.add_vline(best.number, line=_RULE, annotation={"text": words, "yanchor": "bottom", "xanchor": side})
    step = next((step for step in _STEPS if last - first <= _MOST_TICKS * step), _STEPS[-1])
    # Of its own accord, plotly.js makes room for all of the words above the line.
    figure.update_xaxes(title=WORDS.train.axis_epoch, dtick=step, tick0=0, range=[first - 0.5, last + 0.5])
    figure.update_yaxes(title=title, tickformat=form)
    return figure


def confusion(evaluation: Evaluation, key: str) -> None:
    """What each class was taken for, as shares of the class; `key` is the chart's, since a page may have two."""
    axes = WORDS.train.axis_truth, WORDS.train.axis_guess
    figure = plots.matrix(plots.written(evaluation.classes), evaluation.confusion, axes)
    plots.draw(figure, "vitrine-confusion", f"{key}-confusion", WORDS.train.confusion_alt)


def _figure(height: int, **layout: Any) -> Any:
    import plotly.graph_objects as go

    # At the upper left of all, beside the button for the file and above what is written over a line.
    legend = {"orientation": "h", "xref": "container", "x": 0, "yref": "container", "y": 1, "yanchor": "top"}
    figure = go.Figure().update_layout(height=height, margin={"t": _ABOVE, "r": 20, "b": 20, "l": 20}, **layout)
    return figure.update_layout(legend={**legend, "traceorder": "normal"})


def _ticks(names: Sequence[str]) -> dict[str, Any]:
    """One line of an axis for each class, whatever a class is called: "1" is no number here."""
    return {"tickvals": list(range(len(names))), "ticktext": plots.written(names), "showgrid": False, "zeroline": False}
