"""A visitor of the pages, without a browser."""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.testing.v1 import AppTest

from core.config import ROOT

FRONT = "app.py"


def open_page(path: str = FRONT, session: Mapping[str, object] | None = None, **query: str | list[str]) -> AppTest:
    """Open a link to a page in a fresh session, which has run no other page.

    Args:
        path: Of its script.
        session: What the session holds already.
        **query: The parameters of the link.
    """
    page = AppTest.from_file(str(ROOT / FRONT), default_timeout=60)
    if path != FRONT:
        page.switch_page(path)
    for name, value in query.items():
        page.query_params[name] = value
    for name, kept in (session or {}).items():
        page.session_state[name] = kept
    page.run()
    assert not page.exception
    return page


def html_of(page: AppTest) -> str:
    """All that the page says in HTML of its own."""
    return "\n".join(element.body for element in page.get("html"))
