"""The Train page: organise labelled pictures, train a classifier on them, judge it, keep it and use it."""

import streamlit as st

from core.ui import classifier, front
from core.ui.words import WORDS

st.set_page_config(page_title=WORDS.train_title, page_icon=front.ICON, layout="wide")
classifier.show()
