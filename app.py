"""The front page, search by photo, and the server of all pages and the API. Run it with `streamlit run app.py`."""

import streamlit as st

if __name__ == "__main__":  # a visitor's run of the page
    from core.ui import front
    from core.ui.words import WORDS

    st.set_page_config(page_title=WORDS.page_title, page_icon=front.ICON, layout="wide")
    front.show()
else:  # imported once by `streamlit run`, which looks for an `st.App` in this file and serves it
    from core.ui import server

    app = st.App(__file__, routes=server.routes(), middleware=server.middleware(), lifespan=server.lifespan)
