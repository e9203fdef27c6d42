"""The Train page: pictures, training, judgement and use, one below the other; each waits for the one above."""

from __future__ import annotations

import streamlit as st

from core.errors import VitrineError
from core.ui import (
    cards,
    classifier_data,
    classifier_judge,
    classifier_keep,
    classifier_state,
    classifier_train,
    classifier_use,
    navigation,
)
from core.ui.front import STYLE
from core.ui.words import WORDS


def show() -> None:
    """Draw the page."""
    st.html(STYLE)
    navigation.show()
    st.html(cards.header_html(0, large=False))
    st.html(f'<h2 class="vt-browse-heading">{WORDS.train_heading}</h2><p class="vt-quiet">{WORDS.train_lead}</p>')
    shop = classifier_state.workshop()
    try:
        classifier_data.show(shop)
        if shop.examples is not None:
            classifier_train.show(shop)
        if shop.result is not None:
            classifier_judge.show(shop, shop.result.judgement)
        classifier_use.show(shop)
        classifier_keep.show(shop)
    except VitrineError as error:
        st.error(cards.plain(str(error)), icon=":material/error:")
    st.caption(WORDS.train_privacy)
