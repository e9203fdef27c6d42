"""What several pages draw alike: what went wrong, files to download, pages to turn, commands, pictures of items."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from core.engine.catalogues.items import Item
from core.engine.search import process
from core.errors import VitrineError
from core.ui.components import cards
from core.ui.components.pictures import picture_of
from core.ui.visit import session, state
from core.ui.words import WORDS, say


def download(
    label: str, content: str | bytes | Callable[[], str | bytes], file: str, kind: str, key: str, **others: Any
) -> None:
    """A button for a file, made when it is asked for where that takes long; `others` is what else the button takes."""
    icon = ":material/download:"
    st.download_button(label, content, file, kind, key=key, icon=icon, on_click="ignore", **others)


def problem(told: VitrineError | str) -> None:
    """What went wrong, as a sentence of the page; nothing for ""."""
    if told:
        st.error(cards.plain(say(told)), icon=":material/error:")


def paged(n_things: int, size: int, label: str, key: str) -> slice:
    """Draw which page is shown, where there is more than one; returns which things are on it."""
    n = -(-n_things // size)
    page = int(st.number_input(label.format(n=n), 1, n, key=key, width=160)) if n > 1 else 1
    return slice((page - 1) * size, page * size)


def command(line: str) -> None:
    """The command that does the same."""
    st.caption(WORDS.compare.command)
    st.code(line, language=None, wrap_lines=True)


def item_at(catalogue: str, position: int, below: str | None = None) -> tuple[Item, str]:
    """An item of a catalogue, and the HTML of its small picture above a line (default: its title)."""
    gallery = process.engine().gallery(catalogue)
    item = gallery.items.row(position)
    title = f'<p class="vt-quiet">{escape(session.called(item))}</p>'
    return item, cards.item_html(item, picture_of(gallery, position), title if below is None else below)


def more_like(item_id: str, key: str) -> None:
    """The button that makes an item the query."""
    query = state.Asked("item", item_id)
    st.button(WORDS.common.more, key=key, width="stretch", on_click=state.go, args=(query,))
