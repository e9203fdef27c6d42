"""The front page: search by photo. Run it with `streamlit run app.py`."""

import streamlit as st

from core.ui import front
from core.ui.words import WORDS

st.set_page_config(page_title=WORDS.page_title, page_icon=":material/storefront:", layout="wide")
front.show()
