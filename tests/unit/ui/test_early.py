"""The style is in the head of Streamlit's page, and nowhere else."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.ui.visit.early import EarlyStyle
from core.ui.visit.page import STYLE

PAGE = "<html><head><title>Streamlit</title></head><body>é</body></html>"
STYLED = PAGE.replace("<title>Streamlit</title>", f"<title>Vitrine</title><style>{STYLE.read_text('utf-8')}</style>")


def page(request: Request) -> Response:
    if request.headers.get("if-none-match"):
        return Response(status_code=304)
    return HTMLResponse(PAGE, headers={"etag": '"of a page without style"', "last-modified": "once"})


async def pieces(request: Request) -> Response:
    async def some():  # type: ignore[no-untyped-def]
        for start in range(0, len(PAGE), 7):
            yield PAGE[start : start + 7]

    return StreamingResponse(some(), media_type="text/html; charset=utf-8")


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
    app.add_middleware(EarlyStyle)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/Browse"])
def test_a_page_comes_with_the_style_in_its_head(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.text == STYLED
    assert response.headers["content-length"] == str(len(STYLED.encode()))


def test_a_copy_that_the_browser_kept_is_not_taken_for_it(client: TestClient) -> None:
    response = client.get("/", headers={"if-none-match": '"of a page without style"'})
    assert (response.status_code, response.text) == (200, STYLED)
    assert not {"etag", "last-modified"} & {*response.headers}


def test_all_else_passes_as_it_is(client: TestClient) -> None:
    assert client.get("/json").json() == [PAGE]
    assert client.get("/code.js").text == PAGE
    assert client.get("/other").text == "<title>Other</title>"
    assert client.get("/nothing").status_code == 404
    assert client.head("/").text == ""
