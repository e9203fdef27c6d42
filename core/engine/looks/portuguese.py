"""What is asked in Portuguese, in the English words that the model knows: by a dictionary, and the order of English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from core.engine.looks.letters import LEAST, MOST, distance, limit, plain, words_of

_TABLE = tomllib.loads(Path(__file__).with_name("portuguese.toml").read_text("utf-8"))
_THING, _AFTER, _BETWEEN = "things", "after", "between"
#: What is said of a thing, in the order in which English says it. A word that is in no table stands beside materials.
_BEFORE = ("whose", "quality", "colour", "pattern", "material", "purpose")
_STRANGE = "material"
#: Words that do not make a text Portuguese.
_ELSEWHERE = frozenset(_TABLE["elsewhere"]["words"].split())
_ENDINGS = (
    ("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ois", "ol"), ("uis", "ul"), ("ns", "m"), ("res", "r"),
    ("zes", "z"), ("s", ""),
)  # fmt: skip

#: Table -> English, of a phrase that may be of several tables.
_Senses = dict[str, str]


@dataclass
class _Group:
    """A thing and what is said of it, in English."""

    thing: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)  # table, words
    after: list[str] = field(default_factory=list)

    def text(self) -> str:
        before = sorted(self.said, key=lambda one: _BEFORE.index(one[0]))
        return " ".join([*(words for _, words in before), *filter(None, [self.thing]), *self.after])


def in_english(text: str, is_known: Callable[[str], bool], is_learned: Callable[[str], bool]) -> str:
    """A Portuguese text in English words, "" where it is not Portuguese.

    It is where a word or phrase of the dictionary is in it that is not known in English. What the dictionary lacks, or
    the model has not learned, stays as it is typed; a misspelling is taken for the one word that it is of.

    Args:
        text: Of any length, with or without accents.
        is_known: Whether a word, in lower case and without accents, is known in English.
        is_learned: Whether the model has learned an English word.
    """
    words = list(words_of(text))
    found = _phrases_in(words)
    if not any(senses and _tells(phrase, is_known) for phrase, senses in found):
        return ""
    right = [word for phrase, senses in found for word in (phrase if senses else [_corrected(phrase[0], is_known)])]
    return _said([(phrase, _learned(senses, is_learned)) for phrase, senses in _phrases_in(right)])


def _learned(senses: _Senses, is_learned: Callable[[str], bool]) -> _Senses:
    """What a phrase means, of that the model has learned."""
    return {
        table: english
        for table, english in senses.items()
        if table == _BETWEEN or all(is_learned(plain(word)) for word in words_of(english) if len(word) > 1)
    }


def _phrases_in(words: list[str]) -> list[tuple[list[str], _Senses]]:
    """The text as the longest phrases of the dictionary, and single words that are not in it."""
    found: list[tuple[list[str], _Senses]] = []
    start = 0
    while start < len(words):
        lengths = range(min(_longest(), len(words) - start), 0, -1)
        n = next((n for n in lengths if _senses(words[start : start + n])), 1)
        found.append((words[start : start + n], _senses(words[start : start + n])))
        start += n
    return found


def _senses(words: list[str]) -> _Senses:
    """What a phrase means, in the plural, the feminine and the diminutive, too."""
    exact, stems = _dictionary()
    means = exact.get(tuple(map(plain, words)))
    if means is None:
        means = stems.get(tuple(map(_stem, words)))
    if means is None and len(words) == 1:
        means = stems.get((re.sub(r"z?inh$", "", _stem(words[0])),))
    return means or {}


def _tells(phrase: list[str], is_known: Callable[[str], bool]) -> bool:
    """Whether a phrase of the dictionary can be nothing but Portuguese."""
    return any(
        plain(word) != word.lower() or not (plain(word) in _ELSEWHERE or is_known(plain(word)))
        for word in phrase
        if len(word) > 1 and _BETWEEN not in _senses([word])
    )


def _said(found: list[tuple[list[str], _Senses]]) -> str:
    """The phrases in the order of English."""
    texts: list[str] = []
    group, between = _Group(), ""
    for phrase, senses in found:
        if _BETWEEN in senses:
            between = senses[_BETWEEN] or between
            continue
        table = next((name for name in (*_BEFORE, _AFTER) if name in senses), _STRANGE)
        words = senses.get(table, _typed(phrase))
        if _THING in senses and not (group.thing and between == "" and table in senses):
            if group.thing and not between:
                group.said.append((_STRANGE, senses[_THING]))  # "vestido camisa"
                continue
            if between:
                texts += [group.text(), between]
                group = _Group()
            group.thing = senses[_THING]
        elif between in ("with", "without"):
            texts += [group.text(), between]
            group = _Group(said=[(table, words)])
        elif table == _AFTER:
            group.after.append(words)
        elif between and group.said and group.said[-1][0] == table:
            group.said[-1] = (table, f"{group.said[-1][1]} {between} {words}")  # "preto e branco"
        else:
            group.said.append((table, words))
        between = ""
    return " ".join(filter(None, [*texts, group.text()]))


def _typed(phrase: list[str]) -> str:
    """A phrase as it was typed, without the small words in it."""
    return " ".join(word.lower() for word in phrase if _BETWEEN not in _senses([word]))


def _corrected(word: str, is_known: Callable[[str], bool]) -> str:
    """The one word of the dictionary that a word is a misspelling of; itself where it is of none, or of several."""
    stem = _stem(word)
    if is_known(plain(word)) or not LEAST <= len(stem) <= MOST:
        return word
    near: dict[int, list[str]] = {}
    for target in _words_by_stem():
        most = limit(stem, target)
        if len(set(stem) ^ set(target)) > 2 * most or abs(len(stem) - len(target)) > most:
            continue  # cannot be as near as that
        edits = distance(stem, target)
        if edits <= most:
            near.setdefault(edits, []).append(target)
    nearest = near[min(near)] if near else []
    return _words_by_stem()[nearest[0]] if len(nearest) == 1 else word


def _stem(word: str) -> str:
    """A word without accents, without the ending of its plural and without that of its gender."""
    word = plain(word)
    if len(word) < LEAST:
        return word
    ending, singular = next(((end, one) for end, one in _ENDINGS if word.endswith(end)), ("", ""))
    return re.sub(r"[aeo]$", "", word.removesuffix(ending) + singular)


@cache
def _dictionary() -> tuple[dict[tuple[str, ...], _Senses], dict[tuple[str, ...], _Senses]]:
    """Phrases as they are, without accents, and phrases of stems -> what they mean."""
    exact: dict[tuple[str, ...], _Senses] = {}
    stems: dict[tuple[str, ...], _Senses] = {}
    for table in (_THING, *_BEFORE, _AFTER, _BETWEEN):
        for english, phrases in _TABLE[table].items():
            for phrase in phrases:
                words = list(words_of(phrase))
                exact.setdefault(tuple(map(plain, words)), {}).setdefault(table, english)
                stems.setdefault(tuple(map(_stem, words)), {}).setdefault(table, english)
    return exact, stems


@cache
def _words_by_stem() -> dict[str, str]:
    """Stem -> the first word with it that is long enough to be misspelt."""
    words = [word for phrase in _dictionary()[0] for word in phrase]
    return {_stem(word): word for word in reversed(words) if len(_stem(word)) >= LEAST}


@cache
def _longest() -> int:
    return max(map(len, _dictionary()[0]))
