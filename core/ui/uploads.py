"""What visits may have uploaded, each and all together, seen to before any of it is read; and let go when they end."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core.config import MAX_ARCHIVE_BYTES, MAX_UPLOAD_BYTES, MAX_VISIT_UPLOAD_BYTES, VISIT_GRACE_S
from core.ui.words import WORDS, speaking

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Where Streamlit 1.67 takes uploads: this, a session and a file.
_UPLOADS = "/_stcore/upload_file/"
#: Seconds between two looks for visits that have ended.
_LOOK_S = 5.0


class _Full(Exception):
    """All visits together hold as much as they may."""


class UploadQuota:
    """Refuses an upload that would take what its session, or all sessions, hold and have on the way over the limit.

    Streamlit bounds each file, but not how many are kept, and a client made by hand needs no page to send them.
    For one session counts what it announces; for all counts what has come, so that nobody keeps others out by words.
    """

    def __init__(self, app: ASGIApp):
        self._app = app
        self._announced: Counter[str] = Counter()  # bytes by session; only of requests in hand
        self._arrived = 0  # bytes of these requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413 or 503 with one sentence."""
        _, is_upload, rest = scope.get("path", "").partition(_UPLOADS)
        if not is_upload or scope.get("method") != "PUT":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session, size = rest.partition("/")[0], _announced(headers)
        with speaking(headers.get("accept-language", "")):
            await self._guarded(session, size, scope, receive, send)

    async def _guarded(self, session: str, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        if _held()[session] + self._announced[session] + size > MAX_VISIT_UPLOAD_BYTES:
            refusal = PlainTextResponse(WORDS.common.uploads_full.format(megabytes=MAX_VISIT_UPLOAD_BYTES / 1e6), 413)
            await refusal(scope, receive, send)
            return
        self._announced[session] += size
        try:
            await self._pass(scope, receive, send)
        finally:
            self._announced[session] -= size
            self._announced += Counter()  # forgets who sends nothing

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on for as long as there is room for what comes."""
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            n_bytes = len(message.get("body", b""))
            arrived += n_bytes
            self._arrived += n_bytes
            if _held().total() + self._arrived > MAX_UPLOAD_BYTES:
                raise _Full
            return message

        try:
            with suppress(ClientDisconnect):  # an upload that was given up is no error of the server's
                await self._app(scope, counted, send)
        except _Full:
            await PlainTextResponse(WORDS.common.uploads_full_for_all, 503)(scope, receive, send)
        finally:
            self._arrived -= arrived


def _announced(headers: Headers) -> int:
    """Bytes of a body, which the server holds it to; as many as a file may have where it does not say."""
    length = headers.get("content-length", "")
    return int(length[:15]) if length.isascii() and length.isdecimal() else MAX_ARCHIVE_BYTES


def _held() -> Counter[str]:
    """Session -> bytes of uploads that Streamlit keeps for it."""
    kept = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if not isinstance(kept, MemoryUploadedFileManager):
        return Counter()
    storage = list(kept.file_storage.items())
    return Counter({session: sum(len(file.data) for file in list(files.values())) for session, files in storage})


async def end_visits() -> None:
    """Close visits whose page was closed and has not come back for `VISIT_GRACE_S`, for as long as the server runs.

    Streamlit keeps them for two minutes, and then until somebody else's visit ends: photos, catalogues, uploads.
    """
    left: dict[str, float] = {}  # session -> when it was first seen without its page
    while True:
        await asyncio.sleep(_LOOK_S)
        if not Runtime.exists():
            continue
        runtime, now = Runtime.instance(), time.monotonic()
        sessions = {one.session.id: one.session for one in runtime._session_mgr.list_sessions()}
        left = {id: left.get(id, now) for id in sessions if not runtime.is_active_session(id)}
        over = [id for id, since in left.items() if now - since >= VISIT_GRACE_S]
        for id in over:
            runtime.close_session(id)
            sessions[id].session_state.clear()  # Streamlit's loop holds the session that it served last
        if over:
            del sessions
            await asyncio.to_thread(gc.collect)  # what a session's parts hold of each other
