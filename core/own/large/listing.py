"""What a large catalogue is made of: a list of pictures that can be cut into parts and sent to other processes.

For whoever runs this on a machine of their own: the machine is the limit.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.config import MAX_IMAGE_BYTES, ROOT
from core.errors import DataError, sentence
from core.own.ingest.fetch import UrlSource
from core.own.ingest.incoming import TOO_HEAVY, FolderSource, Incoming, Skipped, UploadError, shown
from core.own.ingest.item_csv import CsvRow, read_item_csv
from core.own.ingest.zip_source import ArchiveLimits, ZipSource

LIMITS = ArchiveLimits(archive_bytes=10**13, entries=10**7, unpacked_bytes=10**13, ratio=10**6)
MAX_ROWS, MAX_BYTES = 10**7, 10**10


class Source(Protocol):
    """Pictures in an order that stays."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield each, or why there is none."""
        ...

    def part(self, start: int, stop: int) -> Source:
        """Those from one number to before another, as a source that can be sent to another process."""
        ...


@dataclass(frozen=True)
class Listing:
    """The pictures of a large catalogue.

    Attributes:
        source: Each in its place.
        root: Where paths begin: a folder or an archive; "" where all pictures are on the web.
        fingerprint: Another one where the source has changed.
        skipped: What is known to be left out before anything is opened.
    """

    source: Source
    root: str
    fingerprint: str
    skipped: Sequence[Skipped] = ()


def open_listing(path: Path) -> Listing:
    """List what a path holds, by its kind: a folder, a `.zip`, a CSV table of URLs, or Parquet with a column of paths.

    Raises:
        UploadError: It is refused as a whole.
        DownloadError: It names addresses, and fetching is switched off.
        DataError: It cannot be read.
    """
    try:
        if path.is_dir():
            return Listing(FolderSource(path), str(path.resolve()), _fingerprint(sorted(path.rglob("*"))))
        kind = path.suffix.lower()
        if kind == ".zip":
            return Listing(ZipSource.of_file(path, LIMITS), str(path.resolve()), _fingerprint([path]))
        if kind == ".parquet":
            rows = _parquet_rows(path)
            return Listing(PathSource(path.parent, rows), str(path.parent.resolve()), _fingerprint([path]))
        if kind in (".csv", ".tsv", ".txt"):
            table = read_item_csv(path.read_bytes(), MAX_ROWS, MAX_BYTES)
            return Listing(UrlSource(table.rows), "", _fingerprint([path]), table.skipped)
    except OSError as error:
        raise DataError("own.not-readable", path=path, why=error.strerror or error) from error
    raise UploadError("own.no-large-source", path=path)


def _fingerprint(files: Sequence[Path]) -> str:
    """Hex sha256 of names, sizes and times of files."""
    digest = hashlib.sha256()
    for file in files:
        status = file.lstat()
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _parquet_rows(path: Path) -> list[CsvRow]:
    """The rows that a process of its own reads; the columns that it knows, and no others."""
    path.open("rb").close()  # which says why it cannot be read
    command = [sys.executable, "-m", "core.own.ingest.parquet", str(MAX_ROWS), str(path.resolve())]
    rows: list[CsvRow] = []
    said: Any = None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said = json.loads(line)
            if isinstance(said, list):
                url, label, title, *looks = said
                stated = {name: cell for name, cell in zip(("colour", "pattern"), looks, strict=True) if cell}
                rows.append(CsvRow(len(rows) + 1, url, label, title, stated))
    if said == "":
        return rows
    if said == "own.no-paths":
        raise UploadError("own.no-paths", path=path)
    raise UploadError("own.no-parquet", path=path)


class PathSource:
    """Pictures by path, below a folder, as the rows of a table name them; a path that leads out of it is not opened."""

    def __init__(self, folder: Path, rows: Sequence[CsvRow]):
        """Take the rows; nothing is opened yet."""
        self._folder, self._rows = folder.resolve(), rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def part(self, start: int, stop: int) -> PathSource:
        """See `Source.part`."""
        return PathSource(self._folder, self._rows[start:stop])

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield each row's picture, or why there is none."""
        for row in self._rows:
            name = shown(row.url) or f"row {row.number}"
            place = self._folder / row.url
            try:
                if "\0" in row.url or not place.resolve().is_relative_to(self._folder):
                    yield Skipped(name, sentence("own.skipped-outside"))
                    continue
                with place.open("rb") as file:
                    data = file.read(MAX_IMAGE_BYTES + 1)
            except OSError as error:
                yield Skipped(name, sentence("own.skipped-unreadable", why=error.strerror))
                continue
            if len(data) > MAX_IMAGE_BYTES:
                yield Skipped(name, TOO_HEAVY)
            else:
                yield Incoming(name, row.label, data, row.title, "", row.metadata, place=row.url)
