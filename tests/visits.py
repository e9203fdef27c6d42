"""A visitor of the pages, without a browser."""

from __future__ import annotations

import re
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


def hits_of(page: AppTest) -> list[tuple[int, str, float]]:
    """(rank, id, similarity) of every card, in the order of the page."""
    found = re.findall(
        r'<article class="vt-hit" data-rank="(\d+)" data-id="([^"]+)">.*?vt-similarity">(-?\d\.\d{3})<',
        html_of(page),
    )
    return [(int(rank), id, float(similarity)) for rank, id, similarity in found]


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    page.file_uploader[0].upload(name, content).run()
    assert not page.exception
    return page


def strips_of(page: AppTest) -> list[list[tuple[int, str, float]]]:
    """The hits of each strip, in the order of the page."""
    strips: list[list[tuple[int, str, float]]] = []
    for hit in hits_of(page):
        if hit[0] == 1:
            strips.append([])
        strips[-1].append(hit)
    return strips


def assert_answer(page: AppTest, n: int) -> list[tuple[int, str, float]]:
    """The hits of all strips, each of which has n of them, in order, and none of another's."""
    assert not page.error
    strips = strips_of(page)
    assert strips
    for hits in strips:
        assert [rank for rank, _, _ in hits] == list(range(1, n + 1))
        similarities = [similarity for _, _, similarity in hits]
        assert similarities == sorted(similarities, reverse=True)
    hits = hits_of(page)
    assert len({id for _, id, _ in hits}) == n * len(strips)
    return hits
