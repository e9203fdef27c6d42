"""The words of a question, as they are understood: in one place, so that whoever asks gets the same answer."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace

from core.engine.looks.wording import understand
from core.engine.search.query import Query


@dataclass(frozen=True)
class Heard:
    """How the words of a question were taken: its text, and what is said beside it.

    Attributes:
        corrected: (text as typed, text that was searched with), of those that were misspelt.
        unknown: Words that were never learned, as typed.
        understood: Whether there is a word that was learned, or no words at all.
        translated: (text as typed, text that was searched with), of those that were Portuguese.
    """

    corrected: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    understood: bool = True
    translated: tuple[tuple[str, str], ...] = ()


#: Of a question without words.
NOTHING_HEARD = Heard()


def hear(query: Query, learned: Callable[[], Container[str]]) -> tuple[Query, Heard]:
    """The question in English with its misspelt words corrected, and what one should know of that.

    Args:
        query: As it was asked.
        learned: Gives the words that the backbone has learned; called only where there are words.
    """
    texts = [query.text, query.wording.but, query.wording.less]
    if not any(texts):
        return query, NOTHING_HEARD
    known = learned()
    taken = [understand(text, known) for text in texts]
    pairs = list(zip(texts, taken, strict=True))
    heard = Heard(
        tuple((text, one.text) for text, one in pairs if one.corrected and not one.translated),
        tuple(dict.fromkeys(word for one in taken for word in one.unknown)),
        any(one.known for one in taken),
        tuple((text, one.text) for text, one in pairs if one.translated),
    )
    text, but, less = (one.text for one in taken)
    return replace(query, text=text, wording=replace(query.wording, but=but, less=less)), heard


def quoted(text: str) -> str:
    """A text that is taken as it is typed."""
    return f'"{text}"'


def listed(words: Iterable[str]) -> str:
    """Words one after the other, in quotation marks."""
    return ", ".join(f"“{word}”" for word in words)
