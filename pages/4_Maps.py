"""The page of maps: the catalogues as a landscape of what each backbone thinks is alike."""

import streamlit as st

from core.ui import front, maps
from core.ui.words import WORDS

st.set_page_config(page_title=WORDS.maps_title, page_icon=front.ICON, layout="wide")
maps.show()
