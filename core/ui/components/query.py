"""The query of a page: taken in, looked at, described, and the ways out of it."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.engine.embedders.base import Embedder, enough_for
from core.engine.images.decode import megapixels
from core.engine.images.region import Region
from core.engine.search import process
from core.engine.search.photo import Photo, digest, open_photo
from core.engine.search.query import EVERYTHING, Filters, Query
from core.engine.turns import in_turn
from core.errors import ImageError, VitrineError, sentence
from core.ui.components import cards, samples
from core.ui.components.pictures import Picture, data_url, picture_of
from core.ui.visit import keys, session, state
from core.ui.words import WORDS, say


def receive() -> None:
    """Look at a photo that has just come in, and make it the query."""
    incoming = st.session_state.get(keys.INCOMING)
    if incoming is None:
        return
    data, name = incoming
    try:
        with st.spinner(WORDS.common.looking):
            photo = state.keep(_look_at(process.engine().embedder, data, name))
        state.go(state.Asked("photo", state.mark(photo.sha256)))  # which also forgets what came in
    except VitrineError as error:
        state.leave()
        st.session_state[keys.PROBLEM] = say(error)
        st.rerun()  # the page was begun as one that has an answer


def photo_of(query: state.Asked) -> Photo:
    """The photo or the sample of a query, or the part of it that is meant, from the session or made now.

    Raises:
        VitrineError: It is no longer there, it cannot be looked at, or that part of it is none.
    """
    region = Region.read(query.region) if query.region else None
    photo = whole_of(query)
    if region is None:
        return photo
    source = photo.file or photo.preview
    return state.part_of(photo, region, lambda: _look_at(session.engine().embedder, source, photo.name, region))


def whole_of(query: state.Asked) -> Photo:
    """All of the photo or the sample of a query; errors as in `photo_of`."""
    if query.kind == "photo":
        photo = state.photos().get(query.ref)
        if photo is None:
            raise VitrineError("ui.photo-gone")
        return state.keep(photo)
    path = samples.path_of(query.ref)
    if not path.is_file():
        raise ImageError(path.name, sentence("ui.sample-missing"))
    known = state.photos().get(state.mark(digest(path)))
    return state.keep(known or _look_at(session.engine().embedder, path, WORDS.common.samples[query.ref]))


def _look_at(embedder: Embedder, source: bytes | Path, name: str, region: Region | None = None) -> Photo:
    """Open a photo when it is this visit's turn; until then the page says how many are before it."""
    context = get_script_run_ctx()
    places: list[DeltaGenerator] = []

    def tell(n: int) -> None:
        if not places:  # where nobody waits there is no place, which would move all that comes after it
            places.append(st.empty())
        said = escape(WORDS.common.in_queue.format(n=n + 1))
        places[0].html(f'<p class="vt-quiet vt-waiting" role="status">{said}</p>')

    with in_turn(context and context.session_id, megapixels(source, enough_for(embedder.record, region)), tell):
        for place in places:
            place.empty()
        return open_photo(embedder, source, name, region)


def described(query: state.Asked, photo: Photo | None) -> tuple[str, str, Picture]:
    """Name, note and picture of a query that has one; the picture is all of a photo, with the part that is meant."""
    if photo is not None:
        note = WORDS.common.privacy if query.kind == "photo" else ""
        name = WORDS.common.samples.get(query.ref, photo.name) if query.kind == "sample" else photo.name
        if photo.region is None:
            return name, note, Picture((data_url(photo.preview),), ratio=min(2.0, max(0.6, photo.ratio)))
        whole = whole_of(query)
        return name, note, Picture((data_url(whole.preview),), ratio=whole.ratio, part=photo.region)
    gallery, position = session.find(query.ref)
    item = gallery.items.row(position)
    return session.called(item), session.title_of(item.catalogue), picture_of(gallery, position)


def ways_out() -> DeltaGenerator:
    """Draw the way back and the way to the empty page; returns their line, for what else belongs there."""
    steps = state.trail()
    line = st.container(key="ways-out", horizontal=True, gap="xsmall")
    with line:
        if steps:
            label = WORDS.common.back.format(name=cards.plain(_short(_name_of(steps[-1]))))
            st.button(label, key="back", icon=":material/arrow_back:", on_click=state.back)
        st.button(
            WORDS.common.start_over,
            key="start-over",
            type="tertiary",
            icon=":material/close:",
            on_click=state.start_over,
        )
    return line


def _name_of(query: state.Asked) -> str:
    """What a query is called on the way back to it."""
    try:
        if query.kind == "words":
            return query.ref
        if query.kind == "item":
            gallery, position = session.find(query.ref)
            return session.called(gallery.items.row(position))
    except VitrineError:
        return query.ref[:20]
    return WORDS.common.samples.get(query.ref) or state.photos()[query.ref].name


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"


def question(query: state.Asked, photo: Photo | None, k: int, filters: Filters = EVERYTHING) -> Query:
    """What is asked for, as the question that the engine answers; a photo was embedded when it came.

    Args:
        query: What the link says.
        photo: Of a photo or a sample, None for another subject.
        k: Number of hits.
        filters: What may be found.
    """
    ask = partial(Query, k=k, filters=filters, wording=query.wording)
    if query.kind == "words":
        return ask(text=query.ref)
    return ask(item=query.ref) if photo is None else ask(embedding=photo.embedding)
