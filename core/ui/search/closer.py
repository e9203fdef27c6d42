"""A hit opened large beside the query: what of it agrees, and which regions of the two make them similar."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from core.engine.catalogues import photos
from core.engine.images.decode import encode_png, open_image
from core.engine.search.engine import Hit
from core.engine.search.photo import Photo
from core.engine.search.regions import regions, veil
from core.errors import VitrineError
from core.own.items import OWN
from core.ui.components import cards
from core.ui.components.pictures import Picture, data_url, picture_of
from core.ui.components.query import described, question
from core.ui.visit import session, state
from core.ui.words import WORDS

MOST_HEIGHT = 55  # hundredths of the screen


def button(query: state.Asked, photo: Photo | None, hit: Hit) -> None:
    """Draw the button that opens a hit; the style lays it over the hit's picture."""
    if st.button(WORDS.search.look, key=f"look-{hit.id}", type="tertiary"):
        st.dialog(WORDS.search.beside.format(title=cards.plain(session.called(hit))), width="large")(_show)(
            query, photo, hit
        )


def _show(query: state.Asked, photo: Photo | None, hit: Hit) -> None:
    pictures = _pictures(query, photo, hit)
    why = any(pictures) and st.toggle(WORDS.search.why, key=f"why-{hit.id}", help=WORDS.search.why_help)
    veiled = _veiled(query, photo, hit, pictures) if why else (None, None)
    left, right = st.columns(2, gap="medium")
    with left:
        _query(query, photo, veiled[0])
    with right:
        _large(_whole(hit.id), veiled[1], session.called(hit), session.title_of(hit.catalogue))
        st.html(cards.facts_html(hit))
        if st.button(WORDS.search.search_with, key=f"with-{hit.id}", icon=":material/search:", width="stretch"):
            state.go(state.Asked("item", hit.id))
            st.rerun()


def _query(query: state.Asked, photo: Photo | None, layer: Image.Image | None) -> None:
    if query.kind == "words":
        st.html(cards.words_html(query.ref))
        return
    name, _, picture = described(query, photo)
    if photo is None:
        picture = _whole(query.ref)
    elif photo.region:
        picture = Picture((data_url(photo.preview),), ratio=photo.ratio)
    _large(picture, layer, name, WORDS.common.query_kinds[query.kind])


def _whole(id: str) -> Picture:
    """The picture of an item in its own shape."""
    gallery, position = session.find(id)
    _, width, height = gallery.items.placeholder(position)
    return replace(picture_of(gallery, position), ratio=width / height if width and height else 1.0)


def _large(picture: Picture, layer: Image.Image | None, title: str, line: str) -> None:
    over = ""
    if layer:
        url = data_url(encode_png(layer), "png")
        over = f'<div class="vt-veil" style="background-image:url({url})"></div>'
    width = f"min(100%,{MOST_HEIGHT * picture.ratio:.0f}vh)"
    frame = f'<div class="vt-frame" style="width:{width}">{cards.picture_html(picture, title)}{over}</div>'
    caption = f'<figcaption><b>{escape(title)}</b> <span class="vt-quiet">{escape(line)}</span></figcaption>'
    st.html(f'<figure class="vt-large">{frame}{caption}</figure>')


def _pictures(query: state.Asked, photo: Photo | None, hit: Hit) -> tuple[Image.Image | None, Image.Image | None]:
    """The pictures of the query and of a hit, None for one that is not on this computer."""
    if photo is not None:
        return open_image(photo.preview), _picture(hit.id)
    return (_picture(query.ref) if query.kind == "item" else None), _picture(hit.id)


def _picture(id: str) -> Image.Image | None:
    if id.startswith(f"{OWN}/"):
        thumbnail = session.thumbnail(id)
        return open_image(thumbnail) if thumbnail else None
    return photos.picture(id) if photos.has(id) else None


def _veiled(
    query: state.Asked, photo: Photo | None, hit: Hit, pictures: tuple[Image.Image | None, Image.Image | None]
) -> tuple[Image.Image | None, Image.Image | None]:
    """What of the query's picture and of the hit's makes the two similar, as a layer over each."""
    engine = session.engine()
    try:
        asked = engine.embed(question(query, photo, 1))[0]
        with st.spinner(WORDS.search.why_working):
            lost = [
                regions(engine.embedder, picture, other) if picture else None
                for picture, other in zip(
                    pictures, (engine.embedding_of(hit.id).astype(np.float32), asked), strict=True
                )
            ]
    except VitrineError:
        return None, None
    left, right = (None if one is None else veil(one) for one in lost)
    return left, right
