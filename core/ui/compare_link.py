"""Choices that the Compare page keeps in its link: stable ids, never the words that visitors read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def choose(
    widget: Callable[..., Any], label: str, name: str, ids: Sequence[str], words: Callable[[str], str], **looks: Any
) -> str:
    """Draw a widget with one choice, whose value is in the link under `name`.

    Args:
        widget: `st.selectbox` or `st.segmented_control`.
        label: Of the widget.
        name: Of the link's parameter.
        ids: What can be chosen; the first one is as usual, and left out of the link.
        words: id -> what visitors read.
        looks: Whatever else the widget takes.
    """
    asked = st.query_params.get(name, "")
    key = f"compare-{name}"
    st.session_state[key] = asked if asked in ids else ids[0]
    chosen = widget(label, ids, format_func=words, key=key, on_change=_keep, args=(name, ids[0]), **looks)
    return str(chosen)


def _keep(name: str, usual: str) -> None:
    put(name, st.session_state[f"compare-{name}"], usual)


def put(name: str, value: str, usual: str) -> None:
    """Write a choice into the link."""
    if value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
