"""The items that were chosen on a map: how many of each class, their pictures page by page, and all as CSV."""

from __future__ import annotations

from collections import Counter

import numpy as np
import streamlit as st

from core.catalogues.items import Item
from core.tables import to_csv
from core.ui import maps_data, resources, state
from core.ui.browse_item import tile_html
from core.ui.pictures import picture_of
from core.ui.words import WORDS

SIZE = 24
COLUMNS = 6
CSV_COLUMNS = ("id", "catalogue", "label")
#: Classes that are counted in words; the rest is in the CSV.
MAX_COUNTS = 8


def show(numbers: np.ndarray) -> None:
    """Draw the chosen items.

    Args:
        numbers: (m,) int64, rising, at least one.
    """
    st.html(f'<h2 class="vt-title">{WORDS.maps_chosen.format(n=len(numbers))}</h2>')
    items = _items(numbers)
    counts = Counter(item.title for item in items).most_common(MAX_COUNTS)
    st.markdown(" · ".join(WORDS.maps_count.format(title=title, n=n) for title, n in counts))
    n_pages = -(-len(numbers) // SIZE)
    page = 1
    with st.container(key="maps-pager", horizontal=True, vertical_alignment="bottom"):
        if n_pages > 1:
            page = int(st.number_input(WORDS.maps_page.format(n=n_pages), 1, n_pages, key=_key(numbers), width=180))
        st.download_button(
            WORDS.csv, lambda: to_csv(CSV_COLUMNS, map(vars, items)), "vitrine-map.csv", "text/csv",
            key="maps-csv", help=WORDS.maps_csv_help, icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    tiles(numbers[(page - 1) * SIZE : page * SIZE], "maps-chosen")


def tiles(numbers: np.ndarray, key: str) -> None:
    """Draw items as small pictures, each with "more like this"."""
    with st.grid(COLUMNS, min_column_width=130, gap="small", key=key) as grid:
        for number in numbers.tolist():
            catalogue, position = maps_data.place_of(number)
            gallery = resources.engine().gallery(catalogue)
            item = gallery.items.row(position)
            with grid.cell():
                caption = f'<p class="vt-quiet">{item.title}</p>'
                st.html(tile_html(item, picture_of(gallery, position), caption))
                st.button(
                    WORDS.more, key=f"{key}-{number}", width="stretch", on_click=state.go,
                    args=(state.Query("item", item.id),),
                )  # fmt: skip


def _items(numbers: np.ndarray) -> list[Item]:
    return [
        resources.engine().gallery(catalogue).items.row(position)
        for catalogue, position in map(maps_data.place_of, numbers.tolist())
    ]


def _key(numbers: np.ndarray) -> str:
    """Another choice begins at its first page."""
    return f"maps-page-{len(numbers)}-{int(numbers.sum())}"
