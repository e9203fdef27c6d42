"""The classes of kind, colour and pattern, and the words for them."""

from __future__ import annotations

import tomllib
from pathlib import Path

_TABLE = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text("utf-8"))
#: What is told of a piece, in the order in which one says it of a hit.
ATTRIBUTES = ("kind", "colour", "pattern")
#: attribute -> class -> words for it, the most usual first.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    name: {one: tuple(words) for one, words in _TABLE[name].items()} for name in ATTRIBUTES
}
#: A word for several kinds -> them.
BROADER: dict[str, frozenset[str]] = {word: frozenset(kinds) for word, kinds in _TABLE["broader"].items()}
#: Words said otherwise -> words of the vocabulary that mean the same.
ALIKE: dict[str, str] = dict(_TABLE["alike"])
#: Singulars that do not mean what the vocabulary's plural does.
APART = frozenset(_TABLE["apart"]["singulars"])
#: What else is said of clothes, lower case.
BESIDE = frozenset(_TABLE["beside"]["words"].split())
#: Words of ordinary English that are near one of all these, and no misspelling of it; lower case.
ORDINARY = frozenset(_TABLE["ordinary"]["words"].split())


def words_for(attribute: str, one: str) -> tuple[str, ...]:
    """The words for a class; a class that is not in the vocabulary is its own word."""
    return WORDS[attribute].get(one, (one,))
