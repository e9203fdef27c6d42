"""Who may ask this server, and what browsers may do with its answers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from core.ui.visit.home import HERE, at_home
from core.ui.words import WORDS, speaking

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What browsers may do with a page. Streamlit needs inline scripts and styles, and brings scripts as blobs; a photo
#: from the camera is fetched from a data URL; photos that are not here are shown from where they are published.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob: https:",
    "font-src": "'self' data:",
    "media-src": "'self' blob:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in _POLICY.items()),
    "Referrer-Policy": "same-origin",  # a link holds what its visitor looks for
    "X-Content-Type-Options": "nosniff",
}
_METRICS = "/_stcore/metrics"


def known_hosts() -> tuple[str, ...]:
    """The names that this server answers to, none for any: those of Streamlit's own setting, else those of home."""
    return tuple(st.get_option("server.allowedHosts")) or (HERE if at_home() else ())


class Guard:
    """Refuses whoever calls this server by another's name or comes from another's page, and sets `HEADERS`.

    A page of another site can make its own name point to this computer; its visitor's browser then takes this server
    for that site. What gives it away is the name, in Host and in Origin.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403; what only who runs the server should read is not there (404)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        known = is_known(headers, known_hosts())
        if not known and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif not known:
            with speaking(headers.get("accept-language", "")):
                refusal = PlainTextResponse(WORDS.common.unknown_host, 403)
            await refusal(scope, receive, guarded)
        elif scope["path"].endswith(_METRICS):
            await PlainTextResponse("", 404)(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)


def is_known(headers: Headers, hosts: tuple[str, ...]) -> bool:
    """Whether a request is to one of these names, which may begin with "*.", and from a page of one, if from any."""
    return not hosts or (_named(f"//{headers.get('host', '')}", hosts) and _named(headers.get("origin"), hosts))


def _named(address: str | None, hosts: tuple[str, ...]) -> bool:
    """Whether an address, if there is one, is of one of these hosts."""
    if address is None:
        return True
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return any(fnmatchcase(name.rstrip("."), host.strip().lower().rstrip(".")) for host in hosts)
