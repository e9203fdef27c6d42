"""What is served beside the pages, in the same process, how the server's connections are set, and what may be uploaded.

How much one visit may have uploaded at a time is seen to before any of it is read.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core import api
from core.config import MAX_ARCHIVE_BYTES, MAX_VISIT_UPLOAD_BYTES
from core.engine.search import process
from core.errors import VitrineError
from core.ui.maps import server
from core.ui.words import WORDS

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

_MAX_DESCRIPTORS = 256
#: Where Streamlit 1.67 takes uploads: this, a session and a file.
_UPLOADS = "/_stcore/upload_file/"


def routes() -> list[BaseRoute]:
    """The routes of the HTTP API and of the maps, below the same base path as the pages."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}" if base else ""
    return [*api.routes(prefix), *server.routes(prefix)]


def middleware() -> list[Middleware]:
    """What every request passes before any route, Streamlit's own among them."""
    return [Middleware(UploadQuota)]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Runs around the server: before its first connection, let answers go out at once, and begin to load."""
    send_at_once()
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    yield {}


def _warm_up() -> None:
    """Load the front page and what a search needs while the first visitor's browser still fetches its scripts."""
    import core.ui.search.page  # noqa: F401

    with suppress(VitrineError):  # whoever searches gets the same error, and sees it
        process.engine().warm_up()


def send_at_once() -> None:
    """Set TCP_NODELAY on every socket of this process that listens; connections inherit it.

    Without it an answer over a kept connection waits about 40 ms between its head and its body, for the other
    side's delayed ACK (measured: 44 ms with, 2 ms without, for a search of 1 ms). asyncio would set it, but only
    on sockets made with an explicit protocol number, which Streamlit 1.67 and uvicorn 0.54 leave out.
    """
    for descriptor in range(3, _MAX_DESCRIPTORS):
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as listening:  # most are no sockets
            if listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class UploadQuota:
    """Refuses an upload that would take what its session holds, and has on the way, over the limit.

    Streamlit bounds each file, but not how many a session keeps, and a client made by hand needs no page to send
    them. What is kept is freed with its session, about two minutes after the page was closed.
    """

    def __init__(self, app: ASGIApp):
        self._app = app
        self._on_the_way: Counter[str] = Counter()  # bytes by session, as announced; only of requests in hand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413 with one sentence."""
        _, is_upload, rest = scope.get("path", "").partition(_UPLOADS)
        if not is_upload or scope.get("method") != "PUT":
            await self._app(scope, receive, send)
            return
        session, size = rest.partition("/")[0], _announced(Headers(scope=scope))
        if _held(session) + self._on_the_way[session] + size > MAX_VISIT_UPLOAD_BYTES:
            refusal = PlainTextResponse(WORDS.common.uploads_full.format(megabytes=MAX_VISIT_UPLOAD_BYTES / 1e6), 413)
            await refusal(scope, receive, send)
            return
        self._on_the_way[session] += size
        try:
            with suppress(ClientDisconnect):  # an upload that was given up is no error of the server's
                await self._app(scope, receive, send)
        finally:
            self._on_the_way[session] -= size
            if not self._on_the_way[session]:
                del self._on_the_way[session]


def _announced(headers: Headers) -> int:
    """Bytes of a body, which the server holds it to; as many as a file may have where it does not say."""
    length = headers.get("content-length", "")
    return int(length[:15]) if length.isascii() and length.isdecimal() else MAX_ARCHIVE_BYTES


def _held(session: str) -> int:
    """Bytes of uploads that Streamlit keeps for a session."""
    kept = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if not isinstance(kept, MemoryUploadedFileManager):
        return 0
    return sum(len(file.data) for file in list(kept.file_storage.get(session, {}).values()))
