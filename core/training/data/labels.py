"""What labels say in the vocabulary of looks, as sets of classes; and texts that name them.

The same thing has several names, and a shop's "Flats" may be sandals. So a label is the *set* of classes that a picture
may have; an empty set says nothing. A text asks for a set as well. Whether one answers the other follows from the sets
alone, and a coarse label never pulls apart things together: it leaves them where they are.

Source: learning from sets of candidate labels: Cour et al. 2011 (partial labels).
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from core.engine.looks.attributes import Known
from core.engine.looks.vocabulary import ATTRIBUTES, BROADER, words_for

_TABLE = tomllib.loads(Path(__file__).with_name("labels.toml").read_text("utf-8"))
_KINDS: dict[str, list[str]] = _TABLE["products"]
#: How often a text names the colour and the pattern beside the kind, where they are known.
_NAMED = {"colour": 0.6, "pattern": 0.4}
#: How often it names a broader word for the kind.
_BROADER = 0.15
#: What a text may say around what it names.
TEMPLATES = ("{}", "{}", "{}", "a photo of a {}", "a {}", "{} for sale")


def of_product(row: Mapping[str, str]) -> Known:
    """What a row of the products' `styles.csv` says; the pattern is read from the name."""
    words = re.findall(r"[a-z]+", row["productDisplayName"].lower())
    type_, colour = row["articleType"], row["baseColour"].strip()
    kinds = _KINDS.get(type_, [type_.lower()])
    if type_ == "Tshirts":
        kinds = ["polo"] if "polo" in words else ["t-shirt"]
    colours = [] if colour in ("", "NA") else _TABLE["colours"].get(colour, [colour.lower()])
    patterns = [one for word in words for one in _TABLE["pattern-names"].get(word, ())]
    return {"kind": frozenset(kinds), "colour": frozenset(colours), "pattern": frozenset(patterns)}


def text_for(labels: Known, rng: random.Random) -> tuple[str, Known]:
    """A text that names some of what a picture is, and what the text asks for.

    Attributes that the labels leave open are not named; the kind may be named by a broader word.
    """
    kind, asked = _kind_words(labels.get("kind", frozenset()), rng)
    wanted: dict[str, frozenset[str]] = {"kind": asked} if asked else {}
    words = []
    for name in ATTRIBUTES[1:]:
        classes = labels.get(name, frozenset())
        if len(classes) == 1 and (rng.random() < _NAMED[name] or not asked):
            (one,) = classes
            words.append(rng.choice(words_for(name, one)))
            wanted[name] = classes
    return rng.choice(TEMPLATES).format(" ".join([*words, kind]).strip()), wanted


def _kind_words(kinds: frozenset[str], rng: random.Random) -> tuple[str, frozenset[str]]:
    broader = [word for word, them in BROADER.items() if kinds and kinds <= them]
    if broader and (len(kinds) > 1 or rng.random() < _BROADER):
        word = rng.choice(broader)
        return word, BROADER[word]
    if len(kinds) != 1:
        return "", frozenset()
    (one,) = kinds
    return rng.choice(words_for("kind", one)), kinds
