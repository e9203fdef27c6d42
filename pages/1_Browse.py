"""The Browse page: page through the catalogues, open a piece, go on to what looks like it."""

import streamlit as st

from core.ui import browse, front
from core.ui.words import WORDS

st.set_page_config(page_title=WORDS.browse_title, page_icon=front.ICON, layout="wide")
browse.show()
