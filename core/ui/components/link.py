"""Choices that a page keeps in its link: one change of a widget is one change of the link."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

MAX_NAME = 120  # characters of a name that is typed in


def choose(
    widget: Callable[..., Any], label: str, name: str, ids: Sequence[str], words: Callable[[str], str], **others: Any
) -> str:
    """Draw a widget with one choice, whose value is in the link under `name`.

    Args:
        widget: `st.selectbox` or `st.segmented_control`.
        label: Of the widget.
        name: Of the link's parameter.
        ids: What can be chosen; the first one is as usual, and left out of the link.
        words: id -> what visitors read.
        others: Whatever else the widget takes.
    """
    asked = st.query_params.get(name, "")
    key = f"compare-{name}"
    st.session_state[key] = asked if asked in ids else ids[0]
    chosen = widget(label, ids, format_func=words, key=key, on_change=_keep, args=(name, ids[0]), **others)
    return str(chosen)


def _keep(name: str, usual: str) -> None:
    put(name, st.session_state[f"compare-{name}"], usual)


def linked(widget: Callable[..., Any], *asked: Any, name: str, value: Any, usual: Any, **others: Any) -> Any:
    """Draw a widget whose value is in the link, which decides what it shows.

    Streamlit's own binding of a widget to the link is not used: what is bound, no program may change or take away.

    Args:
        widget: `st.slider` and its like.
        asked: What it takes before its value.
        name: Of the link's parameter, and the widget's key.
        value: What the link says.
        usual: The value that is left out of the link.
        others: Whatever else the widget takes.
    """
    st.session_state[name] = value
    return widget(*asked, key=name, on_change=_keep_linked, args=(name, usual), **others)


def _keep_linked(name: str, usual: Any) -> None:
    value = st.session_state[name]
    if value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = list(value) if isinstance(value, list | tuple) else str(value)


def number(name: str, low: float, high: float, usual: float) -> float:
    """The number that the link has under a name, within its bounds; the usual one where it has none."""
    asked = st.query_params.get(name, "")
    return min(max(float(asked), low), high) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", asked) else usual


def choose_several(
    label: str, name: str, ids: Sequence[str], usual: Sequence[str], most: int, **others: Any
) -> list[str]:
    """Draw a widget with several choices, or names that are typed in; all of them are in the link, the usual ones, too.

    What is usual depends on the computer, and a link shows the same on each. An empty choice is an empty parameter.

    Args:
        label: Of the widget.
        name: Of the link's parameter, which is repeated.
        ids: What can be chosen without typing.
        usual: What is chosen where the link names nothing.
        most: How many can be chosen.
        others: Whatever else `st.multiselect` takes.
    """
    key = f"compare-{name}"
    st.session_state[key] = _allowed(st.query_params.get_all(name) if name in st.query_params else usual, most)
    chosen = st.multiselect(
        label, ids, key=key, max_selections=most, accept_new_options=True,
        on_change=_keep_several, args=(name,), **others,
    )  # fmt: skip
    chosen = _allowed(chosen, most)  # a visitor can send what the widget would not
    _put_several(name, chosen)
    return chosen


def _allowed(asked: Sequence[str], most: int) -> list[str]:
    return [id for id in dict.fromkeys(asked) if 0 < len(id) <= MAX_NAME][:most]


def _keep_several(name: str) -> None:
    _put_several(name, st.session_state[f"compare-{name}"])


def _put_several(name: str, values: list[str]) -> None:
    if st.query_params.get_all(name) != (values or [""]):
        st.query_params[name] = values or ""


def put(name: str, value: str, usual: str) -> None:
    """Write a choice into the link."""
    if value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
