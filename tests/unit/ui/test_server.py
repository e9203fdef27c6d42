"""What all answers carry, who is answered, and what the server does with descriptors and uploads."""

from __future__ import annotations

import errno
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config

from core.config import ROOT
from core.ui import access, server, uploads
from core.ui.access import HEADERS, Guard, is_known
from core.ui.uploads import UploadQuota
from core.ui.visit import home as at_home


async def page(request: Request) -> Response:
    return PlainTextResponse("page", headers={"Referrer-Policy": "no-referrer"})


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def client() -> TestClient:
    paths = ("/", "/_stcore/metrics", "/base/_stcore/metrics", "/missing")
    routes = [*(Route(path, page) for path in paths[:3]), WebSocketRoute("/_stcore/stream", stream)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard)]), base_url="http://127.0.0.1:8501")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the server is the only one who can reach it."""
    monkeypatch.setenv("VITRINE_LOCAL", "1")
    known = {"server.address": "127.0.0.1", "server.allowedHosts": []}
    for module in (access, at_home):
        monkeypatch.setattr(module, "st", SimpleNamespace(get_option=known.__getitem__))


def opens(client: TestClient, **headers: str) -> bool:
    """Whether a page's connection is taken."""
    try:
        with client.websocket_connect("/_stcore/stream", headers=headers):
            return True
    except WebSocketDisconnect as refused:
        assert refused.code == 1008
        return False


def test_every_answer_says_what_a_browser_may_do_with_it(client: TestClient) -> None:
    for path in ("/", "/missing"):
        headers = client.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS | (
            {"Referrer-Policy": "no-referrer"} if path == "/" else {}  # what an answer says itself is left
        )
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "object-src 'none'" in policy
    assert "'unsafe-eval'" not in policy and "*" not in policy


def test_metrics_are_nobodys_business(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/_stcore/metrics", "/base/_stcore/metrics")] == [404, 404]


@pytest.mark.usefixtures("home")
def test_at_home_no_other_name_is_answered(client: TestClient) -> None:
    """A page of another site whose name points to this computer reaches neither pages nor their connection."""
    rebound = {"host": "evil.test:8501", "origin": "http://evil.test:8501"}
    assert client.get("/", headers=rebound).status_code == 403
    assert "server.allowedHosts" in client.get("/", headers=rebound).text
    assert client.get("/").status_code == 200
    mine = {"host": "localhost:8501", "origin": "http://localhost:8501"}
    assert [opens(client, **headers) for headers in (mine, rebound, mine | {"origin": "http://evil.test"})] == [
        *(True, False, False)
    ]


def test_a_public_server_answers_to_any_name_unless_its_names_are_set(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VITRINE_LOCAL", raising=False)
    assert client.get("/", headers={"host": "shop.test", "origin": "http://other.test"}).status_code == 200
    assert st.get_option("server.allowedHosts") == []
    config.set_option("server.allowedHosts", ["shop.test", "*.shops.test"])
    try:
        hosts = ("shop.test", "a.shops.test:80", "SHOP.test.", "shops.test", "127.0.0.1", "")
        assert [client.get("/", headers={"host": host}).status_code for host in hosts] == [*[200] * 3, *[403] * 3]
    finally:
        config.set_option("server.allowedHosts", [])


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"host": "localhost"}, True),
        ({"host": "[::1]:8501"}, True),
        ({"host": "127.0.0.1:8501", "origin": "https://localhost"}, True),
        ({"host": "localhost.evil.test"}, False),
        ({"host": "evil.test@localhost:1"}, True),  # what stands before @ is no name
        ({"host": "[::1"}, False),
        ({"host": "localhost", "origin": "null"}, False),
        ({"origin": "http://localhost"}, False),
    ],
)
def test_names_are_read_as_browsers_write_them(headers: dict[str, str], known: bool) -> None:
    assert is_known(Headers(headers), ("localhost", "127.0.0.1", "::1")) is known


def n_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_looking_for_sockets_leaves_nothing_open(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with (tmp_path / "file").open("w"), one, other, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        before = n_open()
        server.send_at_once()
        assert n_open() == before
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_lack_of_descriptors_is_said_once_and_all_else_as_usual(caplog: pytest.LogCaptureFixture) -> None:
    usual: list[dict[str, object]] = []
    now = [100.0]
    loop = SimpleNamespace(time=lambda: now[0], default_exception_handler=usual.append)
    handler = server.SayOnce()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            handler(loop, {"exception": OSError(errno.EMFILE, "too many")})  # type: ignore[arg-type]
        assert len(caplog.records) == 1
        now[0] += 61
        handler(loop, {"exception": OSError(errno.EMFILE, "too many")})  # type: ignore[arg-type]
        assert len(caplog.records) == 2
    handler(loop, {"message": "other"})  # type: ignore[arg-type]
    assert usual == [{"message": "other"}]


def test_uploads_are_bounded_for_one_visit_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_VISIT_UPLOAD_BYTES", 100)
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 150)
    held = {"one": 60, "two": 40}
    monkeypatch.setattr(uploads, "_held", lambda: uploads.Counter(held))

    async def take(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    routes = [Route("/_stcore/upload_file/{session}/{file}", take, methods=["PUT"])]
    client = TestClient(Starlette(routes=routes, middleware=[Middleware(UploadQuota)]))

    def put(session: str, n_bytes: int) -> int:
        return int(client.put(f"/_stcore/upload_file/{session}/f", content=bytes(n_bytes)).status_code)

    assert [put("one", 40), put("one", 41)] == [204, 413]
    assert [put("three", 50), put("three", 51)] == [204, 503]
    held["two"] = 0
    assert put("three", 51) == 204


@pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", {}), reason="only glibc keeps what is freed"
)
def test_what_loading_needed_for_a_moment_is_given_back() -> None:
    """Blocks too small for a mapping of their own, freed below one that stays: glibc keeps them until it is asked."""
    code = """
from core.engine.search import process
from pathlib import Path
held = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
blocks = [b"x" * 100_000 for _ in range(800)]
stays = b"x" * 100_000
del blocks
before = held()
process.give_back_memory()
print(before - held())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) > 40
