"""The rows of a table of URLs -> pictures, fetched a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from urllib.parse import unquote

from core.config import allow_urls
from core.errors import DownloadError
from core.own.ingest.addresses import UrlError
from core.own.ingest.connection import FetchPolicy
from core.own.ingest.fetch import OFF, PUBLIC, fetch_all
from core.own.ingest.incoming import Incoming, Skipped, shown, unique_names
from core.own.ingest.item_csv import CsvRow


class UrlSource:
    """The pictures of a table, in its order; each pass fetches them anew."""

    def __init__(self, rows: Sequence[CsvRow], policy: FetchPolicy = PUBLIC):
        """Take the rows; nothing is fetched yet.

        Raises:
            DownloadError: Fetching is switched off (`core.config.allow_urls`).
        """
        if not allow_urls():
            raise DownloadError(OFF)
        self._rows = rows
        self._policy = policy
        self._names = unique_names([_name(row) for row in rows])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield each row's picture, or why there is none."""
        urls = (row.url for row in self._rows)
        with closing(fetch_all(urls, self._policy)) as answers:
            for row, name, answer in zip(self._rows, self._names, answers, strict=True):
                if isinstance(answer, UrlError):
                    yield Skipped(f"row {row.number}: {shown(row.url)}", answer.reason)
                else:
                    yield Incoming(name, row.label, answer, row.title, row.url, row.metadata)


def _name(row: CsvRow) -> str:
    """The last part of the URL's path, as a person would read it."""
    path = row.url.partition("?")[0].partition("#")[0]
    return shown(unquote(path.rstrip("/").rpartition("/")[2])) or f"row {row.number}"
