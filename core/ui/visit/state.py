"""What one visitor looks at: the query, the way back, and the few photos this visit keeps.

A sample, an item or words are named in the URL, so that a link can be shared and the browser's own back button
works. A photo never is: of it, a small preview and its embedding stay in the session, and of the last one its file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, cast

import streamlit as st

from core.config import MAX_LESS_ITEMS, MAX_WORDS
from core.engine.search.engine import SearchResult
from core.engine.search.photo import Photo
from core.engine.search.query import NOTHING_SAID, Wording
from core.ui.visit import keys

Kind = Literal["photo", "sample", "item", "words"]
#: Kinds of query that the URL names, and its parameter for each.
URL_KINDS: dict[Kind, str] = {"item": "item", "sample": "sample", "words": "q"}
#: Those of them that show a picture, whose parameter is their own name.
PICTURED: tuple[Kind, ...] = ("item", "sample")
#: What is said beside a query, as the URL names it.
BESIDE = ("but", "less", "weight")
#: Items that it is pushed away from, with commas between their ids.
LESS_ITEMS = "less_items"
#: Photos and samples whose preview and embedding a session keeps (about 100 KB each).
MAX_PHOTOS = 8
MAX_TRAIL = 20


@dataclass(frozen=True)
class Asked:
    """What is asked for, as a link says it: `ref` is the sha256 of a photo, a sample's name, an item's id, or words."""

    kind: Kind
    ref: str
    wording: Wording = NOTHING_SAID


def current() -> Asked | None:
    """The query of this page: what the URL names, else the visitor's photo."""
    for kind, name in URL_KINDS.items():
        ref = st.query_params.get(name, "").strip()
        if ref:
            return Asked(kind, ref[:MAX_WORDS] if kind == "words" else ref, _wording())
    photo = st.session_state.get(keys.PHOTO)
    return Asked("photo", photo, _wording()) if photo else None


def _wording() -> Wording:
    """What the URL says beside the query; a weight that is none counts as not given."""
    but, less, weight = (st.query_params.get(name, "").strip()[:MAX_WORDS] for name in BESIDE)
    share = float(weight) if re.fullmatch(r"0(\.\d{1,2})?|1(\.0{1,2})?", weight) else None
    items = [id.strip() for id in st.query_params.get(LESS_ITEMS, "").split(",")]
    return Wording(but, less, share, tuple(dict.fromkeys(filter(None, items)))[:MAX_LESS_ITEMS])


def pictured() -> Asked | None:
    """The query of this page if it is a picture."""
    query = current()
    return query if query and query.kind != "words" else None


def latest() -> Asked | None:
    """The query of this page, else the last one that was answered in this visit."""
    stored = st.session_state.get(keys.ANSWER)
    return current() or (cast("Asked", stored[0][0]) if stored else None)


def go(query: Asked) -> None:
    """Make this the query, and remember the one before."""
    before = current()
    if before is not None and before != query:
        st.session_state[keys.TRAIL] = [*trail(), before][-MAX_TRAIL:]
    _set(query)


def back() -> None:
    """Return to the query before."""
    steps = trail()
    if steps:
        st.session_state[keys.TRAIL] = steps[:-1]
        _set(steps[-1])


def start_over() -> None:
    """Return to the empty page and forget the photos."""
    keys.forget(keys.TRAIL, keys.PHOTOS, keys.ANSWER)
    _set(None)


def forget_photos() -> None:
    """Drop all that is kept of the visitor's photos; a search by sample or item goes on."""
    query = current()
    if query is None or query.kind == "photo":
        start_over()
    keys.forget(keys.PHOTO, keys.PHOTOS, keys.INCOMING)


def leave() -> None:
    """Show no query, but keep the way back."""
    before = current()
    if before is not None:
        st.session_state[keys.TRAIL] = [*trail(), before][-MAX_TRAIL:]
    _set(None)


def trail() -> list[Asked]:
    """The queries before this one, without those that are shown now or whose photo is gone."""
    steps = cast("list[Asked]", st.session_state.get(keys.TRAIL, []))
    kept = [step for step in steps if step.kind != "photo" or step.ref in photos()]
    while kept and kept[-1] == current():
        kept.pop()
    return kept


def _set(query: Asked | None) -> None:
    for name in (*URL_KINDS.values(), *BESIDE, LESS_ITEMS):
        st.query_params.pop(name, None)
    keys.forget(keys.INCOMING, keys.PROBLEM)
    if query is None:
        keys.forget(keys.PHOTO)
        return
    if query.kind == "photo":
        st.session_state[keys.PHOTO] = query.ref
    else:
        st.query_params[URL_KINDS[query.kind]] = query.ref
    for name in BESIDE:
        value = getattr(query.wording, name)
        if query.wording and value not in ("", None):
            st.query_params[name] = str(value)
    if query.wording.less_items:
        st.query_params[LESS_ITEMS] = ",".join(query.wording.less_items)


def photos() -> dict[str, Photo]:
    """The pictures that this session has looked at, by sha256, the last used one last."""
    return cast("dict[str, Photo]", st.session_state.setdefault(keys.PHOTOS, {}))


def keep(photo: Photo) -> Photo:
    """Keep a photo in the session, drop the oldest ones above the limit, and of all but this one the file."""
    kept = photos()
    kept.pop(photo.sha256, None)
    for sha256, older in kept.items():
        kept[sha256] = replace(older, file=None)
    kept[photo.sha256] = photo
    for old in list(kept)[:-MAX_PHOTOS]:
        del kept[old]
    return photo


def answer_of(key: object, search: Callable[[], SearchResult]) -> SearchResult:
    """The last search's result if it was for this key, else a new one, which is kept."""
    stored = st.session_state.get(keys.ANSWER)
    if not stored or stored[0] != key:
        stored = st.session_state[keys.ANSWER] = (key, search())
    return cast("SearchResult", stored[1])
