"""The last step of the Train page: take the classifier along, and bring it back."""

from __future__ import annotations

import streamlit as st

from core.classifier.model import export, files
from core.classifier.model.files import Classifier
from core.config import DEFAULT_BACKBONE
from core.errors import VitrineError
from core.ui.components import cards
from core.ui.train.state import TrainSession
from core.ui.visit import keys
from core.ui.words import WORDS

_MAX_MB = 60


def show(session: TrainSession) -> None:
    """Draw the downloads where there is a classifier, and the way to load one."""
    if session.classifier is not None:
        _downloads(session.classifier)
    with st.expander(WORDS.train.load, icon=":material/upload_file:", expanded=False):
        st.file_uploader(
            WORDS.train.load_file,
            type="zip",
            key="train-load",
            max_upload_size=_MAX_MB,
            on_change=_load,
            args=(session,),
        )
        if problem := st.session_state.get(keys.TRAIN_LOAD_PROBLEM):
            st.error(cards.plain(problem), icon=":material/error:")


def _downloads(classifier: Classifier) -> None:
    with st.container(horizontal=True, gap="small", key="train-downloads"):
        _button(WORDS.train.download, _folder(classifier), "vitrine-classifier.zip", "application/zip")
        if export.available():
            _button(
                WORDS.train.head_onnx, export.head_onnx(classifier), "vitrine-head.onnx", "application/octet-stream"
            )
            st.download_button(
                WORDS.train.whole_onnx, lambda: export.whole_onnx(classifier), "vitrine-classifier.onnx",
                "application/octet-stream", key="train-whole-onnx", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    if not export.available():
        st.caption(WORDS.train.no_onnx)


def _button(label: str, content: bytes, name: str, kind: str) -> None:
    st.download_button(label, content, name, kind, key=f"get-{name}", icon=":material/download:", on_click="ignore")


def _folder(classifier: Classifier) -> bytes:
    return files.to_zip(files.pack(classifier))


def _load(session: TrainSession) -> None:
    """Take a classifier that was saved earlier into use."""
    file = st.session_state.get("train-load")
    keys.forget(keys.TRAIN_LOAD_PROBLEM)
    if file is None:
        return
    try:
        classifier = files.from_zip(file.getvalue(), [DEFAULT_BACKBONE])
    except VitrineError as error:
        st.session_state[keys.TRAIN_LOAD_PROBLEM] = str(error)
        return
    session.forget_run()
    session.classifier = classifier
