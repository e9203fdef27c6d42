"""The page of a catalogue of one's own: bring pictures, search them, run queries against them."""

import streamlit as st

from core.ui import front, own
from core.ui.words import WORDS

st.set_page_config(page_title=WORDS.own_title, page_icon=front.ICON, layout="wide")
own.show()
