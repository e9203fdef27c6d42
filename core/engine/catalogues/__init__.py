"""The catalogues that can be shown: what they are called, what their classes mean, and who made them.

The items themselves are in `items.ItemTable`. Where they and their pictures come from is known by a catalogue's reader
(`reader.Reader`), which `photos` looks up: another catalogue is one record in `catalogues.toml` and one reader there,
and nothing else.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import UnknownNameError


@dataclass(frozen=True)
class Catalogue:
    """One catalogue, as a visitor meets it.

    Attributes:
        id: The name in item ids, file names and links.
        title: The name for readers.
        n_items: How many items it has, all splits together.
        classes: The data set's own label → plain words, in the data set's order of classes.
        licence: Of the pictures, as an SPDX identifier.
        source: Where the pictures are published.
        description: One plain sentence.
        has_colours: Whether its pictures are in colour.
        pixelated: Whether its pictures have so few pixels that these are meant to be seen.
        no_garment: Labels that name no garment; an evaluation asks no questions about them.
        n_compared: Training items, drawn by chance, among which backbones are compared; 0 for all that show a garment.
        kinds: Label → the kinds of `looks.vocabulary` that it leaves open; empty where labels do not say.
        looks: Attribute → the classes by which its own index finds items, where no file says what they show.
        families: Label → what it broadly is, in words that all catalogues share; a label that is not there has none.
    """

    id: str
    title: str
    n_items: int
    classes: dict[str, str] = field(hash=False)
    licence: str
    source: str
    description: str
    has_colours: bool = True
    pixelated: bool = False
    no_garment: frozenset[str] = frozenset()
    n_compared: int = 0
    kinds: dict[str, frozenset[str]] = field(default_factory=dict, hash=False)
    looks: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    families: dict[str, str] = field(default_factory=dict, hash=False)


def _record(id: str, said: dict[str, Any]) -> Catalogue:
    kinds = {label: frozenset(them) for label, them in said.get("kinds", {}).items()}
    return Catalogue(id, **said | {"no_garment": frozenset(said.get("no_garment", ())), "kinds": kinds})


_TABLE = tomllib.loads(Path(__file__).with_name("catalogues.toml").read_text("utf-8"))
CATALOGUES = {id: _record(id, said) for id, said in _TABLE.items()}
#: Catalogues of no registry, which are searched only where they are named; whoever opens one enters it here.
OPENED: dict[str, Catalogue] = {}


def get(id: str) -> Catalogue:
    """Return the catalogue with this id.

    Raises:
        UnknownNameError: No catalogue has this id; lists those that exist.
    """
    found = CATALOGUES.get(id) or OPENED.get(id)
    if found is None:
        raise UnknownNameError("catalogue", id, CATALOGUES)
    return found


def like_photos() -> Catalogue:
    """The catalogue whose pictures are most like those that visitors bring: the first one in colour."""
    return next(catalogue for catalogue in CATALOGUES.values() if catalogue.has_colours)
