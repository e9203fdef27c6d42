"""The fourth step of the Train page: classify photos of one's own, take the classifier along, and bring it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain
from typing import Any

import streamlit as st

from core.classifier.evaluate import Evaluation
from core.classifier.model import export, files
from core.classifier.model.classifier import Classifier
from core.classifier.model.predict import Prediction, Predictor, embedder_of, evaluation_of, predictions_csv
from core.config import DEFAULT_BACKBONE, MAX_ARCHIVE_BYTES, Quota
from core.engine.search import process
from core.errors import VitrineError, sentence
from core.own.ingest.incoming import Incoming, Skipped, UploadError, shown
from core.own.ingest.zip_source import ZipSource
from core.ui.components import cards
from core.ui.components.controls import download, problem
from core.ui.components.pictures import Picture, data_url
from core.ui.train import evaluate
from core.ui.train.state import TrainSession
from core.ui.visit import keys
from core.ui.visit.page import step
from core.ui.words import WORDS, say

#: So many results are shown as pictures; the table has all of them.
_SHOWN = 24
_TOP = 3
_MAX_MB = 60


def show(session: TrainSession) -> None:
    """Draw the step, where there is a classifier."""
    if session.classifier is None:
        return
    step(WORDS.train.step_predict)
    uploads = st.file_uploader(
        WORDS.train.predict, type=["image", "zip"], key="train-predict", accept_multiple_files=True,
        max_upload_size=MAX_ARCHIVE_BYTES // 10**6, on_change=session.forget_predictions,
    )  # fmt: skip
    if not uploads:
        st.caption(WORDS.train.predict_empty.format(labels=cards.plain(", ".join(session.classifier.labels))))
        return
    if not session.predictions and not session.problems:
        _classify(session, session.classifier, uploads)
    for left_out in session.problems[:_SHOWN]:
        st.warning(cards.plain(left_out), icon=":material/info:")
    if session.predictions:
        _results(session, session.classifier)


def _classify(session: TrainSession, classifier: Classifier, uploads: Sequence[Any]) -> None:
    # A tower of its own was trained in this very session: `from_zip` lets none in.
    embedder = embedder_of(classifier) if classifier.tower else process.engine(classifier.backbone).embedder
    predictor = Predictor(classifier, embedder, _SHOWN)
    with st.spinner(WORDS.train.classifying):
        for _ in predictor.add(_incoming(uploads)):
            pass
    session.predictions, session.thumbnails = predictor.predictions, predictor.thumbnails
    # Why an archive is refused is a whole sentence already.
    session.problems = [say(one.sentence).rstrip(".") + "." for one in predictor.skipped]


def _incoming(uploads: Sequence[Any]) -> Iterator[Incoming | Skipped]:
    """The pictures of all uploads, at most as many as the quota allows."""
    limit = Quota().queries
    for n, one in enumerate(chain.from_iterable(map(_pictures, uploads))):
        if n == limit:
            yield Skipped(one.name, sentence("ui.too-many", limit=limit))
            return
        yield one


def _pictures(file: Any) -> Iterable[Incoming | Skipped]:
    if not file.name.lower().endswith(".zip"):
        return [Incoming(shown(file.name), "", file.getvalue())]
    try:
        return ZipSource(file)
    except UploadError as error:
        return [Skipped(shown(file.name), error.sentence)]


def _results(session: TrainSession, classifier: Classifier) -> None:
    evaluation = evaluation_of(session.predictions, classifier.labels)
    if evaluation is not None:
        _how_good(evaluation, len(session.predictions))
    with st.grid(6, min_column_width=150, gap="small", key="train-results") as grid:
        # of the thumbnails there are fewer
        for prediction, thumbnail in zip(session.predictions, session.thumbnails, strict=False):
            with grid.cell():
                st.html(prediction_html(prediction, classifier.labels, Picture((data_url(thumbnail),))))
    if len(session.predictions) > len(session.thumbnails):
        st.caption(WORDS.train.more.format(n=len(session.predictions) - len(session.thumbnails)))
    table = predictions_csv(session.predictions, classifier.labels)
    download(WORDS.train.csv_results, table, "vitrine-classes.csv", "text/csv", "train-csv-results")


def _how_good(evaluation: Evaluation, n_pictures: int) -> None:
    """Of the pictures in folders that are named after classes: how many are right."""
    accuracy = evaluation.figures[0].accuracy
    st.markdown(
        WORDS.train.folders.format(
            n=accuracy.n, of=n_pictures, right=int(evaluation.confusion.trace()),
            value=accuracy.value, low=accuracy.low, high=accuracy.high,
        )
    )  # fmt: skip
    evaluate.by_class(evaluation, "train-folders")


def prediction_html(prediction: Prediction, labels: Sequence[str], picture: Picture) -> str:
    """The tile of a classified picture: picture, class, and the most probable classes as bars."""
    alt = WORDS.train.result_alt.format(name=prediction.name, label=prediction.label)
    truth = f'<p class="vt-strong">{escape(WORDS.train.truth.format(truth=prediction.truth))}</p>'
    order = (-prediction.probabilities).argsort(kind="stable")[:_TOP]
    bars = "".join(
        f'<p class="vt-quiet">{escape(labels[n])} {cards.percent(float(prediction.probabilities[n]))}</p>'
        f'<div class="vt-meter" aria-hidden="true"><i style="width:{100 * prediction.probabilities[n]:.0f}%"></i></div>'
        for n in order
    )
    return (
        f'<article class="vt-tile" data-label="{escape(prediction.label)}">'
        f'<div class="vt-frame">{cards.picture_html(picture, alt)}</div>'
        f'<p class="vt-strong">{escape(prediction.label)}</p>{truth if prediction.wrong else ""}'
        f'<p class="vt-quiet vt-id">{escape(prediction.name)}</p>{bars}</article>'
    )


def saved(session: TrainSession) -> None:
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
        problem(st.session_state.get(keys.TRAIN_LOAD_PROBLEM, ""))


def _downloads(classifier: Classifier) -> None:
    with st.container(horizontal=True, gap="small", key="train-downloads"):
        file = "vitrine-classifier.zip"
        kind = "application/zip"
        download(WORDS.train.download, lambda: files.to_zip(files.pack(classifier)), file, kind, "train-zip-file")
        if export.available():
            file, kind = "vitrine-head.onnx", "application/octet-stream"
            download(WORDS.train.head_onnx, lambda: export.head_onnx(classifier), file, kind, "train-head-onnx")
            file = "vitrine-classifier.onnx"
            download(WORDS.train.whole_onnx, lambda: export.whole_onnx(classifier), file, kind, "train-whole-onnx")
    if not export.available():
        st.caption(WORDS.train.no_onnx)


def _load(session: TrainSession) -> None:
    """Take a classifier that was saved earlier into use."""
    file = st.session_state.get("train-load")
    keys.forget(keys.TRAIN_LOAD_PROBLEM)
    if file is None:
        return
    try:
        classifier = files.from_zip(file.getvalue(), [DEFAULT_BACKBONE])
    except VitrineError as error:
        st.session_state[keys.TRAIN_LOAD_PROBLEM] = say(error)
        return
    session.forget_run()
    session.classifier = classifier
