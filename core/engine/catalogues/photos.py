"""The one door to the picture of an item: whichever catalogue it is of, it is asked for by the item's id."""

from __future__ import annotations

from PIL import Image

from core.engine.catalogues import get
from core.engine.catalogues.clothing import Clothing
from core.engine.catalogues.fashion_mnist import FashionMnist
from core.engine.catalogues.items import split_id
from core.engine.catalogues.reader import Pictures, Reader

#: The reader of every catalogue of the registry.
READERS: dict[str, Reader] = {"fashion-mnist": FashionMnist(), "clothing": Clothing()}


#: What gives the pictures of catalogues that are opened beside those; see `catalogues.OPENED`.
OPENED: dict[str, Pictures] = {}


def reader_of(item_id: str) -> Pictures:
    """What gives the pictures of an item's catalogue; a catalogue's own id does as well.

    Raises:
        UnknownNameError: No catalogue has such items.
    """
    id = get(split_id(item_id)[0]).id
    return READERS.get(id) or OPENED[id]


def picture(item_id: str) -> Image.Image:
    """The picture of an item, mode RGB; errors as in `Reader.picture` and `reader_of`."""
    return reader_of(item_id).picture(item_id)


def has(item_id: str) -> bool:
    """Whether the picture of an item is on this computer; errors as in `reader_of`."""
    return reader_of(item_id).has(item_id)


def file(item_id: str) -> tuple[bytes, str]:
    """A file that a browser can show, and its media type; errors as in `picture`."""
    return reader_of(item_id).file(item_id)


def public_url(item_id: str) -> str:
    """Where the picture is published, "" where it is not; errors as in `Reader.public_url` and `reader_of`."""
    return reader_of(item_id).public_url(item_id)
