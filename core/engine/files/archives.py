"""ZIP archives: those that are made here, and those that somebody else made.

The members of the latter are unpacked by the two methods whose cost is bounded. LZMA lets the file choose its
dictionary (up to 4 GB), and bzip2 unpacks a block of 900 KB from a few bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from core.errors import DataError, Sentence, sentence

#: What an archive is called that came without a name.
THE_ARCHIVE = sentence("engine.the-archive")
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Files as a ZIP archive; the same files give the same bytes."""
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files):
                archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def read_member(archive: zipfile.ZipFile, name: str, limit: int, source: str | Sentence) -> bytes:
    """The content of a member, never unpacking more than one byte over the limit; its checksum is compared.

    Args:
        archive: Open for reading.
        name: Of the member.
        limit: In bytes.
        source: What the archive is called in an error.

    Raises:
        DataError: There is no such member, or it is damaged, too large, or packed by another method.
    """
    try:
        info = archive.getinfo(name)
        if info.compress_type not in METHODS:
            raise DataError("engine.member-method")
        with archive.open(info) as member:
            content = member.read(limit + 1)
    except Exception as error:  # zipfile and zlib raise many kinds on damaged bytes
        raise DataError("engine.member-unreadable", file=name[:60], source=source, cause=error) from error
    if len(content) > limit:
        raise DataError("engine.member-too-large", file=name[:60], source=source, limit=limit // 10**6)
    return content
