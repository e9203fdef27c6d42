"""Reading the clothing dataset where it lies: a folder or the archive, unpacked nowhere."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from core.config import MAX_IMAGE_BYTES
from core.engine.files.archives import read_member
from core.errors import DataError

IMAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLUMNS = ("image", "sender_id", "label", "kids")
_MAX_CSV_BYTES = 10 * 1000 * 1000


class ClothingSource:
    """The data set on disk, a folder or the archive, read in place; close it, or use it with `with`.

    Photos are asked for by their UUID and nothing else, so that no text in `images.csv` is ever a path.
    Reading from several threads is safe.
    """

    def __init__(self, path: Path):
        """Open a folder with `images.csv` and `images/`, or a ZIP archive of one such folder.

        Raises:
            DataError: It is neither.
        """
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            found = path.glob("images/*.jpg")
            self._photos = {photo.stem: f"images/{photo.name}" for photo in found if photo.stat().st_size}
            self._csv = "images.csv"
            return
        try:
            self._zip = zipfile.ZipFile(path)
            self._csv, self._photos = _members(self._zip)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile, DataError) as error:
            self.close()
            raise DataError("engine.not-the-archive", file=path.name, cause=error) from error

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of `images.csv` (image, sender_id, label, kids) in its order.

        Raises:
            DataError: It is missing, is no such table, or an image in it is not named by a UUID.
        """
        rows = read_csv(self._read(self._csv, _MAX_CSV_BYTES), "images.csv", _COLUMNS)
        odd = [row["image"] for row in rows if not IMAGE_ID.fullmatch(row["image"])]
        if odd:
            raise DataError("engine.no-uuid", image=odd[0][:60])
        return rows

    def has(self, image_id: str) -> bool:
        """Say whether there is a photo (of any content, but not empty) with this UUID."""
        return image_id in self._photos

    def read(self, image_id: str) -> bytes:
        """Return the bytes of a photo, as published (JPEG).

        Raises:
            DataError: There is no photo with this UUID, or it cannot be read, or is over 10 MB.
        """
        if not IMAGE_ID.fullmatch(image_id) or image_id not in self._photos:
            raise DataError("engine.no-photo", image=image_id[:60])
        return self._read(self._photos[image_id], MAX_IMAGE_BYTES)

    def close(self) -> None:
        """Close the archive; harmless when done twice."""
        if self._zip is not None:
            self._zip.close()

    def __enter__(self) -> ClothingSource:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the archive."""
        self.close()

    def _read(self, name: str, limit: int) -> bytes:
        """Read a file or a member, never more than one byte over the limit."""
        if self._zip:
            return read_member(self._zip, name, limit, self.path.name)
        try:
            with (self.path / name).open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise DataError("engine.member-unreadable", file=name, source=self.path.name, cause=error) from error
        if len(content) > limit:
            raise DataError("engine.member-too-large", file=name, source=self.path.name, limit=limit // 10**6)
        return content


def _members(archive: zipfile.ZipFile) -> tuple[str, dict[str, str]]:
    """Return the name of `images.csv` in an archive, and UUID → name of every photo beside it."""
    names = [info.filename for info in archive.infolist() if info.file_size]
    tables = [name for name in names if re.fullmatch(r"([^/\\]+/)?images\.csv", name)]
    if len(tables) != 1:
        raise DataError("engine.no-images-csv")
    start = tables[0].removesuffix(".csv") + "/"
    photos = (name for name in names if name.startswith(start) and name.endswith(".jpg"))
    stems = {name[len(start) : -len(".jpg")]: name for name in photos}
    return tables[0], {stem: name for stem, name in stems.items() if IMAGE_ID.fullmatch(stem)}


def read_csv(content: bytes, name: str, columns: Iterable[str]) -> list[dict[str, str]]:
    """Parse a CSV table (UTF-8) with a header; other columns are dropped, missing cells are "".

    Raises:
        DataError: It is no such table, or lacks one of the columns.
    """
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))  # `DictReader` takes three times as long
        place = {column: i for i, column in enumerate(next(rows, []))}
        missing = set(columns) - set(place)
        if missing:
            raise DataError("engine.csv-no-column", file=name, column=min(missing))
        wanted = [(column, place[column]) for column in columns]
        return [{column: row[i] if i < len(row) else "" for column, i in wanted} for row in rows if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError("engine.csv-no-table", file=name, cause=error) from error
