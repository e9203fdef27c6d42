"""Items of a map as pictures: the chosen ones, those that lie among another class; and its classes as a table."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from core.engine.catalogues import CATALOGUES
from core.engine.files.tables import to_csv
from core.engine.search import process
from core.maps import points
from core.maps.files import FULL, EmbeddingMap, chart_of
from core.ui.components.controls import download, item_at, more_like, paged
from core.ui.maps.colours import class_names
from core.ui.maps.view import View
from core.ui.visit import session
from core.ui.words import WORDS, figure

SIZE = 24
COLUMNS = 6
CSV_COLUMNS = ("id", "catalogue", "label")
#: Classes that are counted in words, the most frequent ones; all are in the CSV.
MAX_COUNTS = 10
N_MISTAKES = 12


def show(numbers: np.ndarray, view: View) -> None:
    """Draw the chosen items: how many of each class, their pictures page by page, and all as CSV.

    Args:
        numbers: (m,) int64, rising, at least one.
        view: Whose maps say where they lie.
    """
    st.html(f'<h2 class="vt-title">{escape(WORDS.maps.chosen.format(n=len(numbers)))}</h2>')
    chosen = table_of(numbers)
    st.markdown(" · ".join(WORDS.maps.count.format(title=title, n=n) for title, n in counts_of(chosen)))
    with st.container(key="maps-pager", horizontal=True, vertical_alignment="bottom"):
        # Another choice begins at its first page.
        page = paged(len(numbers), SIZE, WORDS.maps.page, f"maps-page-{len(numbers)}-{int(numbers.sum())}")
        download(
            WORDS.common.csv, lambda: csv_of(numbers, view), "vitrine-map.csv", "text/csv", "maps-csv",
            help=WORDS.maps.csv_help,
        )  # fmt: skip
    tiles(numbers[page], "maps-chosen")


def tiles(numbers: np.ndarray, key: str) -> None:
    """Draw items as small pictures, each with "more like this"."""
    with st.grid(COLUMNS, min_column_width=130, gap="small", key=key) as grid:
        for number in numbers.tolist():
            item, html = item_at(*points.place_of(number))
            with grid.cell():
                st.html(html)
                more_like(item.id, f"{key}-{number}")


def table_of(numbers: np.ndarray) -> pd.DataFrame:
    """The items of these numbers, in their order: text columns id, catalogue and label."""
    first = points.starts()
    parts = []
    for start, end, name in zip(first, first[1:], CATALOGUES, strict=False):
        positions = numbers[(numbers >= start) & (numbers < end)] - start
        frame = process.engine().built(name).items.frame
        parts.append(frame[list(CSV_COLUMNS)].iloc[positions].astype(str))
    return pd.concat(parts, ignore_index=True)


def csv_of(numbers: np.ndarray, view: View) -> str:
    """The items of these numbers as CSV: the columns of `table_of`, then x and y on each map of the view.

    They are in units of the map, y upwards; empty where a map leaves an item out.
    """
    table, columns = table_of(numbers), list(CSV_COLUMNS)
    for id in view.maps:
        chart, _ = chart_of(id)
        rows = pd.Index(points.numbers_on(chart)).get_indexer(numbers)
        for axis, values in zip("xy", chart.points[rows].T, strict=True):
            columns.append(f"{axis}_{id}")
            table[columns[-1]] = [round(float(at), 4) if row >= 0 else "" for row, at in zip(rows, values, strict=True)]
    return to_csv(columns, table.to_dict("records"))


def counts_of(chosen: pd.DataFrame) -> list[tuple[str, int]]:
    """The most frequent classes in plain words, and how many items each has."""
    counts = chosen.value_counts(["catalogue", "label"]).head(MAX_COUNTS)
    names = class_names()
    return [(names[points.CODES[f"{catalogue}/{label}"]], int(n)) for (catalogue, label), n in counts.items()]


def misplaced(chart: EmbeddingMap, own: int, other: int) -> np.ndarray:
    """(m,) int64 numbers of the items of one class whose neighbours are mostly of another, the clearest first."""
    codes, predicted, _ = points.codes_of(chart)
    rows = np.flatnonzero((codes == own) & (predicted == other))
    return points.numbers_on(chart)[rows[np.argsort(chart.purity[rows], kind="stable")]]


def mistakes(view: View) -> None:
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
                own=session.class_title(*points.KINDS[first]), other=session.class_title(*points.KINDS[second]),
            )
        )  # fmt: skip
        tiles(numbers[:N_MISTAKES], f"maps-mistakes-{first}")


def table_html(chart: EmbeddingMap) -> str:
    """A row for each class of a map, in the order of the catalogues: how many items, and how pure where they lie.

    As HTML: Streamlit's own table is 1.2 MB of script, which the map would have to wait for.
    """
    codes, rows = points.codes_of(chart)[0], ""
    for code, kind in enumerate(points.KINDS):
        of_kind = codes == code
        if of_kind.any():
            purity = round(100 * float(chart.purity[of_kind].mean()) / FULL)
            values = (session.title_of(kind.catalogue), figure(int(of_kind.sum()), ","), f"{purity}%")
            cells = "".join(f"<td>{escape(value)}</td>" for value in values)
            rows += f'<tr><th scope="row">{escape(session.class_title(*kind))}</th>{cells}</tr>'
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in WORDS.maps.columns)
    return f'<div class="vt-scroll"><table class="vt-classes"><thead><tr>{head}</tr></thead>{rows}</table></div>'
