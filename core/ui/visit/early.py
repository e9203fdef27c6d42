"""The style is in the page before any of its content is: content that is drawn without it jumps when it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from core.ui.visit.page import STYLE
from core.ui.words import WORDS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What Streamlit's page is called until it has loaded.
_TITLE = b"<title>Streamlit</title>"
#: A copy that a browser kept may have another style.
_KEPT = ("etag", "last-modified", "content-length")


class EarlyStyle:
    """Puts style and title into the head of Streamlit's page; `page.begin` adds them too late for the first of it."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self._head = f"<title>{WORDS.common.name}</title><style>{STYLE.read_text('utf-8')}</style>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; Streamlit's page comes back with them."""
        if scope["type"] != "http" or scope.get("method") != "GET" or "." in scope["path"].rpartition("/")[2]:
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if not name.startswith(b"if-")]
        asked = {**scope, "headers": headers}
        began: list[Message] = []
        body = bytearray()

        async def styled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == 200 and headers.get("content-type", "").startswith("text/html"):
                    began.append(message)
                    return
            elif began:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = bytes(body).replace(_TITLE, self._head, 1)
                headers = MutableHeaders(scope=began[0])
                for name in _KEPT:
                    del headers[name]
                headers["content-length"] = str(len(page))
                await send(began[0])
                message = {"type": "http.response.body", "body": page}
            await send(message)

        await self._app(asked, receive, styled)
