"""What the Browse page shows, as its link says it: stable ids, never the words that visitors read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from core.ui.components import looks
from core.ui.visit import session
from core.ui.words import WORDS

ALL = "all"
SORTS = ("catalogue", "class")
SIZES = (24, 48, 96)
#: Between the classes of a link; a label's own are quoted.
SEPARATOR = ","
_AS_THEY_ARE = "/ &'-"  # needs no quoting; the address bar quotes once more what it must


@dataclass(frozen=True)
class View:
    """One state of the page.

    Attributes:
        catalogue: A catalogue's id, or `ALL`.
        kinds: Classes as "catalogue id/label", in their order on the page; empty for all.
        sort: One of `SORTS`.
        page: From 1.
        size: Items a page, one of `SIZES`.
        item: Id of the opened item, "" where none is.
        colours: Classes of `looks.vocabulary`; empty for all.
        patterns: The same.
    """

    catalogue: str = ALL
    kinds: tuple[str, ...] = ()
    sort: str = SORTS[0]
    page: int = 1
    size: int = SIZES[0]
    item: str = ""
    colours: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @property
    def catalogues(self) -> tuple[str, ...]:
        """The catalogues that are shown, in their order on the page."""
        return tuple(sorted(session.catalogues())) if self.catalogue == ALL else (self.catalogue,)

    @property
    def looks(self) -> dict[str, tuple[str, ...]]:
        """attribute -> the classes that are shown, of those attributes that are limited."""
        return {attribute: getattr(self, name) for name, attribute in looks.FILTERS.items() if getattr(self, name)}


def known_looks(view: View) -> dict[str, list[str]]:
    """Parameter of the link -> the colours or patterns that can be chosen.

    Raises:
        ArtifactError: What is known of a catalogue is damaged.
    """
    return {name: looks.offered(attribute, view.catalogues) for name, attribute in looks.FILTERS.items()}


def known_kinds(view: View) -> dict[str, str]:
    """Every class that can be chosen → its plain words."""
    several = len(view.catalogues) > 1
    return {
        f"{id}/{label}": f"{words} · {session.title_of(id)}" if several else words
        for id in view.catalogues
        for label, title in session.record_of(id).classes.items()
        for words in [session.class_title(id, label, title)]
    }


def read(params: Mapping[str, str]) -> tuple[View, list[str]]:
    """The view that a link asks for, and a sentence on each value of it that means nothing."""
    notes: list[str] = []
    asked = params.get("catalogue", ALL)
    if problem := session.unavailable(asked):
        notes.append(problem)
        asked = ALL
    catalogue = _one_of(asked, (ALL, *session.choices()), WORDS.browse.bad_catalogue, notes)
    kinds = _kinds(params.get("class", ""), catalogue, notes)
    sort = _one_of(params.get("sort", SORTS[0]), SORTS, WORDS.browse.bad_sort, notes)
    size = _size(params.get("size", str(SIZES[0])), notes)
    page = _page(params.get("page", "1"), notes)
    colours, patterns = (
        _looks(name, params.get(name, ""), known, notes) for name, known in known_looks(View(catalogue)).items()
    )
    return View(catalogue, kinds, sort, page, size, params.get("item", ""), colours, patterns), notes


def write(view: View) -> dict[str, str]:
    """The link's parameters; what is as usual is left out."""
    usual = View()
    values = {
        "catalogue": (view.catalogue, usual.catalogue),
        "class": (SEPARATOR.join(quote(kind, safe=_AS_THEY_ARE) for kind in view.kinds), ""),
        "sort": (view.sort, usual.sort),
        "size": (view.size, usual.size),
        "page": (view.page, usual.page),
        "item": (view.item, usual.item),
        "colours": (SEPARATOR.join(view.colours), ""),
        "patterns": (SEPARATOR.join(view.patterns), ""),
    }
    return {name: str(value) for name, (value, default) in values.items() if value != default}


def _one_of(value: str, known: tuple[str, ...], sentence: str, notes: list[str]) -> str:
    if value in known:
        return value
    notes.append(sentence.format(value=value[:40]))
    return known[0]


def _kinds(value: str, catalogue: str, notes: list[str]) -> tuple[str, ...]:
    """The classes of a link; a bare label is enough where the catalogue is named. Of what is unknown, one sentence."""
    known = known_kinds(View(catalogue))
    named = [unquote(kind) for kind in value.split(SEPARATOR) if kind]  # a label of one's own may hold a separator
    asked = {f"{catalogue}/{kind}" if f"{catalogue}/{kind}" in known else kind for kind in named}
    unknown = sorted(asked - known.keys())
    if unknown:
        notes.append(WORDS.browse.bad_class.format(value=unknown[0][:40]))
    return tuple(kind for kind in known if kind in asked)


def _looks(name: str, value: str, known: list[str], notes: list[str]) -> tuple[str, ...]:
    """The colours or patterns of a link; of what is unknown, one sentence."""
    asked = value.split(SEPARATOR)
    notes += looks.unknown(name, asked, known)
    return tuple(one for one in known if one in asked)


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _size(value: str, notes: list[str]) -> int:
    number = _number(value)
    if number in SIZES:
        return number
    nearest = SIZES[0] if number is None else min(SIZES, key=lambda size: abs(size - number))
    notes.append(WORDS.browse.bad_size.format(value=value[:40], size=nearest))
    return nearest


def _page(value: str, notes: list[str]) -> int:
    number = _number(value)
    if number is None or number < 1:
        notes.append(WORDS.browse.bad_page.format(value=value[:40], page=1))
        return 1
    return number
