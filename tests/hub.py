"""A small hub on 127.0.0.1 that speaks as much of Hugging Face's protocol as fetching a file needs."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "a" * 40


@dataclass
class Hub:
    """What it serves, and how badly.

    Attributes:
        files: "owner/name/file" -> content, at revision `REVISION`, which is also "main".
        delay_s: Before any answer.
        drip: "head" or "body", which is sent byte by byte.
        cut: Bytes that are missing at the end of every body.
        lie: Content that is sent in place of the promised one, of the same length.
        asked: "METHOD /path" of every request, in order.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    delay_s: float = 0.0
    drip: str = ""
    cut: int = 0
    lie: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.hub.asked.append(f"{self.command} {self.path}")
        time.sleep(self.hub.delay_s)
        repository, _, rest = self.path.strip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        content = self.hub.files.get(f"{repository}/{name}")
        if content is None or revision not in ("main", REVISION):
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", str(len(content)))
        if self.hub.drip == "head":
            head, self._headers_buffer = b"".join(self._headers_buffer), []
            self._drip(head, "head")
        self.end_headers()
        if body:
            sent = bytes(len(content)) if self.hub.lie else content
            self._drip(sent[: len(content) - self.hub.cut], "body")

    def _drip(self, content: bytes, part: str) -> None:
        with suppress(OSError):  # whoever asked has gone
            while self.hub.drip == part and content:
                self.wfile.write(content[:1])
                content = content[1:]
                time.sleep(0.05)
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
