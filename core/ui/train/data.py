"""The first step of the Train page: which pictures, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.classifier.data import datasets, examples
from core.classifier.data.organise import Report, organise
from core.classifier.data.sources import GROUP, PART, from_upload
from core.config import MAX_ARCHIVE_BYTES, MAX_CSV_BYTES
from core.engine.search import process
from core.errors import VitrineError
from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import shown
from core.ui.components import cards
from core.ui.components.controls import problem
from core.ui.train import charts
from core.ui.train.state import TrainSession
from core.ui.visit import session
from core.ui.visit.page import step
from core.ui.words import WORDS, say

UPLOAD, OWN = "upload", "own"


def show(session: TrainSession) -> None:
    """Draw the step, and organise what was chosen."""
    step(WORDS.train.step_data)
    choices = [*datasets.DATASETS, UPLOAD, *([OWN] if own_catalogue() is not None else [])]
    asked = st.query_params.get("data", choices[0])
    st.session_state["train-data"] = asked if asked in choices else choices[0]
    chosen = st.segmented_control(
        WORDS.train.data, choices, required=True, format_func=WORDS.train.sources.__getitem__, key="train-data",
        label_visibility="collapsed", on_change=_chosen,
    )  # fmt: skip
    if chosen == UPLOAD:
        _upload(session)
    elif chosen == OWN:
        _own(session)
    elif session.source != chosen:
        _built(session, str(chosen))
    problem(session.problem)
    if session.examples is not None and session.report is not None:
        _report(session.report)


def _chosen() -> None:
    """The link says what is shown."""
    st.query_params["data"] = str(st.session_state["train-data"])


def own_catalogue() -> OwnCatalogue | None:
    """The visitor's own catalogue, if this session has one."""
    return session.own() or None


def _built(session: TrainSession, dataset_id: str) -> None:
    session.forget_pictures()
    with st.spinner(WORDS.train.organising):
        found = organise(datasets.load(datasets.get(dataset_id), process.engine().embedder))
    session.choose(dataset_id, dataset_id)
    session.examples, session.report = found


def _own(session: TrainSession) -> None:
    mine = own_catalogue()
    if mine is not None and session.source != (OWN, len(mine)):
        session.choose((OWN, len(mine)), WORDS.train.sources[OWN], mine)
        _organise(session, mine)


def _upload(session: TrainSession) -> None:
    left, right = st.columns(2, gap="medium")
    archive = left.file_uploader(
        WORDS.train.zip, type="zip", key="train-zip", help=WORDS.train.zip_help,
        max_upload_size=MAX_ARCHIVE_BYTES // 10**6,
    )  # fmt: skip
    table = right.file_uploader(
        WORDS.train.csv, type="csv", key="train-csv", help=WORDS.train.csv_help, max_upload_size=MAX_CSV_BYTES // 10**6
    )
    if archive is None:
        if session.source is not None:
            session.forget_pictures()
        st.info(WORDS.train.upload_empty, icon=":material/folder_zip:")
        return
    source = (archive.file_id, table.file_id if table else "")
    if session.source != source:
        catalogue = OwnCatalogue(process.engine().embedder)
        session.choose(source, shown(archive.name), catalogue)  # what is refused is refused once
        _organise(session, catalogue, (archive, table))


def _organise(session: TrainSession, catalogue: OwnCatalogue, uploads: tuple[Any, Any] | None = None) -> None:
    try:
        if uploads is not None:
            _embed(catalogue, *uploads)
        columns = (GROUP, PART) if uploads is not None else ()
        session.examples, session.report = organise(examples.from_own(catalogue, *columns), skipped=catalogue.skipped)
    except VitrineError as error:
        session.problem = say(error)


def _embed(catalogue: OwnCatalogue, archive: Any, table: Any) -> None:
    bar = st.progress(0.0, WORDS.train.organising)
    for progress in catalogue.add(from_upload(archive, table.getvalue() if table else None)):
        share = progress.n_done / progress.n_total if progress.n_total else 1.0
        text = WORDS.train.embedding.format(n=progress.n_done, seconds=progress.seconds_left or 0)
        bar.progress(min(1.0, share), text)
    bar.empty()


def _report(report: Report) -> None:
    """The classes, and below them whatever needs attention."""
    n = report.counts.sum(axis=0).tolist()
    st.markdown(
        WORDS.train.counts.format(n=sum(n), classes=len(report.classes), train=n[0], validation=n[1], test=n[2])
    )
    charts.counts(report)
    problems = _problems(report)
    if not problems:
        st.success(WORDS.train.clean, icon=":material/check:")
        return
    with st.expander(WORDS.train.problems.format(n=len(problems)), icon=":material/warning:"):
        st.markdown("\n".join(f"- {cards.plain(problem)}" for problem in problems[:200]))


def _problems(report: Report) -> list[str]:
    """One sentence for each thing that needs attention, the gravest kinds first."""
    left_out = [WORDS.train.left_out.format(name=name, n=n) for name, n in report.left_out]
    absent = [WORDS.train.absent.format(name=name, part=WORDS.train.parts[part]) for name, part in report.absent]
    conflicts = [WORDS.train.conflict.format(first=first, second=second) for first, second in report.conflicts]
    across = [
        WORDS.train.duplicate.format(
            first=pair.names[0],
            second=pair.names[1],
            first_part=WORDS.train.parts[pair.parts[0]],
            second_part=WORDS.train.parts[pair.parts[1]],
        )
        for pair in report.across or ()
    ]
    missing = [WORDS.train.missing.format(name=one.name) for one in report.missing]
    unreadable = [say(one.sentence) for one in report.unreadable]
    rare = [WORDS.train.rare.format(name=name, n=n) for name, n in report.rare]
    uncompared = [WORDS.train.uncompared] if report.across is None else []
    return [*left_out, *absent, *conflicts, *across, *missing, *unreadable, *rare, *uncompared]
