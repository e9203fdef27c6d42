"""How a visitor asks: upload, camera, or one of the samples."""

from __future__ import annotations

import streamlit as st

from core.ui import samples, state
from core.ui.words import WORDS


def show(large: bool) -> None:
    """Draw the ways to ask; `large` where they are the whole page."""
    st.html(samples.button_style())
    with st.container(key="ask-large" if large else "ask-small"):
        left, right = st.columns(2, gap="medium", vertical_alignment="top")
        with left:
            _photo()
        with right:
            _samples()


def _photo() -> None:
    source = st.segmented_control(
        WORDS.source,
        list(WORDS.sources),
        default="upload",
        required=True,
        format_func=lambda id: WORDS.sources[id],
        key="source",
        label_visibility="collapsed",
    )
    if source == "camera":  # drawn only now, since drawing it asks for the camera
        st.camera_input(
            WORDS.camera,
            key="camera",
            help=WORDS.camera_note,
            resolution="720p",
            on_change=_received,
            args=("camera",),
        )
        return
    st.file_uploader(
        WORDS.upload,
        type="image",
        key="upload",
        label_visibility="collapsed",
        on_change=_received,
        args=("upload",),
    )


def _received(widget: str) -> None:
    """Take what a widget has just got; it is looked at when the page is drawn."""
    file = st.session_state.get(widget)
    st.session_state.pop("problem", None)
    if file is None:
        query = state.current()
        if query is not None and query.kind == "photo":
            state.start_over()
        return
    name = WORDS.camera_name if widget == "camera" else file.name
    st.session_state["incoming"] = (file.getvalue(), name)


def _samples() -> None:
    st.html(f'<p class="vt-kicker vt-samples">{WORDS.samples_heading}</p>')
    with st.grid(4, min_column_width=60, wrap=False, gap="small", key="samples"):
        for name, title in WORDS.samples.items():
            st.button(
                title,
                key=f"sample-{name}",
                help=WORDS.sample_help,
                width="stretch",
                on_click=state.go,
                args=(state.Query("sample", name),),
            )
