"""Where the picture of an item comes from, as layers that a browser can paint."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import streamlit as st

from core.engine.catalogues.photos import grey_pictures, photo_source
from core.engine.search.gallery import Gallery
from core.errors import VitrineError
from core.own.items import OWN
from core.ui.visit import session

#: Longest side of a catalogue picture in the page: a card is at most about 280 pixels wide.
SIDE = 420


@dataclass(frozen=True)
class Picture:
    """A picture to paint.

    Attributes:
        layers: URLs from the topmost to the lowest; a layer that does not load lets the next one show.
        pixelated: Whether its few pixels are meant to be seen.
        ratio: Width / height to show it whole; 0 for the common shape of cards.
    """

    layers: tuple[str, ...] = ()
    pixelated: bool = False
    ratio: float = 0.0


def data_url(content: bytes, kind: str = "jpeg") -> str:
    """Bytes of a small JPEG or PNG as a `data:` URL."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def picture_of(gallery: Gallery, position: int) -> Picture:
    """The picture of a catalogue's item; without layers where there is none to be had."""
    catalogue = str(gallery.items.frame["catalogue"].iat[position])
    try:
        if catalogue == OWN:
            thumbnail = session.thumbnail(str(gallery.items.frame["id"].iat[position]))
            return Picture((data_url(thumbnail),) if thumbnail else ())
        if catalogue == "fashion-mnist":
            return Picture((data_url(grey_pictures().png(position, scale=1), "png"),), True)
        return _photo(gallery, position)
    except (VitrineError, ValueError):
        return Picture()


def _photo(gallery: Gallery, position: int) -> Picture:
    """The local photo if there is one, else its public address over its placeholder."""
    from core.engine.catalogues.clothing import placeholder_data_url, public_url

    frame = gallery.items.frame
    item_id = str(frame["id"].iat[position])
    source = photo_source()
    if source is not None and source.has(item_id.partition("/")[2]):
        return Picture((local_photo(item_id),))
    width, height = int(frame["width"].iat[position]), int(frame["height"].iat[position])
    placeholder = placeholder_data_url(frame["thumbhash"].iat[position], width, height)
    return Picture(tuple(layer for layer in (public_url(item_id), placeholder) if layer))


@st.cache_data(max_entries=400, show_spinner=False)
def local_photo(item_id: str) -> str:
    """A small copy of a local clothing photo as a `data:` URL.

    Raises:
        VitrineError: The photo is gone or cannot be decoded.
    """
    from core.engine.images.decode import encode_thumbnail, open_image

    image_id = item_id.partition("/")[2]
    source = photo_source()
    assert source is not None  # the caller has just asked it
    return data_url(encode_thumbnail(open_image(source.read(image_id), image_id), SIDE))
