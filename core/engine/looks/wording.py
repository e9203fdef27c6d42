"""What visitors type -> what they mean: in English, without misspellings, and which kinds, colours and patterns."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache, partial

from core.engine.embedders.learned import ANY_WORD, shipped_words
from core.engine.looks.letters import LEAST, MOST, WORD, distance, limit, plain, words_of
from core.engine.looks.portuguese import in_english
from core.engine.looks.vocabulary import ALIKE, APART, ATTRIBUTES, BESIDE, BROADER, ORDINARY, WORDS

#: Words that say nothing of a piece: to know them is to know nothing.
_LITTLE = "a an and are as at but by for from i in is it me my no not of on or the this to up with"
_SMALL = frozenset(_LITTLE.split())
_AS_TYPED = re.compile(r"\s*[\"“](.*\S.*)[\"”]\s*", re.DOTALL)

Labels = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Understood:
    """What a text means.

    Attributes:
        text: What is searched with: as typed, or in lower case with its misspelt words corrected, or in English.
        translated: Whether it was Portuguese.
        corrected: (word as typed, as understood), in their order.
        labels: Attribute -> the classes asked for, of those attributes that the text names; see `vocabulary`.
        known: The other words that say something, as typed or as corrected.
        unknown: Words that neither the vocabulary nor what the model has learned knows, as typed.
    """

    text: str
    translated: bool
    corrected: tuple[tuple[str, str], ...]
    labels: Labels
    known: tuple[str, ...]
    unknown: tuple[str, ...]


def understand(text: str, learned: Container[str] | None = None) -> Understood:
    """What a text means; one in quotation marks is taken as it is typed.

    Args:
        text: In English or Portuguese, of any length.
        learned: Words in lower case that the model has learned; default: those of the model that ships.

    Raises:
        ArtifactError: What the model that ships has learned cannot be read.
    """
    learned = shipped_words() if learned is None else learned
    typed = _AS_TYPED.fullmatch(text)
    english = "" if typed else in_english(text, partial(_is_english, learned), partial(_is_known, learned=learned))
    said = typed[1] if typed else english or text
    words = [word for word in dict.fromkeys(words_of(said)) if _says_something(plain(word))]
    strange = [word for word in words if not _is_known(plain(word), learned)]
    better = {} if typed else {word: one for word in strange if (one := _better(plain(word), learned))}
    meant = _replaced(said, better) if better else said
    known = tuple(better.get(word, word) for word in words if word in better or word not in strange)
    unknown = tuple(word for word in strange if word not in better)
    return Understood(meant, bool(english), tuple(better.items()), labels_of(meant), known, unknown)


def labels_of(text: str) -> Labels:
    """Attribute -> the classes that a text asks for; the longest phrase counts, and each word once."""
    words = [plain(word) for word in words_of(text)]
    found: dict[str, set[str]] = {}
    start = 0
    while start < len(words):
        taken = next((n for n in range(_longest(), 0, -1) if _means(words[start : start + n], n)), 0)
        for attribute, classes in _means(words[start : start + taken], taken).items():
            found.setdefault(attribute, set()).update(classes)
        start += taken or 1
    return {attribute: frozenset(found[attribute]) for attribute in ATTRIBUTES if attribute in found}


def _says_something(word: str) -> bool:
    return word not in _SMALL and not (len(word) == 1 and word.isascii())


def _british(word: str) -> str:
    return re.sub(r"(?<=col)or", "our", word).replace("gray", "grey")


def _forms(word: str) -> Iterator[str]:
    """The word, its British spelling, and the singulars or the plurals of both."""
    for one in dict.fromkeys((word, _british(word))):
        yield one
        if one.endswith("ies"):
            yield one[:-3] + "y"
        if one.endswith("es"):
            yield one[:-2]
        if one.endswith("s") and not one.endswith("ss"):
            yield one[:-1]
        elif one not in APART:
            yield from (f"{one}s", f"{one}es")


def _is_known(word: str, learned: Container[str]) -> bool:
    """Whether the word is the vocabulary's or was learned, in the singular or the plural."""
    forms = list(dict.fromkeys((word, *_forms(word), *_forms(word.replace("'", "")))))
    if any(form in _lexicon() for form in forms):
        return True
    return any(form in learned for form in forms if form == word or len(form) >= LEAST)  # "dr" is no singular


def _is_english(learned: Container[str], word: str) -> bool:
    """The same, where who has learned any word tells nothing of a word's language."""
    return _is_known(word, frozenset[str]() if learned is ANY_WORD else learned)


def _better(word: str, learned: Container[str]) -> str:
    """The one word that an unknown word is taken for; "" where there is none, or several are as near."""
    alike = next((ALIKE[form] for form in _forms(word) if form in ALIKE), "")
    if alike:
        return alike
    if word in ORDINARY or not LEAST <= len(word) <= MOST:
        return ""
    near: dict[tuple[int, bool], list[str]] = {}
    for target, beside in _targets():
        most = limit(word, target)
        if len(set(word) ^ set(target)) > 2 * most or abs(len(word) - len(target)) > most:
            continue  # cannot be as near as that: spares nearly all of the comparisons
        edits = distance(word, target)
        if edits <= most and not (beside and target not in learned):
            near.setdefault((edits, beside), []).append(target)
    nearest = near[min(near)] if near else []
    return nearest[0] if len(nearest) == 1 else ""


def _replaced(text: str, better: dict[str, str]) -> str:
    return WORD.sub(lambda found: better.get(found[0], found[0].lower()), text)


@cache
def _phrases() -> dict[tuple[str, ...], Labels]:
    """Words one after the other -> what they ask for."""
    table: dict[str, dict[str, set[str]]] = {}
    for attribute, classes in WORDS.items():
        for one, phrases in classes.items():
            for phrase in phrases:
                table.setdefault(phrase, {}).setdefault(attribute, set()).add(one)
    for phrase, kinds in BROADER.items():
        table.setdefault(phrase, {}).setdefault("kind", set()).update(kinds)
    for phrase, same in ALIKE.items():
        table.setdefault(phrase, table[same])
    means = {name: {kind: frozenset(ones) for kind, ones in found.items()} for name, found in table.items()}
    split = {tuple(map(plain, words_of(phrase))): found for phrase, found in means.items()}
    joined = {("".join(words),): found for words, found in split.items() if len(words) > 1}
    return joined | split


@cache
def _longest() -> int:
    return max(map(len, _phrases()))


def _means(words: list[str], n: int) -> Labels:
    """What exactly these n words ask for, in the singular or the plural."""
    if len(words) != n or not n:
        return {}
    exact = _phrases().get(tuple(words))
    if exact is not None:
        return exact
    *first, last = words
    ways = [(*before, form) for before in (first, [*map(_british, first)]) for form in _forms(last)]
    return next((_phrases()[way] for way in ways if way in _phrases()), {})


@cache
def _lexicon() -> frozenset[str]:
    """All single words of the vocabulary that its captions use."""
    phrases = [*BROADER, *(phrase for classes in WORDS.values() for words in classes.values() for phrase in words)]
    words = {plain(word) for phrase in phrases for word in words_of(phrase)}
    return frozenset(words | {"".join(map(plain, words_of(phrase))) for phrase in phrases}) - {"t"}


@cache
def _targets() -> tuple[tuple[str, bool], ...]:
    """Words of four letters and more that a misspelling is corrected to, and whether they only go beside a piece."""
    words = dict.fromkeys(_lexicon() - _SMALL, False) | dict.fromkeys(BESIDE - _lexicon(), True)
    return tuple((word, words[word]) for word in sorted(words) if len(word) >= LEAST)
