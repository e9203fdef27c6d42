"""Folders, ZIP archives and tables of labels -> pictures on their way in, each with its label."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.classifier.data.examples import TEST, TRAIN, VALIDATION
from core.config import MAX_CSV_BYTES, MAX_CSV_ROWS
from core.engine.files.archives import THE_ARCHIVE, read_member
from core.engine.images.decode import ACCEPTED_EXTENSIONS
from core.errors import DataError, sentence
from core.own.ingest.incoming import FolderSource, Incoming, Skipped
from core.own.ingest.label_csv import LabelTable
from core.own.ingest.zip_source import ArchiveLimits, ZipSource

#: On one's own machine the machine is the limit.
OWN_ARCHIVES = ArchiveLimits(archive_bytes=10**12, entries=1_000_000, unpacked_bytes=10**12)
OWN_ROWS = 1_000_000

MISSING = sentence("classifier.missing")
UNLISTED = sentence("classifier.unlisted")
UNLABELLED = sentence("classifier.unlabelled")
#: Columns of `Incoming.metadata` that organising reads.
GROUP, PART = "group", "part"
_PART_FOLDERS = {"train": TRAIN, "training": TRAIN, "val": VALIDATION, "valid": VALIDATION, "test": TEST}
_PART_FOLDERS |= {"validation": VALIDATION, "dev": VALIDATION, "testing": TEST}
_TABLE = re.compile(r"([^/\\]+/)?(images|labels)\.csv", re.IGNORECASE)


@dataclass(frozen=True)
class LabelledSource:
    """The pictures of a source with the labels of a table, or of their folders where there is no table.

    Attributes:
        source: Where the pictures are.
        table: What they are; None: their folders say it.
    """

    source: FolderSource | ZipSource
    table: LabelTable | None

    def __len__(self) -> int:
        """Return about how many will be yielded."""
        return len(self.source)

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield the pictures in the source's order, then what the table names and the source lacks."""
        met: set[str] = set()
        for one in self.source:
            if isinstance(one, Skipped):
                yield one
            elif self.table is not None:
                row = self.table.find(one.name)
                if row is not None:
                    met.add(row.name)
                    yield replace(one, label=row.label, metadata={GROUP: row.group})
                elif _is_picture(one.name):
                    yield Skipped(one.name, UNLISTED)
            elif one.label and not _is_part(one.label):
                yield replace(one, metadata={PART: part_of(one.name)})
            elif _is_picture(one.name):
                yield Skipped(one.name, UNLABELLED)
        if self.table is not None:
            yield from self.table.skipped
            yield from (Skipped(row.name, MISSING) for row in self.table.rows if row.name not in met)


def part_of(name: str) -> str:
    """The part that a folder above the class names (train/Dress/1.jpg), "" where none does."""
    folders = PurePosixPath(name).parts[:-2]
    return next((_PART_FOLDERS[folder.lower()] for folder in folders if _is_part(folder)), "")


def _is_part(folder: str) -> bool:
    return folder.lower() in _PART_FOLDERS


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower().removeprefix(".") in ACCEPTED_EXTENSIONS


@contextmanager
def from_path(path: Path, labels: Path | None = None) -> Iterator[LabelledSource]:
    """What a folder or a `.zip` of one's own machine holds, which is open within the `with`.

    Args:
        path: The pictures.
        labels: A table of file names and labels; default: images.csv or labels.csv in there, else the folders.

    Raises:
        UploadError: It is refused as a whole.
        DataError: It cannot be read.
    """
    content = _content(labels) if labels else None
    if path.is_dir():
        found = [file for file in sorted(path.glob("*.csv")) if _TABLE.fullmatch(file.name)]
        content = _content(found[0]) if found and not labels else content
        yield _labelled(FolderSource(path), content, OWN_ROWS)
        return
    with open_file(path) as file:
        yield _labelled(ZipSource(file, OWN_ARCHIVES), content if labels else table_in(file), OWN_ROWS)


def _labelled(source: FolderSource | ZipSource, table: bytes | None, max_rows: int) -> LabelledSource:
    return LabelledSource(source, None if table is None else LabelTable(table, max_rows))


def open_file(path: Path) -> BinaryIO:
    """Open a file of one's own machine for reading.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError("classifier.unreadable", path=path, reason=error.strerror) from error


def _content(path: Path) -> bytes:
    with open_file(path) as file:
        return file.read(MAX_CSV_BYTES + 1)


def from_upload(archive: BinaryIO, labels: bytes | None = None) -> LabelledSource:
    """What a visitor's ZIP holds, within the limits of `core.config`.

    Raises:
        UploadError, DataError: It is refused as a whole.
    """
    source = ZipSource(archive)
    return _labelled(source, table_in(archive) if labels is None else labels, MAX_CSV_ROWS)


def table_in(archive: BinaryIO) -> bytes | None:
    """The content of images.csv or labels.csv at the top of an archive that `ZipSource` accepted, None without.

    Raises:
        DataError: It is damaged, too large, or packed by a method that is not accepted.
    """
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if _TABLE.fullmatch(name)]
        if not names:
            return None
        return read_member(opened, names[0], MAX_CSV_BYTES, THE_ARCHIVE)
