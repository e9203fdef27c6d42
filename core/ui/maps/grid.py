"""The items that were chosen on a map: how many of each class, their pictures page by page, and all as CSV."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from core.engine.catalogues import CATALOGUES
from core.engine.files.tables import to_csv
from core.engine.search import process
from core.maps import points
from core.ui.components.controls import download, item_at, more_like, paged
from core.ui.words import WORDS

SIZE = 24
COLUMNS = 6
CSV_COLUMNS = ("id", "catalogue", "label")
#: Classes that are counted in words, the most frequent ones; all are in the CSV.
MAX_COUNTS = 10


def show(numbers: np.ndarray) -> None:
    """Draw the chosen items.

    Args:
        numbers: (m,) int64, rising, at least one.
    """
    st.html(f'<h2 class="vt-title">{escape(WORDS.maps.chosen.format(n=len(numbers)))}</h2>')
    chosen = table_of(numbers)
    st.markdown(" · ".join(WORDS.maps.count.format(title=title, n=n) for title, n in counts_of(chosen)))
    with st.container(key="maps-pager", horizontal=True, vertical_alignment="bottom"):
        # Another choice begins at its first page.
        page = paged(len(numbers), SIZE, WORDS.maps.page, f"maps-page-{len(numbers)}-{int(numbers.sum())}")
        download(
            WORDS.common.csv, lambda: to_csv(CSV_COLUMNS, chosen.to_dict("records")), "vitrine-map.csv", "text/csv",
            "maps-csv", help=WORDS.maps.csv_help,
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
        frame = process.engine().gallery(name).items.frame
        parts.append(frame[list(CSV_COLUMNS)].iloc[positions].astype(str))
    return pd.concat(parts, ignore_index=True)


def counts_of(chosen: pd.DataFrame) -> list[tuple[str, int]]:
    """The most frequent classes in plain words, and how many items each has."""
    counts = chosen.value_counts(["catalogue", "label"]).head(MAX_COUNTS)
    return [(CATALOGUES[catalogue].classes[label], int(n)) for (catalogue, label), n in counts.items()]
