"""The second step of the Train page: options, the run with its curves, and the button that ends it.

A run goes on within the page's own script, so it ends with the visit and needs no thread. Whatever the visitor
presses meanwhile begins the script anew between two epochs; the run is in the session and goes on from there.
"""

from __future__ import annotations

import importlib.util
import math
import time
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.classifier.data import datasets
from core.classifier.data.examples import Examples
from core.classifier.evaluate import Evaluation
from core.classifier.run import compared, finish_alone, make_trainer
from core.classifier.training.options import FINETUNE, LINEAR, MLP, Epoch, Options, usual
from core.engine.search import process
from core.ui.components.controls import problem
from core.ui.train import charts
from core.ui.train.state import Run, TrainSession
from core.ui.visit import keys
from core.ui.visit.page import step
from core.ui.words import WORDS, counted

#: Seconds between two drawings of the curves; a browser that draws more often shows no more.
_DRAW_S = 0.3
_OVER = object()
_MAX_SEED = 2**31 - 1
_MAX_LOOKED_AT = 6000


def show(session: TrainSession) -> None:
    """Draw the step; while a run goes on, this is where the page spends its time."""
    assert session.examples is not None
    step(WORDS.train.step_train)
    options = _options(session.examples, disabled=session.run is not None)
    with st.container(horizontal=True, gap="small"):
        st.button(
            WORDS.train.start, key="train-start", type="primary", icon=":material/play_arrow:",
            disabled=session.run is not None, on_click=_start, args=(session, options),
        )  # fmt: skip
        st.button(
            WORDS.train.stop, key="train-stop", icon=":material/stop:",
            disabled=session.run is None, on_click=_stop, args=(session,),
        )  # fmt: skip
    problem(st.session_state.pop(keys.TRAIN_PROBLEM, ""))
    if session.run is not None:
        _go_on(session, session.run)
    elif session.history:
        _done(session.history)


def _options(examples: Examples, disabled: bool) -> Options:
    kinds = [LINEAR, MLP, *([FINETUNE] if can_finetune(examples) else [])]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        kind = st.segmented_control(
            WORDS.train.kind, kinds, default=LINEAR, required=True, format_func=WORDS.train.kinds.__getitem__,
            help=WORDS.train.kind_help, key="train-kind", disabled=disabled,
        )  # fmt: skip
        chosen = usual(kind or LINEAR)
        epochs = st.number_input(
            WORDS.train.epochs, 1, 200, chosen.epochs, key=f"train-epochs-{kind}", help=WORDS.train.epochs_help,
            disabled=disabled, width=150,
        )  # fmt: skip
        seed = st.number_input(
            WORDS.train.seed, 0, _MAX_SEED, 0, key="train-seed", help=WORDS.train.seed_help, disabled=disabled,
            width=150,
        )  # fmt: skip
    with st.container(horizontal=True, gap="medium"):
        weights = st.toggle(
            WORDS.train.weights, True, key="train-weights", help=WORDS.train.weights_help, disabled=disabled
        )
        lacking = not at_hand(examples)
        augment = st.toggle(
            WORDS.train.augment, False, key="train-augment", disabled=disabled or lacking,
            help=WORDS.train.augment_lacking if lacking else WORDS.train.augment_help,
        )  # fmt: skip
    return replace(chosen, epochs=epochs, seed=seed, class_weights=weights, augment=augment)


def can_finetune(examples: Examples) -> bool:
    """Whether the last blocks of the backbone can be trained here: that needs torch and the pictures."""
    return at_hand(examples) and importlib.util.find_spec("torch") is not None


def at_hand(examples: Examples) -> bool:
    """Whether the pictures are here, and few enough to be looked at again while a visitor waits."""
    return examples.picture is not None and len(examples) <= _MAX_LOOKED_AT


def _start(session: TrainSession, options: Options) -> None:
    assert session.examples is not None
    session.forget_run()
    session.run = Run(make_trainer(session.examples, options, process.engine().embedder))


def _stop(session: TrainSession) -> None:
    if session.run is not None:
        session.run.stop = True


def _go_on(session: TrainSession, run: Run) -> None:
    """Train until the end, or until it is stopped; then evaluate, once.

    Whoever presses something gets a script of their own at once, while the one before goes on to its next drawing. So
    one of them has the run at a time, and the other looks afterwards what there is left to do.
    """
    place = st.empty()
    with session.lock:
        if session.run is run:
            _train(run, place)
            with st.spinner(WORDS.train.evaluating):
                _finish(session, run)
    st.rerun()


def _train(run: Run, place: DeltaGenerator) -> None:
    """Take the run's steps until it is over or stopped, and draw how far it is."""
    if run.epochs is None and not run.stop:
        bar = place.progress(0.0, WORDS.train.preparing)
        for progress in run.trainer.prepare():
            bar.progress(min(1.0, progress.n_done / (progress.n_total or 1)), WORDS.train.preparing)
        run.epochs = run.trainer.steps()
    with place.container():
        bar, curves = st.empty(), st.empty()
    n_drawn, drawn = 0, 0.0
    while run.epochs is not None and not run.stop and next(run.epochs, _OVER) is not _OVER:
        # A press of the button is noticed where something is drawn, so something is, also within a long epoch.
        if time.monotonic() - drawn > _DRAW_S:
            history = run.trainer.history
            _going_on(bar, history)
            if len(history) > n_drawn:  # the same curves cannot be drawn twice in one run of the script
                with curves.container():
                    charts.curves(history)
            n_drawn, drawn = len(history), time.monotonic()


def _finish(session: TrainSession, run: Run) -> None:
    """Keep what the run gives, all of it or nothing: until then the run is there, and is gone on with."""
    try:
        if run.trainer.best is None:
            st.session_state[keys.TRAIN_PROBLEM] = WORDS.train.stopped_early
            return
        trained = finish_alone(run.trainer, process.engine().embedder, session.title, run.stop)
        if session.run is run:  # and no other was begun meanwhile
            session.classifier, session.evaluation = trained
    finally:
        if session.run is run:
            session.history, session.run = run.trainer.history, None


def compare(session: TrainSession) -> None:
    """Set what needs no training beside the results, which are drawn by then: with many pictures it takes long."""
    if session.run is not None or not _lacks(session.evaluation):
        return
    with st.spinner(WORDS.train.comparing), session.lock:
        classifier, evaluation, examples = session.classifier, session.evaluation, session.examples
        if classifier is not None and evaluation is not None and examples is not None and _lacks(evaluation):
            dataset = datasets.DATASETS.get(session.title) if session.catalogue is None else None
            words = datasets.words(dataset) if dataset else None
            found = compared(classifier, evaluation, examples, process.engine().embedder, words)
            if session.evaluation is evaluation:  # and no other was made meanwhile
                session.classifier, session.evaluation = found
    st.rerun()


def _lacks(evaluation: Evaluation | None) -> bool:
    return evaluation is not None and len(evaluation.figures) == 1


def _going_on(bar: DeltaGenerator, history: list[Epoch]) -> None:
    """How far it is, in words."""
    if not history:
        bar.progress(0.0, WORDS.train.first_epoch)
        return
    last = history[-1]
    text = WORDS.train.status.format(
        epoch=last.number, n=last.n_epochs, accuracy=last.validation_accuracy, seconds=last.seconds_left
    )
    bar.progress(last.number / last.n_epochs, text)


def _done(history: list[Epoch]) -> None:
    """How it ended, and what the epoch that is kept is best in."""
    best = next(epoch for epoch in reversed(history) if epoch.best)
    n = counted(WORDS.train.epochs_done, history[-1].number)
    words = WORDS.train.done_without if math.isnan(best.validation_loss) else WORDS.train.done
    st.markdown(words.format(n=n, best=best.number, loss=best.deciding_loss, accuracy=best.validation_accuracy))
    charts.curves(history)
