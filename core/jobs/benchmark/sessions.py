"""A visit to the front page without a browser: its websocket, its uploads, and what the page shows.

It speaks as Streamlit 1.67's own script in the browser does, so a hundred of them fit beside the server they visit.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

_BOUNDARY = "vitrine"
_HIT, _ALERT = "vt-hit", "alert"


class PageSession:
    """One visit; every answer is what the page shows once its script has run.

    Attributes:
        said: The texts of the page's own HTML and of its alerts, in the order in which they came.
    """

    def __init__(self, socket: Any, host: str, cookie: str):
        self._socket = socket
        self._host = host
        self._cookie = cookie
        self._page = self._uploader = self._id = ""
        self._kept: dict[str, Any] = {}  # a message that was sent before comes as its hash
        self.said: list[str] = []

    @property
    def n_hits(self) -> int:
        """Hits that the page shows."""
        return sum(text.count(f'class="{_HIT}"') for text in self.said)

    async def search_photo(self, content: bytes, name: str = "photo.png") -> bool:
        """Bring a photo as its uploader does; whether the page answered with hits or with a sentence.

        Raises:
            OSError: The upload was refused.
        """
        if not self._uploader:
            await self.run()
        file = str(uuid.uuid4())
        path = f"/_stcore/upload_file/{self._id}/{file}"
        status = await asyncio.to_thread(self._put, path, content, name)
        if status != 204:
            raise OSError(f"the upload was refused with {status}")
        return await self.run(file=(file, path, name, len(content)))

    async def run(self, query: str = "", file: tuple[str, str, str, int] | None = None) -> bool:
        """Let the page's script run, with what a link says or with an upload; whether there is an answer."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_script_hash = self._page
        if file:
            state = message.rerun_script.widget_states.widgets.add(id=self._uploader).file_uploader_state_value
            id, path, name, size = file
            info = state.uploaded_file_info.add(file_id=id, name=name, size=size)
            info.file_urls.file_id, info.file_urls.upload_url, info.file_urls.delete_url = id, path, path
        await self._socket.send(message.SerializeToString())
        self.said = []
        while not await self._read():
            pass
        return self.n_hits > 0 or _ALERT in self.said

    async def _read(self) -> bool:
        """Take one message; whether the script has come to its end, and does not begin anew by itself."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        message = ForwardMsg()
        message.ParseFromString(await self._socket.recv())
        if message.WhichOneof("type") == "ref_hash":
            message = self._kept[message.ref_hash]
        elif message.hash:
            self._kept[message.hash] = message
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._id, self._page = message.new_session.initialize.session_id, message.new_session.page_script_hash
            self.said = []
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._take(message.delta.new_element)
        return bool(kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)

    def _take(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "file_uploader":
            self._uploader = element.file_uploader.id
        elif kind == "html":
            self.said.append(element.html.body)
        elif kind == "alert":
            self.said += [_ALERT, element.alert.body]

    def _put(self, path: str, content: bytes, name: str) -> int:
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {
            "Cookie": self._cookie,
            "X-Xsrftoken": self._cookie.partition("=")[2],
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        }
        connection = HTTPConnection(self._host, timeout=60)
        try:
            connection.request("PUT", path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def _cookie_of(host: str) -> str:
    """The cookie against forged requests, as the page gets it with the server's settings."""
    connection = HTTPConnection(host, timeout=60)
    try:
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        answer.read()
        return (answer.getheader("Set-Cookie") or "").partition(";")[0]
    finally:
        connection.close()


@asynccontextmanager
async def page_session(address: str) -> AsyncIterator[PageSession]:
    """Visit the front page at an address; the visit ends with the `with`."""
    from websockets.asyncio.client import connect

    host = urlsplit(address).netloc
    cookie = await asyncio.to_thread(_cookie_of, host)
    token: Any = ["streamlit", cookie.partition("=")[2]]
    async with connect(
        f"ws://{host}/_stcore/stream",
        subprotocols=token,
        origin=address,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
        max_size=None,
    ) as socket:
        yield PageSession(socket, host, cookie)
