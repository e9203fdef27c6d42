"""The plots of the Compare page; the only place of this page that knows Plotly."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from core.compare.figures.table import Row
from core.ui.words import WORDS, separators

HEIGHT = 420
#: What a logarithmic axis names, each number in full.
_TICKS = {"tickvals": [n * 10**power for power in range(6) for n in (1, 1.5, 2, 3, 5, 7)], "tickformat": ",~r"}


def quality_against_cost(rows: Sequence[Row], metric: str, name: str, chosen: Collection[str]) -> Any:
    """A figure: milliseconds an image (logarithmic) against quality with its 95 % interval; larger is more memory.

    The chosen backbones have a ring.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    largest = max(row.get("peak_memory_mb", 1) for row in rows)
    for number, row in enumerate(sorted(rows, key=lambda row: float(row["ms_p50"]))):
        value = row[metric]
        place = "bottom center" if number % 2 else "top center"  # neighbours' names keep out of each other's way
        bars = {"array": [row[f"{metric} high"] - value], "arrayminus": [value - row[f"{metric} low"]]}
        ring = {"width": 3 if row["backbone"] in chosen else 0, "color": "#c4502f"}
        marker = {"size": 10 + 20 * row.get("peak_memory_mb", 1) / largest, "line": ring}
        figure.add_scatter(
            x=[row["ms_p50"]], y=[value], error_y={"type": "data", "symmetric": False, **bars}, name=row["title"],
            mode="markers+text", text=[row["backbone"]], textposition=place, marker=marker,
            hovertemplate=WORDS.compare.plot_hover, cliponaxis=False,
            customdata=[[row["title"], row.get("peak_memory_mb", 0), row.get("n_parameters", 0) / 1e6]],
        )  # fmt: skip
    figure.update_layout(
        height=HEIGHT, showlegend=False, margin={"t": 20, "r": 70, "b": 20, "l": 20}, separators=separators()
    )
    figure.update_xaxes(type="log", title=WORDS.compare.plot_ms, **_TICKS)
    figure.update_yaxes(title=name)
    return figure


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
