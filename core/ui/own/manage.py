"""What can be done with the items of one's own catalogue: look, remove, find duplicates, download."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from core.own.catalogue import OwnCatalogue
from core.own.duplicates import NEAR, DuplicateReport, NearPair, find_duplicates
from core.own.items import OwnItem, embeddings_npz, index_bytes, items_csv
from core.ui.components import cards
from core.ui.components.controls import download, paged
from core.ui.components.pictures import Picture, data_url
from core.ui.visit import keys, session
from core.ui.words import WORDS, counted

COLUMNS = 8
PAGE = 24
MAX_PAIRS = 12
_ALL = "all"


@st.fragment
def items(mine: OwnCatalogue) -> None:
    """Draw the items, page by page, each with a box to choose it by."""
    labels = sorted(set(mine.labels))
    names = {_ALL: WORDS.own.all_labels} | {f"/{label}": label or WORDS.own.no_label for label in labels}
    with st.container(key="own-filter", horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(WORDS.own.label, list(names), format_func=names.__getitem__, key="own-label", width=260)
        found = [item for item in mine.items if chosen in (_ALL, f"/{item.label}")]
        page = paged(len(found), PAGE, WORDS.own.page, f"own-page-{chosen}")
        actions = st.container(horizontal=True, width="content")
    picked = _grid(found[page])
    with actions:
        _remove_button(WORDS.own.remove.format(n=len(picked)), "own-remove", mine, picked)
        if chosen != _ALL:
            ids = [item.id for item in found]
            _remove_button(WORDS.own.remove_label.format(n=len(ids)), "own-remove-label", mine, ids)


def _grid(shown: list[OwnItem]) -> list[str]:
    """Draw items; gives the ids of those that are chosen."""
    picked = []
    with st.grid(COLUMNS, min_column_width=120, gap="small", key="own-grid") as grid:
        for item in shown:
            with grid.cell():
                st.html(tile_html(item, item.title))
                if st.checkbox(WORDS.own.pick, help=cards.plain(item.name), key=f"own-pick-{item.id}"):
                    picked.append(item.id)
    return picked


def tile_html(item: OwnItem, line: str) -> str:
    """A small picture of an item and a line below it."""
    return cards.tile_html(item.id, Picture((data_url(item.thumbnail),)), item.name, line)


def _remove_button(label: str, key: str, mine: OwnCatalogue, ids: Collection[str]) -> None:
    if st.button(label, key=key, icon=":material/delete:", disabled=not ids):
        _remove(mine, ids)
        st.rerun()


def _remove(mine: OwnCatalogue, ids: Collection[str]) -> None:
    before = mine.items, mine.embeddings
    mine.remove(ids)
    session.forget_results()
    st.session_state[keys.OWN_NOTE] = counted(WORDS.own.removed, len(ids))
    st.session_state[keys.OWN_REMOVED] = before


def undo() -> None:
    """Draw the button that brings back what was removed last, as long as nothing else has changed since."""
    if keys.OWN_REMOVED in st.session_state:
        st.button(WORDS.own.undo, key="own-undo", icon=":material/undo:", on_click=_restore)


def _restore() -> None:
    mine, before = session.own(), st.session_state.get(keys.OWN_REMOVED)
    session.forget_results()
    if mine is not None and before:
        mine.restore(*before)


def duplicates(mine: OwnCatalogue) -> None:
    """Draw what the catalogue holds more than once, once that was asked for."""
    if st.button(WORDS.own.find_duplicates, key="own-duplicates-find", icon=":material/content_copy:"):
        st.session_state[keys.OWN_DUPLICATES] = find_duplicates(
            {item.id: item.sha256 for item in mine.items}, mine.embeddings
        )
    report: DuplicateReport | None = st.session_state.get(keys.OWN_DUPLICATES)
    if report is None:
        return
    copies = [id for group in report.exact for id in group[1:]]
    if copies:
        st.info(WORDS.own.exact.format(n=len(copies)), icon=":material/content_copy:")
        st.button(WORDS.own.remove_copies, key="own-remove-copies", on_click=_remove, args=(mine, copies))
    if report.n_near:
        st.markdown(WORDS.own.near.format(n=report.n_near, threshold=NEAR))
        _pairs(mine, report.near[:MAX_PAIRS])
    elif not copies:
        st.success(WORDS.own.no_duplicates, icon=":material/check:")


def _pairs(mine: OwnCatalogue, pairs: list[NearPair]) -> None:
    with st.grid(3, min_column_width=280, gap="medium", key="own-pairs") as grid:
        for pair in pairs:
            with grid.cell():
                both = "".join(tile_html(mine.item(id), mine.item(id).name) for id in (pair.id_a, pair.id_b))
                similarity = WORDS.browse.similarity.format(similarity=pair.similarity)
                st.html(f'<div class="vt-tiles">{both}</div><p class="vt-quiet">{similarity}</p>')


def downloads(mine: OwnCatalogue) -> None:
    """Draw the files; each is made when it is asked for."""
    kept, embeddings, backbone = mine.items, mine.embeddings, mine.embedder.record.id
    files = (
        (WORDS.own.index, WORDS.own.index_help, "index.hnsw", lambda: index_bytes(embeddings)),
        (
            *(WORDS.own.embeddings, WORDS.own.embeddings_help, "embeddings.npz"),
            lambda: embeddings_npz(kept, embeddings, backbone),
        ),
        (WORDS.own.table, WORDS.own.table_help, "items.csv", lambda: items_csv(kept).encode()),
    )
    with st.container(key="own-downloads", horizontal=True):
        for label, note, file, make in files:
            download(label, make, f"vitrine-{file}", "application/octet-stream", f"own-get-{file}", help=note)
    st.caption(WORDS.own.downloads_note)
    st.caption(WORDS.own.keep_note)
