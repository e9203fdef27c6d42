"""Plots that several pages draw alike: each can be had as a file (SVG), and has its content in words beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import count, cycle
from typing import Any

import numpy as np
import streamlit as st

from core.ui.words import separators

#: Of a share of 0 and of 1.
SHADES = ("#f6ece6", "#8f3319")
#: Of the points of labels, told apart in both themes and without seeing red and green. Source: Okabe and Ito 2008.
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#9a8f7e")
_SHAPES = ("circle", "square", "diamond", "cross", "triangle-up", "star")
_CELL, _AROUND = 34, 240  # pixels of a class, and of its names and titles
_MOST_LETTERS = 24


def draw(figure: Any, file: str, key: str, alt: str) -> None:
    """Draw a figure of Plotly's, with a button that saves it as FILE.svg; the browser makes that itself.

    Args:
        figure: What is drawn.
        file: The name of the file, without an ending.
        key: Of the element.
        alt: What it shows, in words.
    """
    config = {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "svg", "filename": file},
    }
    figure.update_layout(separators=separators())
    st.plotly_chart(figure, key=key, alt=alt, config=config)


def lines(x: np.ndarray, values: Mapping[str, np.ndarray], title: str) -> Any:
    """A figure of one line for each name, all over the same values.

    Args:
        x: (n,) what all of them are over.
        values: Name -> (n,) in [0, 1]; NaN where there is none.
        title: Of `x`.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for (name, line), dash in zip(values.items(), cycle(("solid", "dash", "dot")), strict=False):
        figure.add_scatter(
            x=x, y=line, name=name, mode="lines", line={"dash": dash}, hovertemplate="%{x:.3f}: %{y:.3f}"
        )
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0}
    figure.update_layout(height=280, margin={"t": 40, "r": 20, "b": 20, "l": 20}, legend=legend)
    figure.update_xaxes(title=title)
    figure.update_yaxes(range=[0, 1.02])
    return figure


def points(places: np.ndarray, labels: Sequence[str], names: Sequence[str]) -> Any:
    """A figure of points, told apart by label: by colour, and where these come again by shape.

    Args:
        places: (n, 2) where they are; only distances mean something.
        labels: n of them; they may come from outside.
        names: n of them, shown where somebody points.
    """
    import plotly.graph_objects as go

    figure, of = go.Figure(), np.array(labels, str)
    kinds = np.unique(of)
    for number, (label, called) in enumerate(zip(kinds, written(kinds.tolist()), strict=True)):
        rows = np.flatnonzero(of == label).tolist()
        colour, shape = COLOURS[number % len(COLOURS)], _SHAPES[number // len(COLOURS) % len(_SHAPES)]
        figure.add_scatter(
            x=places[rows, 0], y=places[rows, 1], mode="markers", name=called,
            marker={"size": 8, "symbol": shape, "color": colour, "opacity": 0.85},
            customdata=[f"{escape(_shortened(names[row]))} · {called}" for row in rows],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    legend = {"orientation": "h", "yanchor": "top", "y": 0, "itemsizing": "constant"}  # beside it, a phone has no room
    figure.update_layout(height=560, margin={"t": 40, "r": 20, "b": 20, "l": 20}, legend=legend)
    plain = {"showticklabels": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(**plain)
    figure.update_yaxes(scaleanchor="x", **plain)
    return figure


def matrix(names: Sequence[str], table: np.ndarray, axes: tuple[str, str]) -> Any:
    """A figure of a confusion matrix: shares of each class as colours, numbers as text.

    Args:
        names: Of the classes, as they are `written`.
        table: (classes, classes) int, the true class in rows.
        axes: The titles of rows and columns.
    """
    import plotly.graph_objects as go

    figure, places = go.Figure(), list(range(len(names)))
    figure.add_heatmap(
        z=(table / table.sum(axis=1, keepdims=True).clip(1)).tolist(), x=places, y=places, zmin=0, zmax=1,
        text=[[str(n) if n else "" for n in row] for row in table.tolist()], texttemplate="%{text}",
        customdata=[[f"{truth} → {guess}" for guess in names] for truth in names],
        hovertemplate="%{customdata}: %{text} (%{z:.0%})<extra></extra>", colorscale=SHADES, showscale=False,
    )  # fmt: skip
    ticks = {"tickvals": places, "ticktext": list(names), "showgrid": False, "zeroline": False}
    figure.update_layout(height=_AROUND + _CELL * len(names), margin={"t": 40, "r": 20, "b": 20, "l": 20})
    figure.update_xaxes(title=axes[1], tickangle=-40, **ticks)
    figure.update_yaxes(title=axes[0], autorange="reversed", **ticks)
    return figure


def written(names: Iterable[str]) -> list[str]:
    """Names of classes, short enough for an axis, and as different as they are.

    They may come from outside, and Plotly reads some HTML.
    """
    short = [_shortened(name) for name in names]
    times, taken = Counter(short), set(short)
    for place, name in enumerate(short):
        if times[name] > 1:
            short[place] = next(free for n in count(1) if (free := f"{name} ({n})") not in taken)
            taken.add(short[place])
    return list(map(escape, short))


def _shortened(name: str) -> str:
    """The start and the end of a long name: names of classes often differ in the end only."""
    half = (_MOST_LETTERS - 1) // 2
    return name if len(name) <= _MOST_LETTERS else f"{name[: half + 1].rstrip()}…{name[-half:].lstrip()}"
