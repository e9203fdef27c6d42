"""A ZIP archive from a visitor -> pictures in memory; no member is ever written anywhere by its own name.

What an archive declares is checked before anything is unpacked, and what comes out is checked against what
was declared. A member's content is read up to its declared size and one byte, and the sum of declared sizes
is limited, so an archive of any make costs at most that much. Only the two methods whose cost is bounded are
accepted (`core.engine.files.archives`).

Source for the hostile shapes: Fifield, "A better zip bomb", WOOT 2019; Pillow's and Python's own documentation.
"""

from __future__ import annotations

import copy
import io
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.config import (
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_ENTRIES,
    MAX_IMAGE_BYTES,
    MAX_UNPACK_RATIO,
    MAX_UNPACKED_BYTES,
)
from core.engine.files.archives import METHODS
from core.errors import Sentence, sentence
from core.own.ingest.incoming import (
    MAX_NAME,
    TOO_HEAVY,
    Incoming,
    Skipped,
    UploadError,
    folder_labels,
    has_control_characters,
    is_junk,
    shown,
    unique_names,
)

_ENTRY = b"PK\x01\x02"  # every entry of the directory starts with it
_ARCHIVE_ENDINGS = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".jar")
_ARCHIVE_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_AES_METHOD = 99

NESTED = sentence("own.skipped-nested")
ENCRYPTED = sentence("own.skipped-encrypted")
LINK = sentence("own.skipped-link")
NO_FILE = sentence("own.skipped-no-file")
OUTSIDE = sentence("own.skipped-outside")
ABSOLUTE = sentence("own.skipped-absolute")
BACKSLASH = sentence("own.skipped-backslash")
CONTROL = sentence("own.skipped-control")
LONG_NAME = sentence("own.skipped-long-name", limit=MAX_NAME)
METHOD = sentence("own.skipped-method")
DAMAGED = sentence("own.skipped-damaged")


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may declare; see `core.config` for the figures."""

    archive_bytes: int = MAX_ARCHIVE_BYTES
    entries: int = MAX_ARCHIVE_ENTRIES
    unpacked_bytes: int = MAX_UNPACKED_BYTES
    ratio: int = MAX_UNPACK_RATIO


class ZipSource:
    """The pictures of an archive, one at a time, in the archive's order; can be gone through once or more."""

    def __init__(self, content: bytes | BinaryIO, limits: ArchiveLimits | None = None):
        """Read the directory of an archive, and nothing else of it.

        Args:
            content: The archive, or a file open for reading at random (an uploaded file is one); it is not
                closed and must stay open while this is in use.
            limits: What is refused; default: `core.config`'s.

        Raises:
            UploadError: It is no ZIP archive, holds no file, or breaks a limit, which is named.
        """
        self._file: BinaryIO | Path = io.BytesIO(content) if isinstance(content, bytes) else content
        infos = _directory(self._file, limits or ArchiveLimits())
        # `filename` is cut at a NUL; `orig_filename` is what the archive says.
        files = [info for info in infos if not info.orig_filename.endswith("/")]
        files = [info for info in files if not is_junk(info.orig_filename.split("/"))]
        if not files:
            raise UploadError("own.archive-empty")
        self._refused = [_why_not(info) for info in files]
        good = [number for number, reason in enumerate(self._refused) if not reason]
        labels = folder_labels([_parts(files[number].orig_filename) for number in good])
        known = dict(zip(good, labels, strict=True))
        self._labels = [known.get(number, "") for number in range(len(files))]
        self._names = unique_names([shown(info.orig_filename) for info in files])
        self._infos = files

    @classmethod
    def of_file(cls, path: Path, limits: ArchiveLimits | None = None) -> ZipSource:
        """The same of a file of one's own, which is opened when it is gone through; errors as above, and OSError."""
        with path.open("rb") as file:
            source = cls(file, limits)
        source._file = path
        return source

    def part(self, start: int, stop: int) -> ZipSource:
        """The members from one number to before another; of a file, it can be sent to another process."""
        part, some = copy.copy(self), slice(start, stop)
        part._infos, part._names = self._infos[some], self._names[some]
        part._labels, part._refused = self._labels[some], self._refused[some]
        return part

    def __len__(self) -> int:
        """Return how many files will be yielded, skipped ones included."""
        return len(self._infos)

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield every file, or why it was skipped; files that operating systems add are not mentioned."""
        with zipfile.ZipFile(self._file) as archive:
            for number, info in enumerate(self._infos):
                name = self._names[number]
                result = self._refused[number] or _unpack(archive, info)
                if isinstance(result, bytes):
                    yield Incoming(name, self._labels[number], result, place=info.filename)
                else:
                    yield Skipped(name, result)


def _directory(file: BinaryIO, limits: ArchiveLimits) -> list[zipfile.ZipInfo]:
    """The entries of an archive that keeps to the limits."""
    n_bytes = file.seek(0, io.SEEK_END)
    if n_bytes > limits.archive_bytes:
        raise UploadError("own.archive-large", megabytes=limits.archive_bytes / 1e6)
    # An object for each of millions of entries would cost gigabytes. Stored archives inside have entries of
    # their own, so this count is only a ceiling.
    too_many = UploadError("own.archive-entries", limit=limits.entries)
    if _count(file, _ENTRY) > 20 * limits.entries:
        raise too_many
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except Exception:  # struct.error, ValueError, NotImplementedError, UnicodeDecodeError … on damaged bytes
        raise UploadError("own.no-zip") from None
    if len(infos) > limits.entries:
        raise too_many
    _check_sizes(infos, n_bytes, limits)
    return infos


def _check_sizes(infos: list[zipfile.ZipInfo], n_bytes: int, limits: ArchiveLimits) -> None:
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.unpacked_bytes:
        raise UploadError("own.archive-unpacked", megabytes=limits.unpacked_bytes / 1e6)
    if unpacked > limits.ratio * max(n_bytes, 1):
        raise UploadError("own.archive-ratio", limit=limits.ratio)
    if sum(info.compress_size for info in infos) > n_bytes:
        raise UploadError("own.archive-overlap")


def _count(file: BinaryIO, mark: bytes) -> int:
    """How often `mark`, which cannot overlap itself, occurs in a file."""
    file.seek(0)
    n, tail = 0, b""
    while block := file.read(1 << 20):
        n += (tail + block).count(mark)
        tail = block[-len(mark) + 1 :]  # too short to be counted twice
    return n


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".")]


def _why_not(info: zipfile.ZipInfo) -> Sentence | None:
    """Why an entry is skipped without being read, None where nothing speaks against it."""
    return _why_not_name(info.orig_filename) or _why_not_kind(info)


def _why_not_name(name: str) -> Sentence | None:
    if has_control_characters(name):
        return CONTROL
    if "\\" in name:
        return BACKSLASH
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return ABSOLUTE
    if ".." in name.split("/"):
        return OUTSIDE
    if len(name) > MAX_NAME:
        return LONG_NAME
    return NESTED if name.lower().endswith(_ARCHIVE_ENDINGS) else None


def _why_not_kind(info: zipfile.ZipInfo) -> Sentence | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return LINK if kind == stat.S_IFLNK else NO_FILE
    if info.flag_bits & _ENCRYPTED_FLAGS or info.compress_type == _AES_METHOD:
        return ENCRYPTED
    if info.compress_type not in METHODS:
        return METHOD
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        return DAMAGED
    return TOO_HEAVY if info.file_size > MAX_IMAGE_BYTES else None


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | Sentence:
    """The content of an entry, or why there is none."""
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)
            if len(data) != info.file_size or member.read(1):
                return DAMAGED
    except Exception:  # zipfile and zlib raise many kinds on damaged bytes
        return DAMAGED
    return NESTED if data.startswith(_ARCHIVE_STARTS) else data
