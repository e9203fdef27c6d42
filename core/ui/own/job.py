"""Long work for one visitor: a bar that moves, and a button that stops it and keeps what is done.

The work goes on in the visitor's own script run, one step at a time, and a click is heard after each step. On
another page the work rests; back here it goes on. Streamlit begins the run that a click asks for before the one at
work has noticed, so there is a lock: a step is never disturbed.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Literal, cast

import streamlit as st

from core.engine.progress import Progress
from core.errors import VitrineError
from core.own.evaluation import OwnEvaluation
from core.own.ingest.incoming import Incoming, Skipped
from core.own.items import OWN
from core.own.queries import QuerySet
from core.own.thresholds import Curve
from core.ui.visit import keys, session
from core.ui.words import WORDS, say

#: What the page showed before stays, greyed, until a run ends; while this one works it is only in the way.
_ALONE = '<style>[data-stale="true"]{display:none}</style>'


@dataclass
class Job:
    """Work that is going on.

    Attributes:
        kind: What it is.
        steps: Does a bit of it each time.
        skipped: What was left out before it began.
        queries: The query set that it fills, if it is one.
        evaluation: The same of an evaluation.
        progress: The last report.
    """

    kind: Literal["add", "ask", "evaluate"]
    steps: Generator[Progress, None, None]
    skipped: list[Skipped] = field(default_factory=list)
    queries: QuerySet | None = None
    evaluation: OwnEvaluation | None = None
    progress: Progress | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def advance(self) -> Progress | None:
        """Do one step; None once there is nothing left to do.

        Raises:
            VitrineError: The step failed.
        """
        with self._lock:
            progress = next(self.steps, None)
            self.progress = progress or self.progress
            return progress

    def stop(self) -> None:
        """Let the step that is being done be the last one."""
        with self._lock:
            self.steps.close()


@dataclass(frozen=True)
class Answers:
    """A set of queries that was run, and what the thresholds would do (None without labels)."""

    queries: QuerySet
    curve: Curve | None


def current() -> Job | None:
    """The work of this session, None where there is none."""
    return cast("Job | None", st.session_state.get(keys.OWN_JOB))


def add(incoming: Iterable[Incoming | Skipped], skipped: list[Skipped] | None = None) -> None:
    """Begin to add pictures to the session's catalogue.

    Raises:
        VitrineError: The backbone cannot be used.
    """
    steps = session.start().add(incoming)
    session.forget_results()
    st.session_state[keys.OWN_JOB] = Job("add", steps, skipped or [])


def ask(incoming: Iterable[Incoming | Skipped]) -> None:
    """Begin to run queries against the session's catalogue."""
    queries = QuerySet(session.engine(), OWN)
    session.forget_results()
    st.session_state[keys.OWN_JOB] = Job("ask", queries.run(incoming), queries=queries)


def evaluate(evaluation: OwnEvaluation, incoming: Iterable[Incoming | Skipped] = ()) -> None:
    """Begin to evaluate backbones on the session's catalogue, asked with a set of queries where there is one."""
    st.session_state[keys.OWN_JOB] = Job("evaluate", evaluation.run(incoming), evaluation=evaluation)


def show(job: Job) -> None:
    """Draw the bar and the button, do the work, and draw the page again."""
    st.html(_ALONE)
    st.html(f'<h2 class="vt-title">{WORDS.own.jobs[job.kind]}</h2>')
    bar = st.progress(*_state(job.progress))
    with st.container(key="own-cancel-row", horizontal=True, vertical_alignment="center"):
        st.button(WORDS.own.cancel, key="own-cancel", icon=":material/stop_circle:", on_click=_cancel, args=(job,))
        st.caption(WORDS.own.cancel_note, width="content")
    try:
        while progress := job.advance():
            bar.progress(*_state(progress))  # where a click on the button ends this run
        _end(job, WORDS.own.done)
    except VitrineError as error:
        _end(job, WORDS.own.stopped)
        st.session_state[keys.OWN_PROBLEM] = say(error)
    st.rerun()


def _state(progress: Progress | None) -> tuple[float, str]:
    """How full the bar is, and the words on it."""
    if progress is None:
        return 0.0, WORDS.own.progress_first
    facts = {"done": progress.n_done, "total": progress.n_total, "speed": progress.images_per_s}
    left = progress.seconds_left
    text = (WORDS.own.progress_open if left is None else WORDS.own.progress).format(left=left, **facts)
    if progress.n_skipped:
        text += " · " + WORDS.own.progress_skipped.format(n=progress.n_skipped)
    return min(1.0, progress.n_done / progress.n_total) if progress.n_total else 0.0, text


def _cancel(job: Job) -> None:
    job.stop()
    _end(job, WORDS.own.stopped)


def _end(job: Job, words: dict[str, str]) -> None:
    """Put away the work and keep what came of it."""
    if st.session_state.pop(keys.OWN_JOB, None) is None:  # a click that came too late
        return
    if job.evaluation:
        st.session_state[keys.OWN_EVALUATION] = job.evaluation
        st.session_state[keys.OWN_SKIPPED] = job.evaluation.skipped
        return
    mine = session.own()
    left_out = job.queries.skipped if job.queries else mine.skipped if mine is not None else []
    st.session_state[keys.OWN_SKIPPED] = [*job.skipped, *left_out]
    progress = job.progress
    n_added, speed = (progress.n_added, progress.images_per_s) if progress else (0, 0.0)
    if n_added:
        st.session_state[keys.OWN_NOTE] = words[job.kind].format(n=n_added, speed=speed)
    elif words is WORDS.own.done:
        st.session_state[keys.OWN_PROBLEM] = WORDS.own.nothing
    if job.queries and job.queries.results:
        st.session_state[keys.OWN_QUERIES] = Answers(job.queries, job.queries.curve())
