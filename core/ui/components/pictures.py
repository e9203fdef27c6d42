"""Where the picture of an item comes from, as layers that a browser can paint."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import streamlit as st

from core.engine.catalogues import get, photos
from core.engine.catalogues.items import split_id
from core.engine.images.decode import encode_png, encode_thumbnail
from core.engine.images.placeholders import placeholder_data_url
from core.engine.images.region import Region
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
        part: The part of it that is meant, None for all; what lies around it is shown darker.
    """

    layers: tuple[str, ...] = ()
    pixelated: bool = False
    ratio: float = 0.0
    part: Region | None = None


def data_url(content: bytes, kind: str = "jpeg") -> str:
    """Bytes of a small JPEG or PNG as a `data:` URL."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def picture_of(gallery: Gallery, position: int) -> Picture:
    """The picture of an item: from this computer, else its public address over its placeholder; else no layers."""
    item_id = gallery.items.row(position).id
    try:
        if split_id(item_id)[0] == OWN:
            thumbnail = session.thumbnail(item_id)
            return Picture((data_url(thumbnail),) if thumbnail else ())
        pixelated = get(split_id(item_id)[0]).pixelated
        if photos.has(item_id):
            return Picture((_pixels(item_id) if pixelated else _small(item_id),), pixelated)
        layers = photos.public_url(item_id), placeholder_data_url(*gallery.items.placeholder(position))
        return Picture(tuple(filter(None, layers)), pixelated)
    except (VitrineError, ValueError):
        return Picture()


def _pixels(item_id: str) -> str:
    """A picture of few pixels as it is, as a `data:` URL."""
    picture = photos.picture(item_id)
    has_colours = get(split_id(item_id)[0]).has_colours
    return data_url(encode_png(picture if has_colours else picture.convert("L")), "png")


@st.cache_data(max_entries=400, show_spinner=False)
def _small(item_id: str) -> str:
    """A small copy of a picture as a `data:` URL.

    Raises:
        VitrineError: It is gone or cannot be decoded.
    """
    return data_url(encode_thumbnail(photos.picture(item_id), SIDE))
