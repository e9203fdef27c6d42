"""The one question that is asked of the engine, whoever asks it: a page, the API, the command line, Compare."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.config import DEFAULT_K
from core.engine.images.region import Region


@dataclass(frozen=True)
class Choice:
    """Which items of one catalogue may be found, or are listed.

    Attributes:
        labels: One of these; None for any.
        looks: attribute -> classes, of those attributes that are limited; an item of unknown class is none of them.
    """

    labels: frozenset[str] | None = None
    looks: Mapping[str, Collection[str]] = field(default_factory=dict, hash=False)

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return self.labels is not None or bool(self.looks)


#: Any item.
ANY = Choice()


@dataclass(frozen=True)
class Filters:
    """What may be found.

    Attributes:
        catalogues: Catalogue ids; empty for all, but those without colours are left out where words name one.
        labels: (catalogue, label) pairs; empty for all.
        min_similarity: Hits below are dropped, so there may be fewer than k, or none.
        colours: Classes of `looks.vocabulary`; empty for all. An item whose colour is unknown has none of them.
        patterns: The same.
    """

    catalogues: tuple[str, ...] = ()
    labels: frozenset[tuple[str, str]] = frozenset()
    min_similarity: float = -1.0
    colours: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()

    @property
    def looks(self) -> dict[str, frozenset[str]]:
        """attribute -> the classes that may be found, of those attributes that are limited."""
        asked = {"colour": self.colours, "pattern": self.patterns}
        return {name: classes for name, classes in asked.items() if classes}

    def within(self, catalogue: str) -> Choice:
        """What they leave of one catalogue; no label of it is none of its items where labels are named."""
        labels = frozenset(label for name, label in self.labels if name == catalogue)
        return Choice(labels if self.labels else None, self.looks)


@dataclass(frozen=True)
class Wording:
    """What is said beside the query.

    Attributes:
        but: Words that are added, such as "blue"; "" for none.
        less: Words that are taken away; "" for none.
        weight: Share of the words, in [0, 1]; None for the weight that did best on validation pictures.
        less_items: Ids of items that the query is pushed away from, and that are not found themselves.
    """

    but: str = ""
    less: str = ""
    weight: float | None = None
    less_items: tuple[str, ...] = ()

    @property
    def added(self) -> str:
        """The words that are added, without the "but" of "this, but blue", which pulls towards other things."""
        return re.sub(r"^\s*but\b[\s,.…]*(?=\S)", "", self.but, flags=re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self.but or self.less or self.less_items)


#: Nothing said beside the query.
NOTHING_SAID = Wording()
#: Everything may be found.
EVERYTHING = Filters()


@dataclass(frozen=True, eq=False)
class Query:
    """A question: one subject, what is said beside it, what may be found, how much of it.

    Attributes:
        photo: A picture's file, as bytes or a path; None for another subject.
        item: The id of a catalogue's item, which is itself not found; "" for another subject.
        text: Words; "" for another subject.
        embedding: (dim,) float32, L2-normalised: a photo that was embedded before; None for another subject.
        wording: What is said beside the subject; what similarities to such a blend mean is not known.
        filters: What may be found.
        k: Number of hits; more than `MAX_K` are never given, fewer than one neither.
        name: What to call the photo in an error; default: its path.
        region: The part of the photo that is meant; None for all of it.
    """

    photo: bytes | Path | None = field(default=None, repr=False)
    item: str = ""
    text: str = ""
    embedding: np.ndarray | None = field(default=None, repr=False)
    wording: Wording = NOTHING_SAID
    filters: Filters = EVERYTHING
    k: int = DEFAULT_K
    name: str | None = None
    region: Region | None = None

    def __post_init__(self) -> None:
        """Refuse a question without a subject or with several, and a region of what is no photo."""
        subjects = [self.photo is not None, bool(self.item), bool(self.text), self.embedding is not None]
        if sum(subjects) != 1:
            raise ValueError("a query has exactly one of photo, item, text and embedding")
        if self.region is not None and self.photo is None:
            raise ValueError("only a photo has a region")


#: How far a query is pushed away from items. Tried with the weights of row 2 of `docs/experiments.md`, on training
#: photos of the clothing dataset: of 4,000 queries, 528
#: had a hit of another kind among the first five. Pushed away from it, their P@5 rose from 0.646 to 0.664 (share
#: 0.1), 0.683 (0.2), 0.698 (0.3), 0.693 (0.4), 0.665 (0.5), and fell to 0.498 (0.75).
PUSH = 0.3


def blend(query: np.ndarray, more: np.ndarray | None, less: np.ndarray | None, weight: float) -> np.ndarray:
    """`(1 - weight) · query + weight · (more - less)`, normalised: Rocchio's formula with one weight.

    Searching with it ranks items by the same sum of their similarities, so any index can do it. The means of words
    and of pictures differ, but taking them away first changed nothing on validation pictures.

    Args:
        query: (dim,) float32, L2-normalised.
        more: (dim,) the embedding of words to be added, or None.
        less: (dim,) the embedding of words to be taken away, or None.
        weight: In [0, 1].

    Returns:
        (dim,) float32, L2-normalised; `query` where nothing would be left of it.

    Source: Rocchio 1971 (relevance feedback).
    """
    words = (0 if more is None else more) - (0 if less is None else less)
    return _normalised((1 - weight) * query + weight * words, query)


def push_away(query: np.ndarray, items: np.ndarray, share: float = PUSH) -> np.ndarray:
    """`query - share · mean(items)`, normalised: the other half of Rocchio's formula.

    Args:
        query: (dim,) float32, L2-normalised.
        items: (n, dim) float32, n > 0, rows L2-normalised: what is wanted less.
        share: Not negative; 0 changes nothing.

    Returns:
        (dim,) float32, L2-normalised; `query` where nothing would be left of it.

    Source: Rocchio 1971 (relevance feedback).
    """
    return _normalised(query - share * items.mean(axis=0), query)


def _normalised(mixed: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    mixed = np.asarray(mixed, np.float32)
    norm = float(np.linalg.norm(mixed))
    return mixed / np.float32(norm) if norm > 1e-6 else otherwise


#: The colours that product names use, and what English adds. Black, white, grey and silver are left out, because grey
#: pictures show them, too; so are words that mostly mean something else (rose, skin, coffee, steel).
_NAMES = """
aqua beige blue bronze brown burgundy copper coral cream crimson cyan fuchsia gold golden green indigo khaki lavender
lilac lime magenta maroon mauve multicolored multicoloured mustard navy ochre olive orange peach pink purple red rust
scarlet tan taupe teal turquoise violet yellow
"""
COLOURS = frozenset(_NAMES.split())


def names_colour(text: str) -> bool:
    """Whether a text has a word for a colour, in English and in any case: "Navy-blue dress", but not "redo"."""
    return not COLOURS.isdisjoint(re.findall(r"[a-z]+", text.lower()))
