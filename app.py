"""The front page, search by photo, and the server of all pages and the API. Run it with `streamlit run app.py`."""

import streamlit as st

if __name__ == "__main__":  # a visitor's run of the page
    from core.ui.search import page

    page.show()
else:  # imported once by `streamlit run`, which looks for an `st.App` in this file and serves it
    from core.engine.search import process

    process.begin_to_load()  # beside what follows
    from core.ui import server

    app = st.App(__file__, routes=server.routes(), middleware=server.middleware(), lifespan=server.lifespan)
