"""Kind, colour and pattern of pieces in words, and which of them can be asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import streamlit as st

from core.engine.looks.agreement import Told
from core.engine.looks.attributes import load_attributes
from core.engine.looks.vocabulary import BROADER
from core.engine.search.engine import Hit
from core.ui.visit import session
from core.ui.words import WORDS

#: What is at least as probable as this is said to be so.
LIKELY = 0.5
#: What can be filtered by: the parameter of links -> the attribute.
FILTERS = {"colours": "colour", "patterns": "pattern"}
#: One piece, the same with its article, several after a number, several after "are".
Forms = tuple[str, str, str, str]


def name_of(attribute: str, told: Told, label: str = "") -> str:
    """What visitors call a kind, colour or pattern; `label` is the "catalogue/label" of the item that is of it."""
    if attribute == "kind":
        return forms(told.classes, label)[0]
    return str(WORDS.looks.either.join(look(attribute, one)[0] for one in told.classes))


def look(attribute: str, one: str) -> tuple[str, ...]:
    """The words for a colour or pattern: alone, and as what is said of a piece, of one with its article, of several."""
    known: Mapping[str, tuple[str, ...]] = {"colour": WORDS.looks.colour, "pattern": WORDS.looks.pattern}[attribute]
    return known.get(one, (one, "{one}", "{one}", "{many}"))


def forms(classes: Collection[str], *labels: str) -> Forms:
    """The words for pieces that are of one of some kinds.

    Args:
        classes: Of the vocabulary.
        labels: "catalogue/label" whose items are of just these kinds; where no word covers them, they are named by it.
    """
    names = [name for name, kinds in BROADER.items() if kinds == set(classes)] + list(labels)
    broader = next((WORDS.looks.broader[name] for name in names if name in WORDS.looks.broader), None)
    if len(classes) > 1 and broader:
        return _whole(broader)
    each = [_whole(WORDS.looks.kind.get(one, (one, one, one))) for one in classes]
    one, a, many, are = (WORDS.looks.either.join(words) for words in zip(*each, strict=True))
    return one, a, many, are


def common(hits: Collection[Hit]) -> Forms | None:
    """The words for pieces that may be of several kinds: by the narrowest word for all of them, None without one."""
    kinds = [(f"{hit.catalogue}/{hit.label}", frozenset(hit.agrees["kind"].classes)) for hit in hits]
    found = frozenset(one for _, classes in kinds for one in classes)
    if len(found) == 1:
        return forms(found)
    known = BROADER | {label: classes for label, classes in kinds if len(classes) > 1}
    wide = [name for name, classes in known.items() if found <= classes and name in WORDS.looks.broader]
    narrowest = min(wide, key=lambda name: len(known[name]), default="")
    return _whole(WORDS.looks.broader[narrowest]) if narrowest else None


def _whole(words: tuple[str, ...]) -> Forms:
    return words[0], words[1], words[2], words[-1]


def with_look(words: Forms, attribute: str, one: str) -> Forms:
    """The words for pieces of a colour or pattern: "sneakers" -> "white sneakers"."""
    _, alone, article, several = look(attribute, one)
    of_one = article if words[0] != words[1] else alone  # "white jeans" has no article
    return (
        alone.format(one=words[0]),
        of_one.format(one=words[0]),
        several.format(many=words[3]),
        several.format(many=words[3]),
    )


def reads_as(reads: Mapping[str, Told]) -> str:
    """What a picture is read as, in a sentence; "" where its kind is not probable enough."""
    likely = {name: told for name, told in reads.items() if told.probability >= LIKELY}
    if "kind" not in likely:
        return ""
    words = forms(likely["kind"].classes)
    if "colour" in likely:
        words = with_look(words, "colour", likely["colour"].classes[0])
    if "pattern" not in likely:
        return str(WORDS.looks.reads["kind"].format(kind=words[1]))
    return str(WORDS.looks.reads["pattern"].format(kind=words[1], pattern=name_of("pattern", likely["pattern"])))


def offered(attribute: str, catalogues: Iterable[str]) -> list[str]:
    """The classes of colour or pattern that items of some catalogues are known to have.

    Raises:
        ArtifactError: What is known of a catalogue is damaged.
    """
    known = {one for id in catalogues for one in load_attributes(id).classes(attribute)}
    words = {"colour": WORDS.looks.colour, "pattern": WORDS.looks.pattern}[attribute]
    return [one for one in words if one in known]


def without(attributes: Collection[str], catalogues: Iterable[str]) -> list[str]:
    """The catalogues of whose items some of these attributes are not known; errors as in `offered`."""
    return [id for id in catalogues if not all(load_attributes(id).classes(name) for name in attributes)]


def say_left_out(catalogues: Collection[str]) -> None:
    """Say that catalogues have no items that a filter could leave."""
    if catalogues:
        st.caption(WORDS.looks.left_out.format(names=", ".join(map(session.title_of, catalogues))))


def unknown(name: str, asked: Iterable[str], known: Collection[str]) -> list[str]:
    """A sentence on the first value of a link's colours or patterns that is not known, if there is one.

    Args:
        name: Of the link's parameter.
        asked: Its values.
        known: What can be asked for.
    """
    sentence = {"colours": WORDS.looks.bad_colours, "patterns": WORDS.looks.bad_patterns}[name]
    odd = sorted({one for one in asked if one} - set(known))
    return [sentence.format(value=odd[0][:40])] if odd else []
