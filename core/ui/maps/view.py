"""What the page of maps shows, as its link says it: stable ids, never the words that visitors read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.engine.catalogues.items import split_id
from core.maps.points import CODES, LOOKS
from core.ui.words import WORDS

COLOURS = ("class", "catalogue", "predicted", "wrong", *LOOKS, "density")
PAIR = ("fashion-mnist/Shirt", "fashion-mnist/T-shirt/top")


@dataclass(frozen=True)
class View:
    """One state of the page.

    Attributes:
        map: Id of the backbone whose map is shown.
        beside: Id of a second one beside it, "" for none.
        colour: One of `COLOURS`.
        kind: A class that is lit, as "catalogue id/label", "" for none.
        first: A class of the pair whose mistakes are shown.
        second: The other class of the pair, of the same catalogue.
    """

    map: str
    beside: str = ""
    colour: str = COLOURS[0]
    kind: str = ""
    first: str = PAIR[0]
    second: str = PAIR[1]

    @property
    def maps(self) -> tuple[str, ...]:
        """The maps that are shown, from left to right."""
        return (self.map, self.beside) if self.beside else (self.map,)


def rivals(kind: str) -> list[str]:
    """The other classes of a class's catalogue."""
    return [id for id in CODES if id != kind and split_id(id)[0] == split_id(kind)[0]]


def read(params: Mapping[str, str], known: Sequence[str]) -> tuple[View, list[str]]:
    """The view that a link asks for, and a sentence on each value of it that means nothing.

    Args:
        params: Of the link.
        known: Ids of the backbones that have a map, the usual one first; at least one.
    """
    notes: list[str] = []
    usual = View(known[0])

    def one_of(name: str, default: str, allowed: Sequence[str]) -> str:
        value = params.get(name, default)
        if value in allowed:
            return value
        notes.append(WORDS.maps.bad_value.format(value=value[:40]))
        return default

    map = one_of("map", usual.map, known)
    beside = one_of("beside", "", ("", *(id for id in known if id != map)))
    colour = one_of("colour", usual.colour, COLOURS)
    kind = one_of("class", "", ("", *CODES))
    first = one_of("first", usual.first, tuple(CODES))
    others = rivals(first)
    second = one_of("second", usual.second if usual.second in others else others[0], others)
    return View(map, beside, colour, kind, first, second), notes


def write(view: View, usual: View) -> dict[str, str]:
    """The link's parameters; what is as usual is left out."""
    names = {"map": "map", "beside": "beside", "colour": "colour", "kind": "class", "first": "first"}
    values = {key: getattr(view, name) for name, key in names.items() if getattr(view, name) != getattr(usual, name)}
    if (view.first, view.second) != (usual.first, usual.second):
        values["second"] = view.second
    return values
