"""How a visitor asks: upload, camera, or one of the samples."""

from __future__ import annotations

import streamlit as st

from core.config import MAX_IMAGE_BYTES
from core.ui.components import samples, words_box
from core.ui.visit import keys, state
from core.ui.words import WORDS

SMALL_CAMERA = 320  # pixels


def show(large: bool, words: bool = True) -> None:
    """Draw the ways to ask; `large` where they are the whole page, `words` where these can be asked with."""
    st.html(samples.button_style())
    with st.container(key="ask-large" if large else "ask-small"):
        left, right = st.columns([2, 3] if large else 2, gap="medium")
        with left:
            _photo(large)
        with right:
            _samples()
        if words:
            words_box.show(large)


def _photo(large: bool) -> None:
    source = st.segmented_control(
        WORDS.common.source,
        list(WORDS.common.sources),
        default="upload",
        required=True,
        format_func=lambda id: WORDS.common.sources[id],
        key="source",
        label_visibility="collapsed",
    )
    if source == "camera":  # drawn only now, since drawing it asks for the camera
        st.camera_input(
            WORDS.common.camera,
            key="camera",
            help=WORDS.common.camera_note,
            resolution="720p",
            width="stretch" if large else SMALL_CAMERA,
            on_change=_received,
            args=("camera",),
        )
        return
    st.file_uploader(
        WORDS.common.upload,
        type="image",
        key="upload",
        max_upload_size=MAX_IMAGE_BYTES // 10**6,
        on_change=_received,
        args=("upload",),
    )


def _received(widget: str) -> None:
    """Take what a widget has just got; it is looked at when the page is drawn."""
    file = st.session_state.get(widget)
    keys.forget(keys.PROBLEM)
    if file is None:
        state.forget_photos()
        st.session_state[keys.EMPTIED] = True
        return
    name = WORDS.common.camera_name if widget == "camera" else file.name
    st.session_state[keys.INCOMING] = (file.getvalue(), name)


def _samples() -> None:
    st.html(f'<p class="vt-kicker vt-samples">{WORDS.common.samples_heading}</p>')
    with st.grid(4, min_column_width=60, wrap=False, gap="small", key="samples"):
        for name, title in WORDS.common.samples.items():
            st.button(
                title,
                key=f"sample-{name}",
                width="stretch",
                on_click=state.go,
                args=(state.Asked("sample", name),),
            )
