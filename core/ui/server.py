"""What is served beside the pages, in the same process, and how the server's connections are set."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.middleware import Middleware

from core import api
from core.engine.search import process
from core.errors import VitrineError
from core.ui.maps import server
from core.ui.uploads import UploadQuota

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_MAX_DESCRIPTORS = 256


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
