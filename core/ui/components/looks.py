"""Kind, colour and pattern of pieces in words, and which of them can be asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import and_

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


class Noun(str):
    """A word that other words of a sentence agree with: `{one:branco|branca}` of a text has a form for each gender.

    Attributes:
        form: 1 where it is feminine, and 2 more where it is in the plural: which of four forms it takes.
    """

    form = 0

    @classmethod
    def of(cls, word: str, form: int) -> Noun:
        """A word with its form."""
        noun = cls(word)
        noun.form = form
        return noun

    def __format__(self, spec: str) -> str:
        """The word, or that of the forms which agrees with it; where there are two, they are those of the genders."""
        forms = spec.split("|")
        return forms[self.form % len(forms)] if len(forms) > 1 else format(str(self), spec)


#: What is said of nothing in particular agrees with this.
NOTHING = Noun()
#: One piece, the same with its article, several after a number, several after "are".
Forms = tuple[Noun, Noun, Noun, Noun]


def name_of(attribute: str, told: Told, label: str = "", of: Noun = NOTHING) -> str:
    """What visitors call a kind, colour or pattern.

    Args:
        attribute: Which of them.
        told: Its classes.
        label: The "catalogue/label" of the item that is of it.
        of: What a colour or pattern is said of.
    """
    if attribute == "kind":
        return forms(told.classes, label)[0]
    return str(WORDS.looks.either.join(look(attribute, one, of) for one in told.classes))


def look(attribute: str, one: str, of: Noun = NOTHING) -> str:
    """The word for a colour or pattern, as it is said of a piece."""
    return str(_look(attribute, one)[0].format(of=of))


def _look(attribute: str, one: str) -> tuple[str, ...]:
    """The word for a colour or pattern, and what it makes of one piece, of one with its article, of several."""
    known: Mapping[str, tuple[str, ...]] = {"colour": WORDS.looks.colour, "pattern": WORDS.looks.pattern}[attribute]
    unknown = one.replace("{", "{{").replace("}", "}}")  # a link may say anything
    word, *others = known.get(one, (unknown, "{one}", "{a}", "{many}"))
    return word, *(others or WORDS.looks.usual_look)


def forms(classes: Collection[str], *labels: str) -> Forms:
    """The words for pieces that are of one of some kinds.

    Args:
        classes: Of the vocabulary.
        labels: "catalogue/label" whose items are of just these kinds; where no word covers them, they are named by it.
    """
    names = [name for name, kinds in BROADER.items() if kinds == set(classes)] + list(labels)
    broader = next((_broader(name) for name in names if name in WORDS.looks.broader), None)
    if len(classes) > 1 and broader:
        return broader
    each = [_whole(WORDS.looks.kind.get(one, (one, one, one)), one) for one in classes]
    one, a, many, are = map(_joined, zip(*each, strict=True))
    return one, a, many, are


def _joined(words: Sequence[Noun]) -> Noun:
    """ "belt or tie": feminine if all of them are."""
    return Noun.of(WORDS.looks.either.join(words), reduce(and_, (word.form for word in words)))


def common(hits: Collection[Hit]) -> Forms | None:
    """The words for pieces that may be of several kinds: by the narrowest word for all of them, None without one."""
    kinds = [(f"{hit.catalogue}/{hit.label}", frozenset(hit.agrees["kind"].classes)) for hit in hits]
    found = frozenset(one for _, classes in kinds for one in classes)
    if len(found) == 1:
        return forms(found)
    known = BROADER | {label: classes for label, classes in kinds if len(classes) > 1}
    wide = [name for name, classes in known.items() if found <= classes and name in WORDS.looks.broader]
    narrowest = min(wide, key=lambda name: len(known[name]), default="")
    return _broader(narrowest) if narrowest else None


def mixed() -> Forms:
    """The words for pieces that no word covers."""
    return _whole(WORDS.looks.mixed, "mixed")


def _broader(name: str) -> Forms:
    return _whole(WORDS.looks.broader[name], name)


def _whole(words: tuple[str, ...], name: str) -> Forms:
    gender, several = int(name in WORDS.looks.feminine), 2
    of_one = gender + several * (name in WORDS.looks.plural)
    one, a, *_ = (Noun.of(word, of_one) for word in words)
    return one, a, Noun.of(words[2], gender + several), Noun.of(words[-1], gender + several)


def with_look(words: Forms, attribute: str, one: str) -> Forms:
    """The words for pieces of a colour or pattern: "sneakers" -> "white sneakers"."""
    alone, article, several = _look(attribute, one)[1:]
    gaps = {"one": words[0], "a": words[1], "many": words[3]}

    def said(text: str, of: Noun) -> Noun:
        return Noun.of(text.format(look=look(attribute, one, of), **gaps), of.form)

    of_one = article if words[0] != words[1] else alone  # "white jeans" has no article
    return said(alone, words[0]), said(of_one, words[1]), said(several, words[2]), said(several, words[3])


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
    pattern = name_of("pattern", likely["pattern"], of=words[1])
    return str(WORDS.looks.reads["pattern"].format(kind=words[1], pattern=pattern))


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
