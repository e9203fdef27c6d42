"""What agrees between a query and an item: kind, colour, pattern, each with a probability.

A photo is read (`reading.Looks`): each class has a probability. Of an item whose labels are known, and of words that
name a class, these classes have the probability that two people who look give the same answer, and all others share
the rest. An item of known classes agrees with the query with the probability of its classes; one that has to be read
agrees with what its picture probably shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.engine.looks.attributes import Attributes, Known
from core.engine.looks.reading import Head, Looks
from core.engine.looks.vocabulary import ATTRIBUTES, BROADER, WORDS

#: class -> probability
Shares = Mapping[str, float]


@dataclass(frozen=True)
class Told:
    """What is told of one attribute.

    Attributes:
        classes: What it is or, where nobody has looked, what it most probably is; several where labels leave that
            open, in the order of the vocabulary.
        probability: In [0, 1]; NaN where it cannot be told.
    """

    classes: tuple[str, ...]
    probability: float

    @property
    def name(self) -> str:
        """The classes as a text: one class as it is called, several by the word that covers just them, or joined."""
        broader = [word for word, them in BROADER.items() if len(self.classes) > 1 and them == set(self.classes)]
        return broader[0] if broader else " or ".join(self.classes)


class Reading(Told):
    """What a query shows or names; `probability` is that of its classes."""


class Agreement(Told):
    """What a hit is; `probability` is that the query is of the same class."""


@dataclass(frozen=True)
class Subject:
    """What is known of a query.

    Attributes:
        shares: attribute -> class -> probability; attributes that cannot be told are missing.
        stated: attribute -> the classes that labels or words name; none where they were read from a picture.
    """

    shares: Mapping[str, Shares] = field(default_factory=dict)
    stated: Known = field(default_factory=dict)

    def reads(self) -> dict[str, Reading]:
        """attribute -> what the query shows or names, in the order of `ATTRIBUTES`."""
        return {name: self._reading(name) for name in ATTRIBUTES if name in self.shares}

    def _reading(self, attribute: str) -> Reading:
        shares, stated = self.shares[attribute], self.stated.get(attribute)
        classes = stated or {likeliest(shares)}
        return Reading(in_order(attribute, classes), float(sum(shares[one] for one in classes)))

    def with_words(self, named: Known, less: Known, looks: Looks | None) -> Subject:
        """The subject with words added and taken away.

        What is added counts instead of what was there before; of what is taken away it is not known what is wanted.

        Args:
            named: What added words name.
            less: The same of words that are taken away.
            looks: See `of_labels`.
        """
        gone = {name for name, classes in less.items() if classes}
        shares = {name: of for name, of in self.shares.items() if name not in gone}
        stated = {name: of for name, of in self.stated.items() if name not in gone}
        said = of_labels(named, looks)
        return Subject({**shares, **said.shares}, {**stated, **said.stated})


def of_labels(known: Known, looks: Looks | None) -> Subject:
    """A query of which the classes are known, such as an item or words; without heads nothing can be told."""
    stated = {name: known[name] for name in known if known[name] and looks and name in looks.heads}
    return Subject({name: _stated(looks.heads[name], of) for name, of in stated.items()} if looks else {}, stated)


def of_picture(embedding: np.ndarray, looks: Looks | None, attributes: Attributes | None = None) -> Subject:
    """A query that is a picture, from its (dim,) embedding; a grey picture shows no colours."""
    shares = read(embedding, looks)
    return Subject({name: of for name, of in shares.items() if attributes is None or attributes.can_be_read(name)})


def read(embedding: np.ndarray, looks: Looks | None) -> dict[str, Shares]:
    """attribute -> class -> probability, read from a (dim,) embedding; nothing without heads."""
    found = looks.read(embedding[None]) if looks else {}
    return {
        name: dict(zip(looks.heads[name].classes, rows[0].tolist(), strict=True))
        for name, rows in found.items()
        if looks
    }


def agreements(subject: Subject, known: Known, seen: Mapping[str, Shares]) -> dict[str, Agreement]:
    """What agrees between a query and an item, in the order of `ATTRIBUTES`.

    Args:
        subject: The query.
        known: What is known of the item.
        seen: What was read from its embedding, for what is not known.

    Returns:
        The attributes of which the item's class is known or was read.
    """
    found: dict[str, Agreement] = {}
    for name in ATTRIBUTES:
        classes = known.get(name) or ({likeliest(seen[name])} if name in seen else frozenset())
        if classes:
            probability = _agreement(subject, name, known.get(name, frozenset()), seen.get(name, {}))
            found[name] = Agreement(in_order(name, classes), probability)
    return found


def _agreement(subject: Subject, attribute: str, known: frozenset[str], seen: Shares) -> float:
    if attribute not in subject.shares:
        return math.nan
    shares, stated = subject.shares[attribute], subject.stated.get(attribute, frozenset())
    if known:  # an item of a kind that is asked for among others has all that is asked for
        counted = known | stated if known <= stated else known
        total = sum(shares.get(one, 0.0) for one in counted)
    elif stated:
        total = sum(seen.get(one, 0.0) for one in stated)
    else:
        total = sum(share * seen.get(one, 0.0) for one, share in shares.items())
    return min(1.0, float(total))  # rounding may leave a little more


def _stated(head: Head, classes: frozenset[str]) -> Shares:
    others = [one for one in head.classes if one not in classes]
    return dict.fromkeys(classes, head.sure / len(classes)) | {one: (1 - head.sure) / len(others) for one in others}


def likeliest(shares: Shares) -> str:
    """The class that is most probable."""
    return max(shares, key=lambda one: shares[one])


def in_order(attribute: str, classes: frozenset[str] | set[str]) -> tuple[str, ...]:
    """Classes in the order of the vocabulary; those that are not in it come last, by name."""
    order = list(WORDS[attribute])
    return tuple(sorted(classes, key=lambda one: (order.index(one) if one in order else len(order), one)))
