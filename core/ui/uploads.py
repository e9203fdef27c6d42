"""How much one visit may have uploaded at a time, seen to before any of it is read."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core.config import MAX_ARCHIVE_BYTES, MAX_VISIT_UPLOAD_BYTES
from core.ui.words import WORDS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

#: Where Streamlit 1.67 takes uploads: this, a session and a file.
_UPLOADS = "/_stcore/upload_file/"


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
