"""The plots of the Compare page; the only place of this page that knows Plotly."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from core.compare.figures.table import Row
from core.ui.compare.labels import Point, places
from core.ui.components.plots import written
from core.ui.words import WORDS, separators

HEIGHT = 420
_TOP = 20
_PLOT = 320.0  # pixels of the height between the axes, with what Plotly leaves for the one below
#: What a logarithmic axis names, each number in full.
_TICKS = {"tickvals": [n * 10**power for power in range(6) for n in (1, 1.5, 2, 3, 5, 7)], "tickformat": ",~r"}


def quality_against_cost(rows: Sequence[Row], metric: str, name: str, chosen: Collection[str]) -> Any:
    """A figure: milliseconds an image (logarithmic) against quality with its 95 % interval; larger is more memory.

    The chosen backbones have a ring.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    memory = [row.get("peak_memory_mb", 1) for row in rows]
    largest = max(memory)
    sizes = [10 + 20 * one / largest for one in memory]
    for row, size in zip(rows, sizes, strict=True):
        value = row[metric]
        bars = {"array": [row[f"{metric} high"] - value], "arrayminus": [value - row[f"{metric} low"]]}
        ring = {"width": 3 if row["backbone"] in chosen else 0, "color": "#c4502f"}
        figure.add_scatter(
            x=[row["ms_p50"]], y=[value], error_y={"type": "data", "symmetric": False, **bars}, name=row["title"],
            mode="markers", marker={"size": size, "line": ring, "opacity": 0.85},
            hovertemplate=WORDS.compare.plot_hover,
            customdata=[[row["title"], row.get("peak_memory_mb", 0), row.get("n_parameters", 0) / 1e6]],
        )  # fmt: skip
    across = _widened([math.log10(row["ms_p50"]) for row in rows], 0.12)
    up = _widened([row[f"{metric} {end}"] for row in rows for end in ("low", "high")], 0.08)
    _name(figure, rows, metric, sizes, across, up)
    figure.update_layout(
        height=HEIGHT, showlegend=False, margin={"t": _TOP, "r": 20, "b": 20, "l": 20}, separators=separators()
    )
    figure.update_xaxes(type="log", title=WORDS.compare.plot_ms, range=across, **_TICKS)
    figure.update_yaxes(title=name, range=up)
    return figure


def _widened(values: Sequence[float], share: float) -> tuple[float, float]:
    """The range of the values, with room at both ends."""
    low, high = min(values), max(values)
    room = share * (high - low) or 0.1
    return low - room, high + room


def _name(
    figure: Any,
    rows: Sequence[Row],
    metric: str,
    sizes: Sequence[float],
    across: tuple[float, float],
    up: tuple[float, float],
) -> None:
    """Write the names of the backbones where there is room, a line from each to its point."""

    def below(value: float) -> float:
        return _PLOT * (up[1] - value) / (up[1] - up[0])

    points = [
        Point(
            x=(math.log10(row["ms_p50"]) - across[0]) / (across[1] - across[0]),
            y=below(row[metric]),
            high=below(row[f"{metric} high"]),
            low=below(row[f"{metric} low"]),
            radius=size / 2,
            name=name,
        )
        for row, size, name in zip(rows, sizes, written(row["backbone"] for row in rows), strict=True)
    ]
    for row, point, (right, down) in zip(rows, points, places(points, _PLOT), strict=True):
        figure.add_annotation(
            x=math.log10(row["ms_p50"]), y=row[metric], text=point.name, ax=right, ay=down, arrowhead=0, arrowwidth=1,
            arrowcolor="#888", standoff=point.radius, borderpad=0, font={"size": 12},
        )  # fmt: skip


def recall_against_speed(rows: Sequence[dict[str, Any]]) -> Any:
    """A figure: one line for each M, a point for each ef; to the upper right is better."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for m in dict.fromkeys(row["M"] for row in rows):
        line = [row for row in rows if row["M"] == m]
        figure.add_scatter(
            x=[1000 / row["ms"] for row in line], y=[row["photos"]["index_recall@10"] for row in line],
            text=[f"ef {row['ef']}" for row in line], mode="lines+markers",
            name=f"M = {m}", hovertemplate=WORDS.compare.sweep_hover,
        )  # fmt: skip
    figure.update_layout(
        height=HEIGHT,
        margin={"t": 20, "r": 20, "b": 20, "l": 20},
        legend={"orientation": "h", "y": 1.12},
        separators=separators(),
    )
    figure.update_xaxes(type="log", title=WORDS.compare.sweep_speed, **_TICKS)
    figure.update_yaxes(title=WORDS.compare.sweep_recall)
    return figure
