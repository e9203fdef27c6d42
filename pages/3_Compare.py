"""The Compare page: one query to several backbones, and the benchmark that tells them apart."""

import streamlit as st

from core.ui import compare, front
from core.ui.words import WORDS

st.set_page_config(page_title=WORDS.compare_title, page_icon=front.ICON, layout="wide")
compare.show()
