"""What one visitor has on the Train page: pictures, a training run, its result. It lives in the session alone."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import cast

import streamlit as st

from core.classifier.data.examples import Examples
from core.classifier.data.organise import Report
from core.classifier.evaluate import Evaluation
from core.classifier.model.classifier import Classifier
from core.classifier.model.predict import Prediction
from core.classifier.training.options import Epoch
from core.classifier.training.trainer import Trainer
from core.own.catalogue import OwnCatalogue
from core.ui.visit import keys


@dataclass
class Run:
    """A training run that goes on: what it does, and how far it is.

    Attributes:
        trainer: What learns.
        epochs: Its steps, still to be asked for; None until it is prepared.
        stop: Whether the visitor has had enough.
    """

    trainer: Trainer
    epochs: Generator[Epoch | None, None, None] | None = None
    stop: bool = False


@dataclass
class TrainSession:
    """All that the page remembers.

    Attributes:
        source: What the examples were made from, so that they are made once.
        title: What the pictures are called.
        examples: Organised pictures, None before there are any.
        report: What was found when they were organised.
        problem: Why they could not be organised, "" where they could.
        catalogue: Whose thumbnails are shown; None for a built set.
        run: The run that goes on, None where none does.
        history: The epochs of the last run.
        evaluation: Of what the last run gave.
        classifier: What predicts: the last run's, or one that was loaded.
        predictions: Of the last pictures that were classified.
        problems: What was left out of them, as sentences.
        thumbnails: Name of a classified picture -> JPEG, of the first ones.
        lock: Held by the script that trains or evaluates; a visit may have two at a time.
    """

    source: object = None
    title: str = ""
    examples: Examples | None = None
    report: Report | None = None
    problem: str = ""
    catalogue: OwnCatalogue | None = None
    run: Run | None = None
    history: list[Epoch] = field(default_factory=list)
    evaluation: Evaluation | None = None
    classifier: Classifier | None = None
    predictions: list[Prediction] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    thumbnails: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def forget_run(self) -> None:
        """Drop what was made from the pictures."""
        self.run, self.evaluation, self.classifier = None, None, None
        self.history = []
        self.forget_predictions()

    def forget_predictions(self) -> None:
        """Drop the classified pictures."""
        self.predictions, self.problems, self.thumbnails = [], [], []

    def choose(self, source: object, title: str, catalogue: OwnCatalogue | None = None) -> None:
        """Begin with other pictures, which are still to be organised."""
        self.forget_pictures()
        self.source, self.title, self.catalogue = source, title, catalogue

    def forget_pictures(self) -> None:
        """Drop the pictures, and what was made from them."""
        self.source, self.examples, self.report, self.catalogue = None, None, None, None
        self.title = self.problem = ""
        self.forget_run()


def train_session() -> TrainSession:
    """This session's."""
    return cast("TrainSession", st.session_state.setdefault(keys.TRAIN, TrainSession()))
