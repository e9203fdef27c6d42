"""The catalogue that this visit brought along, and the engine that searches it with the built ones.

It lives in `st.session_state` and nowhere else: no cache and no shared object ever holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import streamlit as st

from core.engine.catalogues import CATALOGUES, Catalogue, get, like_photos
from core.engine.catalogues.items import Item, UnknownItemError, split_id
from core.engine.looks.attributes import load_attributes
from core.engine.search import process, remote
from core.engine.search.calibration import Calibration
from core.engine.search.engine import Hit, SearchEngine
from core.engine.search.gallery import Gallery
from core.errors import UnknownNameError, VitrineError
from core.own.catalogue import OwnCatalogue
from core.own.duplicates import NEAR
from core.own.items import OWN
from core.own.search import OwnSearch, describe
from core.ui.visit import keys
from core.ui.words import WORDS, say

#: Whether a neighbour is the same picture, nearly so, or neither.
Mark = Literal["", "exact", "near"]


def own() -> OwnCatalogue | None:
    """This session's catalogue, None where it has none."""
    return cast("OwnCatalogue | None", st.session_state.get(keys.OWN))


def start() -> OwnCatalogue:
    """This session's catalogue, made empty where there is none.

    Raises:
        VitrineError: The backbone or its calibration cannot be used.
    """
    mine = own()
    return keep(new()) if mine is None else mine


def new() -> OwnCatalogue:
    """An empty catalogue of the default backbone."""
    return OwnCatalogue(process.engine().embedder, calibration())


def calibration() -> Calibration | None:
    """What similarities to pictures of one's own mean: what they do among the built photos that are most like them."""
    return process.engine().built(like_photos().id).calibration


def keep(catalogue: OwnCatalogue) -> OwnCatalogue:
    """Make this the session's catalogue; what belonged to the one before is dropped with it."""
    drop()
    st.session_state[keys.OWN] = catalogue
    return catalogue


def drop() -> None:
    """Forget the session's catalogue and all that came of it."""
    keys.forget(keys.OWN, keys.OWN_JOB)
    forget_results()


def forget_results() -> None:
    """Drop what was found out about the catalogue, because it changes."""
    keys.forget(keys.OWN_NOTE, keys.OWN_PROBLEM, keys.OWN_SKIPPED, keys.OWN_DUPLICATES, keys.OWN_REMOVED)
    keys.forget(keys.OWN_QUERIES, keys.OWN_THRESHOLD, keys.OWN_EVALUATION, keys.OWN_MAP)
    keys.forget(keys.ANSWER)


def revision() -> int:
    """Grows with every change of the session's catalogue; 0 without one."""
    mine = own()
    return mine.revision if mine else 0


def engine() -> SearchEngine:
    """What this session searches with."""
    mine = own()
    return OwnSearch(process.engine(), mine) if mine else process.engine()


def catalogues() -> Mapping[str, Catalogue]:
    """What this session can search, by id."""
    mine = own()
    return {**CATALOGUES, OWN: describe(mine)} if mine else CATALOGUES


def choices() -> tuple[str, ...]:
    """Ids of all that can be named: what is searched where nothing is, and the catalogues in Milvus after it."""
    try:
        elsewhere = remote.on_offer()
    except VitrineError:
        elsewhere = []  # `unavailable` says why, to whoever asks for one
    return (*sorted(catalogues()), *(name for name in elsewhere if name not in catalogues()))


def unavailable(catalogue: str) -> str:
    """Why a catalogue that somebody names cannot be searched now; "" where it can, or where nobody knows of it."""
    if catalogue in catalogues() or not remote.may_be(catalogue):
        return ""
    try:
        if catalogue in remote.on_offer():
            engine().gallery(catalogue)
    except VitrineError as error:
        return say(error)
    return ""


def record_of(catalogue: str) -> Catalogue:
    """What is known of a catalogue as such.

    Raises:
        VitrineError: There is none, or it cannot be opened now.
    """
    if catalogue not in catalogues():
        engine().gallery(catalogue)  # which enters it among those that are opened
    return catalogues().get(catalogue) or get(catalogue)


def title_of(catalogue: str) -> str:
    """What visitors call a catalogue, and all of them ("all"): as the words say, else its own title."""
    known = CATALOGUES[catalogue].title if catalogue in CATALOGUES else catalogue
    return str(WORDS.common.catalogues.get(catalogue, known))


def called(item: Item | Hit) -> str:
    """What visitors call an item: its class, as the words say, else its own title.

    A label that names no garment says nothing of it; there the kind that it was seen to be is its name.
    """
    record = CATALOGUES.get(item.catalogue)
    if record is not None and item.label in record.no_garment:
        kinds = load_attributes(item.catalogue).of(item.id, item.label)["kind"]
        if len(kinds) == 1 and (words := WORDS.looks.kind.get(*kinds)):
            return str(words[0][:1].upper() + words[0][1:])
    return class_title(item.catalogue, item.label, item.title)


def class_title(catalogue: str, label: str, otherwise: str) -> str:
    """What visitors call a class of a catalogue; what the words do not say is called otherwise."""
    return str(WORDS.looks.classes.get(f"{catalogue}/{label}", otherwise))


def find(item_id: str) -> tuple[Gallery, int]:
    """Where an item is.

    Raises:
        VitrineError: This session has no such item, or its catalogue cannot be used.
    """
    catalogue = split_id(item_id)[0]
    try:
        gallery = engine().gallery(catalogue)
        return gallery, gallery.items.position(item_id)
    except (UnknownItemError, UnknownNameError):
        if catalogue == OWN:
            raise VitrineError("ui.elsewhere") from None
        raise VitrineError("ui.unknown-item", id=item_id[:60]) from None


def name_of(item_id: str) -> str:
    """What an item is called beside others of its title: by that and the start of its number."""
    number = split_id(item_id)[1].rpartition("/")[2][:8]
    try:
        gallery, position = find(item_id)
    except VitrineError:
        return f"#{number}"
    return f"{called(gallery.items.row(position))} #{number}"


def thumbnail(item_id: str) -> bytes | None:
    """The JPEG of an item of the session's catalogue, None where there is none."""
    mine = own()
    return mine.thumbnail(item_id) if mine else None


def mark(item_id: str, hit: Hit) -> Mark:
    """Whether two items of the session's catalogue are one file, or nearly the same picture."""
    mine = own()
    if mine and mine.item(item_id).sha256 == mine.item(hit.id).sha256:
        return "exact"
    return "near" if hit.similarity >= NEAR else ""
