"""The Train page: pictures, training, evaluation and use, one below the other; each waits for the one above."""

from __future__ import annotations

import streamlit as st

from core.errors import VitrineError
from core.ui.components.controls import problem
from core.ui.train import data, evaluate, predict, state, training
from core.ui.visit import page
from core.ui.words import WORDS


def show() -> None:
    """Draw the page."""
    page.begin(WORDS.train.title, WORDS.train.heading, WORDS.train.lead)
    session = state.train_session()
    try:
        data.show(session)
        if session.examples is not None:
            training.show(session)
        if session.evaluation is not None:
            evaluate.show(session, session.evaluation)
        predict.show(session)
        predict.saved(session)
        training.compare(session)
    except VitrineError as error:
        problem(error)
    st.caption(WORDS.train.privacy)
