"""What is served beside the pages, in the same process, what all answers carry, and how connections are set."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.middleware import Middleware

from core import api
from core.ui.access import Guard
from core.ui.maps import server
from core.ui.search import page  # noqa: F401  the first visitor's script need not import it
from core.ui.uploads import UploadQuota, end_visits
from core.ui.visit.early import Early

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_LOG = logging.getLogger(__name__)
_MAX_DESCRIPTORS = 256
#: More open files than visitors ever need.
_ENOUGH_DESCRIPTORS = 65536
#: Seconds between two lines that say that no more connections can be taken.
_REPEAT_S = 60.0


def routes() -> list[BaseRoute]:
    """The routes of the HTTP API and of the maps, below the same base path as the pages."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}" if base else ""
    return [*api.routes(prefix), *server.routes(prefix)]


def middleware() -> list[Middleware]:
    """What every request passes before any route, Streamlit's own among them."""
    return [Middleware(Guard), Middleware(UploadQuota), Middleware(Early)]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Runs around the server: before its first connection, let answers go out at once."""
    allow_descriptors()
    send_at_once()
    asyncio.get_running_loop().set_exception_handler(SayOnce())
    visits = asyncio.create_task(end_visits())
    yield {}
    visits.cancel()


def send_at_once() -> None:
    """Set TCP_NODELAY on every socket of this process that listens; connections inherit it.

    Without it an answer over a kept connection waits about 40 ms between its head and its body, for the other
    side's delayed ACK (measured: 44 ms with, 2 ms without, for a search of 1 ms). asyncio would set it, but only
    on sockets made with an explicit protocol number, which Streamlit 1.67 and uvicorn 0.54 leave out.
    """
    for descriptor in range(3, _MAX_DESCRIPTORS):
        with suppress(OSError):  # most are not open, or no sockets of this kind
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            # With its family given, nothing is asked of a copy that could fail and leave it open.
            with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as listening:
                if listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def allow_descriptors() -> None:
    """Have as many open files and connections as this process may ask for: the usual limit is meant for programs."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, _ENOUGH_DESCRIPTORS) if hard != resource.RLIM_INFINITY else _ENOUGH_DESCRIPTORS
    if soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class SayOnce:
    """Says once a minute that connections cannot be taken; Python 3.11's event loop says it thousands of times."""

    def __init__(self) -> None:
        self._again = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle what went wrong in the event loop; all else as usual."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)):
            loop.default_exception_handler(context)
        elif loop.time() >= self._again:
            self._again = loop.time() + _REPEAT_S
            _LOG.error("No more connections can be taken: this process may not open more files (ulimit -n).")
