"""The items of a pair of classes that lie among the other one, as pictures; and the classes of a map as a table."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from core.maps import points
from core.maps.files import FULL, EmbeddingMap, chart_of
from core.ui.maps import grid
from core.ui.maps.view import View
from core.ui.visit import session
from core.ui.words import WORDS

N_SHOWN = 12


def misplaced(chart: EmbeddingMap, own: int, other: int) -> np.ndarray:
    """(m,) int64 numbers of the items of one class whose neighbours are mostly of another, the clearest first."""
    codes, predicted, _ = points.codes_of(chart)
    rows = np.flatnonzero((codes == own) & (predicted == other))
    return points.numbers_on(chart)[rows[np.argsort(chart.purity[rows], kind="stable")]]


def show(view: View) -> None:
    """Draw both sides of the view's pair.

    Raises:
        ArtifactError: The map cannot be used.
    """
    chart, _ = chart_of(view.map)
    codes = points.codes_of(chart)[0]
    for own, other in ((view.first, view.second), (view.second, view.first)):
        first, second = points.CODES[own], points.CODES[other]
        numbers = misplaced(chart, first, second)
        st.markdown(
            WORDS.maps.mistakes_count.format(
                n=len(numbers), of=int((codes == first).sum()),
                own=points.KINDS[first].title, other=points.KINDS[second].title,
            )
        )  # fmt: skip
        grid.tiles(numbers[:N_SHOWN], f"maps-mistakes-{first}")


def table(chart: EmbeddingMap) -> list[dict[str, Any]]:
    """A row for each class of a map, in the order of the catalogues: how many items, and how pure where they lie."""
    codes = points.codes_of(chart)[0]
    rows = []
    for code, kind in enumerate(points.KINDS):
        of_kind = codes == code
        if of_kind.any():
            purity = round(100 * float(chart.purity[of_kind].mean()) / FULL)
            values = (kind.title, session.title_of(kind.catalogue), int(of_kind.sum()), f"{purity}%")
            rows.append(dict(zip(WORDS.maps.columns, values, strict=True)))
    return rows


def table_html(chart: EmbeddingMap) -> str:
    """The same as HTML: Streamlit's own table is 1.2 MB of script, which the map would have to wait for."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in WORDS.maps.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(_plain(value))}</td>" for value in others)
        for first, *others in (row.values() for row in table(chart))
    )
    return f'<div class="vt-scroll"><table class="vt-classes"><thead><tr>{head}</tr></thead>{rows}</table></div>'


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
