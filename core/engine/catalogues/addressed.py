"""Pictures of catalogues whose items say where they are: on the web, in a folder, or in a ZIP archive."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import Image

from core.config import MAX_IMAGE_BYTES
from core.engine.catalogues.items import split_id
from core.engine.catalogues.reader import Pictures
from core.engine.images.decode import encode_thumbnail, open_image
from core.errors import DataError, ImageError, sentence

#: Longest side of a file that a browser is given, in pixels.
SIDE = 1024
_lock = threading.Lock()


class AddressedPictures(Pictures):
    """The pictures of one such catalogue.

    What is not below the root is never opened, and nothing but a picture is ever shown, whatever an address says.
    """

    def __init__(self, root: str, address: Callable[[str], str]):
        """Open nothing yet.

        Args:
            root: The folder or the ZIP archive; "" for none.
            address: Item id -> an https address, or a path below the root; `UnknownItemError` where there is no item.
        """
        self._root = Path(root) if root else None
        self._address = address

    def picture(self, item_id: str) -> Image.Image:
        """See `Pictures.picture`."""
        data, name = self._data(item_id), split_id(item_id)[1]
        if data is None:
            raise DataError("engine.picture-elsewhere", id=item_id[:60])
        return open_image(data, name)

    def has(self, item_id: str) -> bool:
        """See `Pictures.has`."""
        place = self._place(item_id)
        return place is not None and (place.is_file() if self._is_folder else self._root is not None)

    def file(self, item_id: str) -> tuple[bytes, str]:
        """See `Pictures.file`: made anew, so that nothing of the file itself is passed on."""
        return encode_thumbnail(self.picture(item_id), SIDE), "image/jpeg"

    def public_url(self, item_id: str) -> str:
        """See `Pictures.public_url`."""
        address = self._address(item_id)
        return address if address.startswith("https://") else ""

    @property
    def _is_folder(self) -> bool:
        return self._root is not None and self._root.is_dir()

    def _place(self, item_id: str) -> Path | None:
        """Where a picture is on this computer: in the folder, or the archive itself; None where it is not."""
        address = self._address(item_id)
        if self._root is None or not address or "://" in address or "\0" in address:
            return None
        if not self._is_folder:
            return self._root if self._root.is_file() else None
        place = (self._root / address).resolve()
        return place if place.is_relative_to(self._root.resolve()) else None

    def _data(self, item_id: str) -> bytes | None:
        place = self._place(item_id)
        try:
            if place is None:
                return None
            if not self._is_folder:
                return _member(place, place.stat().st_mtime_ns, self._address(item_id))
            with place.open("rb") as file:
                return file.read(MAX_IMAGE_BYTES + 1)  # one byte more, for whoever checks the limit
        except (OSError, KeyError, ValueError):
            return None


def _member(path: Path, mtime_ns: int, name: str) -> bytes:
    """A member of an archive, up to the limit of one picture; KeyError where there is none.

    Raises:
        ImageError: It cannot be unpacked.
    """
    with _lock:
        archive = _archive(path, mtime_ns)
    try:
        with archive.open(name) as file:
            return file.read(MAX_IMAGE_BYTES + 1)
    except (KeyError, OSError):
        raise
    except Exception as error:  # zipfile and zlib raise many kinds on damaged bytes
        raise ImageError(name[-60:], sentence("own.skipped-damaged")) from error


@lru_cache(maxsize=2)
def _archive(path: Path, mtime_ns: int) -> zipfile.ZipFile:
    """An archive whose directory was read; it may be read from by several threads."""
    return zipfile.ZipFile(path)
