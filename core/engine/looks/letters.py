"""Words of texts: found, without what does not count, and how far from each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: A word with its apostrophes; what stands for a character in HTML is none.
WORD = re.compile(r"&#?\w+;|[^\W\d_]+(?:['’][^\W\d_]+)*")
#: Shorter words are never corrected; up to so many letters by one edit, beyond that by two.
LEAST, SHORT = 4, 5
#: Longer words are nobody's misspelling.
MOST = 24


def words_of(text: str) -> Iterator[str]:
    """The words of a text, as they are typed."""
    return (word for word in WORD.findall(text) if not word.startswith("&"))


def plain(word: str) -> str:
    """In lower case, without accents and without the 's of "women's"."""
    letters = unicodedata.normalize("NFKD", word.lower().replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).removesuffix("'s")


def distance(first: str, second: str) -> int:
    """Letters to be added, dropped, replaced or exchanged with their neighbour (Damerau's, no letter moved twice)."""
    before: list[int] = []
    last = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        row = [i]
        for j, b in enumerate(second, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b)))
            if i > 1 and j > 1 and (a, first[i - 2]) == (second[j - 2], b):
                row[-1] = min(row[-1], before[j - 2] + 1)
        before, last = last, row
    return last[-1]


def limit(word: str, target: str) -> int:
    """Edits that are allowed; hardly anybody misspells the first letter and another one."""
    return 1 if len(word) <= SHORT or word[0] != target[0] else 2
