"""How a visitor asks: upload, camera, or one of the samples."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.config import MAX_IMAGE_BYTES
from core.ui.components import samples, words_box
from core.ui.components.controls import problem
from core.ui.visit import keys, state
from core.ui.words import WORDS


def show(words: bool = True) -> None:
    """Draw the ways to ask; `words` where these can be asked with.

    They stand in the same place on a page that has an answer and on one that has none, and only the style makes them
    small: were they drawn anew in between, the photo on its way would be lost.
    """
    st.html(samples.button_style())
    with st.container(key="ask"):
        left, right = st.columns([2, 3], gap="medium")
        with left:
            _photo()
        with right:
            _samples()
        if words:
            words_box.show()


def _photo() -> None:
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
            on_change=_taken,
        )
    else:
        _uploader()
    if state.current() is None and keys.INCOMING not in st.session_state:
        problem(st.session_state.get(keys.PROBLEM) or (WORDS.common.photo_gone if state.is_photo_gone() else ""))


def _uploader() -> None:
    """Draw an uploader, a new one for each file: in a used one, the file before is taken away before the next comes."""
    n = st.session_state.setdefault(keys.N_UPLOADS, 0)
    st.file_uploader(
        WORDS.common.upload,
        type="image",
        key=f"upload-{n}",
        max_upload_size=MAX_IMAGE_BYTES // 10**6,
        on_change=_received,
        args=(f"upload-{n}",),
    )


def _received(key: str) -> None:
    """Take the file that an uploader has just got; it is looked at when the page is drawn."""
    file = st.session_state.get(key)
    if isinstance(file, UploadedFile):
        st.session_state[keys.N_UPLOADS] += 1
        _take(file.getvalue(), file.name)
        release(file)


def _taken() -> None:
    """Take what the camera has just seen; a picture that was taken back is forgotten."""
    file = st.session_state.get("camera")
    if file is None:
        state.forget_photos()
    else:
        _take(file.getvalue(), WORDS.common.camera_name)


def _take(data: bytes, name: str) -> None:
    keys.forget(keys.PROBLEM)
    st.session_state[keys.INCOMING] = (data, name)


def release(file: UploadedFile) -> None:
    """Let Streamlit forget an upload, which it would otherwise keep as long as the visit lasts."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=file.file_id)


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
