"""Title, script and style are in Streamlit's page before any of its content, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.ui.visit.early import SCRIPT, Early
from core.ui.visit.page import STYLE

PAGE = "<html><head><title>Streamlit</title></head><body>é</body></html>"
REST = (
    f"<script>{SCRIPT.read_text('utf-8')}</script></head><body><style>{STYLE.read_text('utf-8')}</style>é</body></html>"
)


def page(request: Request) -> Response:
    if request.headers.get("if-none-match"):
        return Response(status_code=304)
    return HTMLResponse(PAGE, headers={"etag": '"of a page without style"', "last-modified": "once"})


async def pieces(request: Request) -> Response:
    async def some():  # type: ignore[no-untyped-def]
        for start in range(0, len(PAGE), 7):
            yield PAGE[start : start + 7]

    return StreamingResponse(some(), media_type="text/html; charset=utf-8")


def assert_dressed(text: str) -> None:
    assert text.startswith("<html><head><title>Vitrine</title><link ")
    assert text.endswith(REST)


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/", page),
        Route("/Browse", pieces),
        Route("/code.js", page),
        Route("/json", lambda _: JSONResponse([PAGE])),
        Route("/other", lambda _: HTMLResponse("<title>Other</title>")),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(GZipMiddleware, minimum_size=10)
    app.add_middleware(Early)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/Browse"])
def test_a_page_comes_with_the_style_in_its_head(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"accept-encoding": "identity"})
    assert response.headers["content-length"] == str(len(response.content))
    assert_dressed(response.text)


def test_a_page_that_travels_packed_comes_with_it_too(client: TestClient) -> None:
    response = client.get("/Browse", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert_dressed(response.text)


def test_what_is_asked_for_early_is_there() -> None:
    links = re.findall(r'href="\./static/([^"]+)"', Early(Starlette()).head.decode())
    static = Path(st.__file__).parent / "static" / "static"
    assert len(links) >= 8
    assert all((static / link).is_file() for link in links)


def test_a_copy_that_the_browser_kept_is_not_taken_for_it(client: TestClient) -> None:
    response = client.get("/", headers={"if-none-match": '"of a page without style"'})
    assert response.status_code == 200
    assert_dressed(response.text)
    assert not {"etag", "last-modified"} & {*response.headers}


def test_all_else_passes_as_it_is(client: TestClient) -> None:
    assert client.get("/json").json() == [PAGE]
    assert client.get("/code.js").text == PAGE
    assert client.get("/other").text == "<title>Other</title>"
    assert client.get("/nothing").status_code == 404
    assert client.head("/").text == ""
