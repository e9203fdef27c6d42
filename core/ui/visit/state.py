"""What one visitor looks at: the query, the way back, and the few photos this visit keeps.

The query is named in the URL, so that a link can be shared and the browser's own back button works. Of a photo the
link has only the start of its digest: a small preview and its embedding stay in the session, and of the last one its
file. Every step writes the link once, so that it is one entry of the browser's history.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, cast

import streamlit as st

from core.config import MAX_LESS_ITEMS, MAX_WORDS
from core.engine.images.region import Region
from core.engine.search.photo import Photo
from core.engine.search.query import NOTHING_SAID, Wording
from core.ui.visit import keys
from core.ui.words import in_link

Kind = Literal["photo", "sample", "item", "words"]
#: Kinds of query that the URL names, and its parameter for each.
URL_KINDS: dict[Kind, str] = {"item": "item", "sample": "sample", "words": "q", "photo": "photo"}
#: Those of them that show a picture, whose parameter is their own name.
PICTURED: tuple[Kind, ...] = ("item", "sample", "photo")
#: Those of them whose picture is looked at in this visit, and of which a part can be meant.
BROUGHT: tuple[Kind, ...] = ("sample", "photo")
#: What is said beside a query, as the URL names it.
BESIDE = ("but", "less", "weight")
#: Items that it is pushed away from, with commas between their ids.
LESS_ITEMS = "less_items"
#: The part of a photo that is meant.
REGION = "region"
#: All that a link says of a query, and what it says of the items that may be found.
_QUERY = (*URL_KINDS.values(), *BESIDE, LESS_ITEMS, REGION)
#: What a link says that wants the front page as a presentation for a projector.
_SHOW, _PRESENTATION = "show", "presentation"
OPTIONS = ("catalogue", "k", "kinds", "colours", "patterns", "min")
#: Photos and samples whose preview and embedding a session keeps (about 100 KB each), and as many parts of them.
MAX_PHOTOS = 8
MAX_TRAIL = 20
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Asked:
    """What is asked for, as a link says it.

    Attributes:
        kind: Of the subject.
        ref: A photo's `mark`, a sample's name, an item's id, or words.
        wording: What is said beside it.
        region: The part of a photo or a sample that is meant, as `Region.read` takes it; "" for all of it.
    """

    kind: Kind
    ref: str
    wording: Wording = NOTHING_SAID
    region: str = ""


def current() -> Asked | None:
    """The query of this page, as its link names it; None where that is a photo which this visit does not hold."""
    named = _named()
    return None if named is None or _is_gone(named) else named


def is_photo_gone() -> bool:
    """Whether the link names a photo that this visit does not hold: the page was loaded anew, or it is another's."""
    named = _named()
    return named is not None and _is_gone(named)


def _named() -> Asked | None:
    for kind, name in URL_KINDS.items():
        ref = st.query_params.get(name, "").strip()
        if ref:
            region = st.query_params.get(REGION, "").strip() if kind in BROUGHT else ""
            return Asked(kind, ref[:MAX_WORDS] if kind == "words" else ref, _wording(), region)
    return None


def _is_gone(query: Asked) -> bool:
    return query.kind == "photo" and query.ref not in photos()


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


def go(query: Asked, drop: tuple[str, ...] = ()) -> None:
    """Make this the query, and remember the one before; parameters that are dropped leave the link with it."""
    before = current()
    if before is not None and before != query:
        st.session_state[keys.TRAIL] = [*trail(), before][-MAX_TRAIL:]
    _set(query, drop)


def back() -> None:
    """Return to the query before."""
    steps = trail()
    if steps:
        st.session_state[keys.TRAIL] = steps[:-1]
        _set(steps[-1])


def is_presented() -> bool:
    """Whether the link wants a presentation."""
    return st.query_params.get(_SHOW) == _PRESENTATION


def present() -> None:
    """Want a presentation, and nothing else."""
    st.query_params.from_dict({_SHOW: _PRESENTATION})


def end_presentation() -> None:
    """Want the front page as whoever comes first finds it."""
    st.query_params.clear()


def start_over() -> None:
    """Return to the empty page, forget the photos, and want all items again."""
    keys.forget(keys.TRAIL, keys.PHOTOS, keys.PARTS, keys.ANSWER)
    _set(None, drop=OPTIONS)


def forget_photos() -> None:
    """Drop all that is kept of the visitor's photos; a search by sample or item goes on."""
    query = current()
    keys.forget(keys.PHOTOS, keys.PARTS, keys.INCOMING)
    if query is None or query.kind == "photo":
        _set(None)


def leave() -> None:
    """Show no query, but keep the way back."""
    before = current()
    if before is not None:
        st.session_state[keys.TRAIL] = [*trail(), before][-MAX_TRAIL:]
    _set(None)


def trail() -> list[Asked]:
    """The queries before this one, without those that are shown now or whose photo is gone."""
    steps = cast("list[Asked]", st.session_state.get(keys.TRAIL, []))
    kept = [step for step in steps if not _is_gone(step)]
    while kept and kept[-1] == current():
        kept.pop()
    return kept


def _set(query: Asked | None, drop: tuple[str, ...] = ()) -> None:
    """Write a query into the link, whatever else it says staying as it is."""
    keys.forget(keys.INCOMING, keys.PROBLEM)
    kept = {name: values for name, values in link().items() if name not in (*_QUERY, *drop)}
    st.query_params.from_dict({**kept, **(_link_of(query) if query else {})})


def drop(name: str = "", value: str = "") -> None:
    """Take one value of an option out of the link; all options where none is named."""
    kept = link()
    for option in (name,) if name else OPTIONS:
        kept[option] = [one for one in kept.get(option, []) if name and one != value]
    st.query_params.from_dict({name: values for name, values in kept.items() if values})


def set_link(params: Mapping[str, str | list[str]]) -> None:
    """Make these the parameters of the link, beside the language that it names."""
    st.query_params.from_dict({**params, **in_link()})


def link() -> dict[str, list[str]]:
    """The parameters of the page's link, those included that come several times."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _link_of(query: Asked) -> dict[str, str]:
    """How a link says a query."""
    said = {name: getattr(query.wording, name) for name in BESIDE if query.wording}
    beside = {name: str(value) for name, value in said.items() if value not in ("", None)}
    items = {LESS_ITEMS: ",".join(query.wording.less_items)} if query.wording.less_items else {}
    region = {REGION: query.region} if query.region else {}
    return {URL_KINDS[query.kind]: query.ref} | region | beside | items


def photos() -> dict[str, Photo]:
    """The pictures that this session has looked at, by their `mark`, the last used one last."""
    return cast("dict[str, Photo]", st.session_state.setdefault(keys.PHOTOS, {}))


def mark(sha256: str) -> str:
    """What a link calls a photo of this digest."""
    return sha256[:12]


def keep(photo: Photo) -> Photo:
    """Keep a photo in the session, drop the oldest ones above the limit, and of all but this one the file."""
    kept = photos()
    kept.pop(mark(photo.sha256), None)
    for name, older in kept.items():
        kept[name] = replace(older, file=None)
    kept[mark(photo.sha256)] = photo
    for old in list(kept)[:-MAX_PHOTOS]:
        del kept[old]
    return photo


def part_of(photo: Photo, region: Region, look_at: Callable[[], Photo]) -> Photo:
    """A part of a photo of this visit, looked at where it was not before; the oldest ones above the limit go."""
    parts = cast("dict[tuple[str, Region], Photo]", st.session_state.setdefault(keys.PARTS, {}))
    key = photo.sha256, region
    known = parts.pop(key) if key in parts else replace(look_at(), sha256=photo.sha256, file=None)
    parts[key] = known
    for old in list(parts)[:-MAX_PHOTOS]:
        del parts[old]
    return known


def answer_of(key: object, search: Callable[[], _Found]) -> _Found:
    """The last search's answer if it was for this key, else a new one, which is kept."""
    stored = st.session_state.get(keys.ANSWER)
    if not stored or stored[0] != key:
        stored = st.session_state[keys.ANSWER] = (key, search())
    return cast("_Found", stored[1])
