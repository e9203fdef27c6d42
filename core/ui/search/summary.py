"""All hits in one sentence: how many are of the query's kind, and how many of these are of its colour and pattern."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from core.engine.looks.agreement import Reading
from core.engine.search.engine import Hit, SearchResult
from core.ui.components.looks import LIKELY, NOTHING, Forms, Noun, common, forms, mixed, name_of, with_look
from core.ui.words import WORDS


def summary(result: SearchResult) -> str:
    """What the hits of a search have in common with the query; "" where the kinds of all are not known."""
    hits = result.hits
    if not hits or not all("kind" in hit.agrees and _told(hit, "kind") for hit in hits):
        return ""
    same = [hit for hit in hits if hit.agrees["kind"].probability >= LIKELY]
    if not same:
        return _closest(hits, result.reads["kind"].probability if "kind" in result.reads else math.nan)
    words, tails = _described(same, result.reads)
    said = WORDS.looks.summary[_form(len(same), len(hits), tails)]
    one, a, many, are = words
    return _sentence(
        said.format(
            some=number(len(same), many),
            all=number(len(hits), many),
            one=one,
            a=a,
            many=many if len(same) == len(hits) and tails else are,
            tails=tails,
        )
    )


def number(n: int, of: Noun = NOTHING) -> str:
    """A number of things in words, up to ten."""
    words = WORDS.looks.numbers
    return str(words[n].format(of=of)) if n < len(words) else str(n)


def _form(n_same: int, n: int, tails: str) -> str:
    """Which of the sentences is said."""
    if n_same < n:
        return "one_of" if n_same == 1 else "some"
    if n == 1:
        return "only"
    if tails:
        return "every"
    return "both" if n == 2 else "all"


def _closest(hits: Sequence[Hit], reading: float) -> str:
    """The sentence where nothing is of the query's kind, or where that kind is hard to tell."""
    words, first = common(hits), hits[0]
    form = "unsure" if reading < LIKELY else "none"
    if words and len(hits) > 1:
        return _sentence(WORDS.looks.summary[form].format(many=words[3]))
    words = forms(first.agrees["kind"].classes, f"{first.catalogue}/{first.label}")
    return _sentence(WORDS.looks.summary[f"{form}_one"].format(a=words[1]))


def _described(same: Sequence[Hit], reads: Mapping[str, Reading]) -> tuple[Forms, str]:
    """The words for hits of the query's kind, with the looks that all of them have; and the looks of some or none."""
    words, tails = common(same) or mixed(), ""
    for attribute in ("pattern", "colour"):  # "white striped shirts": the pattern stands next to the kind
        asked, known = reads.get(attribute), [hit for hit in same if _told(hit, attribute)]
        if asked is None or not known or not _is_worth(attribute, asked):
            continue
        n = sum(hit.agrees[attribute].probability >= LIKELY for hit in known)
        if n == len(same) and len(asked.classes) == 1:
            words = with_look(words, attribute, asked.classes[0])
        elif n or len(known) == len(same):  # of what is not known nobody can say that it is none
            of = words[2 if n > 1 else 0]
            tails = _tail(n, len(same), name_of(attribute, asked, of=of), of) + tails
    return words, tails


def _is_worth(attribute: str, asked: Reading) -> bool:
    """Whether a look of the query is sure and strange enough to be said: most pieces are plain."""
    return asked.probability >= LIKELY and (attribute != "pattern" or asked.classes != ("solid",))


def _tail(n: int, n_same: int, look: str, of: Noun) -> str:
    share = "all" if n == n_same else "some" if n else "none"
    said = WORDS.looks.tails[f"one_{share}" if n_same == 1 else share]
    return str(said.format(n=number(n, of), look=look, of=of))


def _told(hit: Hit, attribute: str) -> bool:
    return attribute in hit.agrees and not math.isnan(hit.agrees[attribute].probability)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
