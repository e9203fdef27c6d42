"""Pictures by URL, for people outside: https only, checked addresses only, and never more than the caps.

A name is resolved once. Every address that it has is checked, and the connection goes to the very address that
was checked, with the certificate checked against the name; so there is no second look-up to be lied to in (DNS
rebinding). Every redirect goes the same way. No proxy, no cookies, no credentials, no compression.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import ssl
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import unquote, urljoin

from core.config import MAX_IMAGE_BYTES, URL_PARALLEL, URL_REDIRECTS, allow_urls
from core.errors import DownloadError, sentence
from core.own.ingest.addresses import Address, Target, UrlError, parse_url
from core.own.ingest.connection import CheckedConnection, FetchPolicy
from core.own.ingest.incoming import TOO_HEAVY, Incoming, Skipped, shown, unique_names
from core.own.ingest.item_csv import CsvRow

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "Vitrine", "Accept": "image/*", "Accept-Encoding": "identity", "Connection": "close"}
_BLOCK = 1 << 16


PUBLIC = FetchPolicy()


def fetch_url(url: str, policy: FetchPolicy = PUBLIC) -> bytes:
    """Fetch what claims to be a picture; `core.engine.images.decode.open_image` decides whether it is one.

    Returns:
        At most `MAX_IMAGE_BYTES` bytes.

    Raises:
        DownloadError: Fetching is switched off (`allow_urls`).
        UrlError: The URL is refused, or the host does not give it within the caps; says why.
    """
    if not allow_urls():
        raise DownloadError("own.urls-off")
    deadline = time.monotonic() + policy.total_s
    here = url
    try:
        for _ in range(URL_REDIRECTS + 1):
            answer = _ask(here, policy, deadline)
            if isinstance(answer, bytes):
                return answer
            here = _next(here, answer)
    except UrlError as error:  # what a redirect leads to is nobody's business: it may be secret
        raise UrlError.because(error.reason, url) from None
    raise UrlError("own.url-redirects", url, limit=URL_REDIRECTS)


def _next(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise UrlError("own.url-redirect", url) from None


def fetch_all(urls: Iterable[str], policy: FetchPolicy = PUBLIC) -> Generator[bytes | UrlError, None, None]:
    """Fetch many, at most `URL_PARALLEL` at a time and as many ahead; closing the iterator stops it.

    Yields:
        For each URL in the order given, its bytes or why there are none.

    Raises:
        DownloadError: Fetching is switched off.
    """
    if not allow_urls():
        raise DownloadError("own.urls-off")
    pool = ThreadPoolExecutor(URL_PARALLEL, thread_name_prefix="fetch")
    waiting: deque[Future[bytes | UrlError]] = deque()
    try:
        for url in urls:
            waiting.append(pool.submit(_fetch_or_error, url, policy))
            if len(waiting) == URL_PARALLEL:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch_or_error(url: str, policy: FetchPolicy) -> bytes | UrlError:
    try:
        return fetch_url(url, policy)
    except UrlError as error:
        return error


def _ask(url: str, policy: FetchPolicy, deadline: float) -> bytes | str:
    """One request to one URL: the picture, or where else it is."""
    target = parse_url(url, policy.ports)
    addresses = _checked_addresses(url, target, policy, deadline)
    connection = CheckedConnection(target, addresses, policy, deadline)
    try:
        connection.request("GET", target.path, headers=_HEADERS)
        with connection.getresponse() as response:
            return _read(url, response)
    except TimeoutError:
        raise UrlError("own.url-slow", url) from None
    except ssl.SSLCertVerificationError:
        raise UrlError("own.url-untrusted", url) from None
    except ConnectionRefusedError:
        raise UrlError("own.url-unreachable", url) from None
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: chunk sizes that are not numbers
        raise UrlError("own.url-broken", url) from None
    finally:
        connection.close()


def _checked_addresses(url: str, target: Target, policy: FetchPolicy, deadline: float) -> list[Address]:
    """All addresses of the host, none of which is forbidden: with one bad among them, none is dialled."""
    addresses = [target.literal] if target.literal else _resolve_in_time(url, target, policy, deadline)
    for address in addresses:
        if reason := policy.why_not(address):
            raise UrlError.because(reason, url)
    return addresses


def _resolve_in_time(url: str, target: Target, policy: FetchPolicy, deadline: float) -> list[Address]:
    """The system's resolver knows no time limit, so it is left behind when its time is up."""
    found: list[Address] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: a name that IDNA does not know
            found.extend(policy.resolve(target.host, target.port))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        raise UrlError("own.url-slow", url)
    if not found:
        raise UrlError("own.url-unknown-host", url)
    return found


def _read(url: str, response: http.client.HTTPResponse) -> bytes | str:
    if response.status in _REDIRECTS:
        return response.getheader("Location") or ""
    if response.status != 200:
        raise UrlError("own.url-status", url, status=response.status)
    if (response.length or 0) > MAX_IMAGE_BYTES:
        raise UrlError.because(TOO_HEAVY, url)
    n_expected, data = response.length, bytearray()
    while block := response.read1(_BLOCK):
        data += block
        if len(data) > MAX_IMAGE_BYTES:
            raise UrlError.because(TOO_HEAVY, url)
    if n_expected is not None and len(data) != n_expected:
        raise UrlError("own.url-broken", url)
    return bytes(data)


class UrlSource:
    """The pictures of a table, in its order; each pass fetches them anew."""

    def __init__(self, rows: Sequence[CsvRow], policy: FetchPolicy = PUBLIC):
        """Take the rows; nothing is fetched yet.

        Raises:
            DownloadError: Fetching is switched off (`core.config.allow_urls`).
        """
        if not allow_urls():
            raise DownloadError("own.urls-off")
        self._rows = rows
        self._policy = policy
        self._names = unique_names([_name(row) for row in rows])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def part(self, start: int, stop: int) -> UrlSource:
        """The rows from one number to before another, as a source that can be sent to another process."""
        part = copy.copy(self)
        part._rows, part._names = self._rows[start:stop], self._names[start:stop]
        return part

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield each row's picture, or why there is none."""
        urls = (row.url for row in self._rows)
        with contextlib.closing(fetch_all(urls, self._policy)) as answers:
            for row, name, answer in zip(self._rows, self._names, answers, strict=True):
                if isinstance(answer, UrlError):
                    yield Skipped(sentence("own.row-of-url", number=row.number, url=shown(row.url)), answer.reason)
                else:
                    yield Incoming(name, row.label, answer, row.title, row.url, row.metadata)


def _name(row: CsvRow) -> str:
    """The last part of the URL's path, as a person would read it."""
    path = row.url.partition("?")[0].partition("#")[0]
    return shown(unquote(path.rstrip("/").rpartition("/")[2])) or f"row {row.number}"
