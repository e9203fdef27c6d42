"""What one visit may upload at a time, asked of the real server by a client that needs no page."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from browsing import choose, pytestmark  # noqa: F401

from core.config import MAX_VISIT_UPLOAD_BYTES, ROOT
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

MB = 10**6
REFUSAL = WORDS.common.uploads_full.format(megabytes=MAX_VISIT_UPLOAD_BYTES / MB)
BOUNDARY = "vitrine"
FORM = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n%s\r\n--{BOUNDARY}--\r\n'
).encode()


class Client:
    """Sends files to one session's address, as the page there does."""

    def __init__(self, request: Request):
        self.address = urlsplit(request.url)
        kept = request.all_headers()
        self.headers = {name: kept[name] for name in ("cookie", "x-xsrftoken") if name in kept}
        self.headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"

    @contextmanager
    def send(self, method: str, name: str, start: bytes, **headers: str) -> Iterator[http.client.HTTPConnection]:
        """A request about a file, and the first bytes of its body; the rest never comes."""
        path = self.address.path.rpartition("/")[0] + f"/{name}"
        with closing(http.client.HTTPConnection(self.address.netloc, timeout=30)) as connection:
            connection.putrequest(method, path)
            for key, value in {**self.headers, **headers}.items():
                connection.putheader(key, value)
            connection.endheaders(start)
            yield connection

    def status(self, name: str, body: bytes, method: str = "PUT", **headers: str) -> tuple[int, str]:
        """What is answered about a file."""
        with self.send(method, name, body, **(headers or {"Content-Length": str(len(body))})) as connection:
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def drop(page: Page, path: Path) -> Request:
    """Give the page a photo, as a visitor does; gives the request that brought it, which is its session's."""
    with page.expect_request(lambda request: request.method == "PUT") as caught:
        choose(page, path)
    page.locator(".vt-query .vt-title", has_text=path.name).wait_for()
    page.locator(".vt-hit").nth(4).wait_for()
    return caught.value


def test_a_session_takes_no_more_at_a_time_than_it_may(page: Page, server: str) -> None:
    page.goto(server)
    client = Client(drop(page, ROOT / "samples" / "shirt.jpg"))
    half = {"Content-Length": str(150 * MB)}
    with client.send("PUT", "first", FORM[:40], **half):  # on its way, with two thirds of the limit
        assert client.status("second", FORM[:40], **half) == (413, REFUSAL)
        assert client.status("chunked", b"", **{"Transfer-Encoding": "chunked"}) == (413, REFUSAL)
        assert client.status("small", FORM % b"x")[0] == 204
        drop(page, ROOT / "samples" / "dress.jpg")


def test_what_is_kept_counts_until_it_is_removed(page: Page, server: str) -> None:
    page.goto(server)
    client = Client(drop(page, ROOT / "samples" / "shirt.jpg"))
    big = FORM % bytes(130 * MB)
    assert client.status("first", big)[0] == 204
    assert client.status("second", big) == (413, REFUSAL)  # sent whole, and still heard
    assert client.status("first", b"", "DELETE")[0] == 204
    assert client.status("second", big)[0] == 204
