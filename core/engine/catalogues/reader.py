"""What every catalogue must be able to say of its items and their pictures, asked by id."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from PIL import Image

from core.engine.catalogues.items import ItemTable
from core.engine.images.decode import encode_png


class Pictures(ABC):
    """Gives the pictures of one catalogue; shared between threads. Of one that is elsewhere it may know an address."""

    @abstractmethod
    def picture(self, item_id: str) -> Image.Image:
        """The picture of an item, mode RGB.

        Raises:
            UnknownItemError: There is no such item.
            DataError: The picture is not on this computer.
            ArtifactError, ImageError: It is damaged.
        """

    def has(self, item_id: str) -> bool:
        """Whether the picture of an item is on this computer."""
        return True

    def file(self, item_id: str) -> tuple[bytes, str]:
        """A file of the picture that a browser can show, and its media type; errors as in `picture`."""
        return encode_png(self.picture(item_id)), "image/png"

    def public_url(self, item_id: str) -> str:
        """Where the picture of an item is published, "" where it is not.

        Raises:
            UnknownItemError: The id does not have the form of this catalogue's ids.
        """
        return ""


class Reader(Pictures):
    """Reads one catalogue of the registry."""

    @abstractmethod
    def build_items(self) -> ItemTable:
        """Make the item table from the data set.

        Raises:
            DataError: The data set is not here, or not what it should be.
        """

    def build_files(self) -> list[Path]:
        """Write what else ships of the catalogue, unless it is there as the manifest says; returns what was written."""
        return []
