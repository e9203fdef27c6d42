"""The page as a presentation for a projector: samples and phrases in turn, large, until somebody touches it.

Every slide is drawn once; the browser alone turns them, so that hours of it cost the server nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.config import public_url
from core.engine.catalogues import CATALOGUES, photos
from core.engine.images.decode import encode_thumbnail, open_image
from core.engine.search.photo import Photo
from core.engine.search.query import EVERYTHING
from core.errors import VitrineError
from core.ui.components import cards, samples
from core.ui.components.controls import problem
from core.ui.components.link import number
from core.ui.components.pictures import Picture, data_url, picture_of
from core.ui.components.query import photo_of
from core.ui.search import strips
from core.ui.search.options import Options
from core.ui.visit import page, session, state
from core.ui.words import WORDS

#: How many seconds a slide stays, which a link may change.
SECONDS, TURN_S, LONGEST_S = "seconds", 8, 120
N_HITS = 3
SIDE = 900  # pixels of a sample's longest side


def show() -> None:
    """Draw all slides, what turns them, and the way to a phone."""
    page.dress(WORDS.search.title)
    st.html(f'<h1 class="vt-spoken">{escape(WORDS.search.title)}</h1>')
    words, address = WORDS.search.presentation, public_url() or st.context.url or ""
    here = is_here(address)
    _component()(
        key="presentation",
        data={
            "seconds": number(SECONDS, 1, LONGEST_S, TURN_S),
            "name": WORDS.common.name,
            "leave": words["leave"],
            "code": "" if here else code_svg(address),
            "code_alt": words["code_alt"].format(address=address),
            "phone": words["no_phone" if here else "phone"],
            "address": "" if here else address.partition("://")[2].rstrip("/"),
        },
        on_left_change=state.end_presentation,
    )
    try:
        for html in _slides():
            st.html(html)
    except VitrineError as error:
        problem(error)


@lru_cache(maxsize=1)
def _component() -> Any:
    script, style = (Path(__file__).with_name(f"slides.{kind}").read_text("utf-8") for kind in ("js", "css"))
    return st.components.v2.component("vitrine_presentation", css=style, js=script, isolate_styles=False)


def is_here(address: str) -> bool:
    """Whether an address is of this computer for whoever asks, and so of another one for a phone."""
    host = urlsplit(address).hostname or "localhost"
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@lru_cache(maxsize=16)
def code_svg(address: str) -> str:
    """The QR code of an address as SVG, dark on light in either theme."""
    import segno

    return str(segno.make(address, error="m").svg_inline(border=4, dark="#211d19", light="#fbfaf7", omitsize=True))


def _slides() -> Iterator[str]:
    """The slides as HTML, pictures and words in turn.

    Raises:
        VitrineError: Nothing can be searched.
    """
    pictured = [state.Asked("sample", name) for name in WORDS.common.samples]
    said = [state.Asked("words", words) for words in WORDS.common.examples]
    for turn in range(max(len(pictured), len(said))):
        for query in (*pictured[turn : turn + 1], *said[turn : turn + 1]):
            yield _slide(query)


def _slide(query: state.Asked) -> str:
    photo = photo_of(query) if query.kind == "sample" else None
    strip, sentence = _strip(query, photo)
    engine = session.engine()
    hits = "".join(
        f"<figure>{cards.picture_html(picture_of(engine.gallery(hit.catalogue), hit.position), hit.title)}"
        f"<figcaption>{escape(hit.title)}</figcaption></figure>"
        for hit in strip.result.hits
    )
    return (
        f'<section class="vt-slide"><div class="vt-slide-query">{_query_html(query)}</div>'
        f'<div><h2>{escape(sentence)}</h2><div class="vt-slide-hits">{hits}</div></div></section>'
    )


def _strip(query: state.Asked, photo: Photo | None) -> tuple[strips.Strip, str]:
    """The first hits whose pictures are on this computer, else the first; and what is said of them."""
    answer = strips.find(query, photo, Options(N_HITS, EVERYTHING))
    here = [one for one in answer.strips if all(_is_here(hit.id, hit.catalogue) for hit in one.result.hits)]
    strip = (here or list(answer.strips))[0]
    return strip, strips.said(strip, answer.whole.reads, plain=False, named=False)[0]


def _is_here(item_id: str, catalogue: str) -> bool:
    return catalogue not in CATALOGUES or photos.has(item_id)


def _query_html(query: state.Asked) -> str:
    if query.kind == "words":
        return f'<p class="vt-slide-words">“{escape(query.ref)}”</p>'
    name = WORDS.common.samples[query.ref]
    picture = Picture((_sample(query.ref),), ratio=1.0)
    return f"<figure>{cards.picture_html(picture, name)}<figcaption>{escape(name)}</figcaption></figure>"


@st.cache_data(max_entries=8, show_spinner=False)
def _sample(name: str) -> str:
    """A large copy of a sample as a `data:` URL.

    Raises:
        ImageError: It is gone or cannot be decoded.
    """
    return data_url(encode_thumbnail(open_image(samples.path_of(name)), SIDE))
