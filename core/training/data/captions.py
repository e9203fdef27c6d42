"""What the labels of three data sets mean, in one vocabulary of words.

The same thing has three names: Fashion-MNIST's `Trouser`, the clothing dataset's `Pants` and the product
photos' `Jeans` overlap without being equal. `kinds.toml` gives each kind its words, and which broader kind it
belongs to; `relation` tells the loss whether two labels are the same kind, different, or not comparable.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

_VOCABULARY = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text("utf-8"))
FASHION_MNIST_TYPE, CLOTHING_TYPE, PRODUCT_TYPE = (
    dict[str, str](_VOCABULARY["labels"][name]) for name in ("fashion-mnist", "clothing", "products")
)
#: kind -> (the broader kind it is part of or "", words for it). A kind that is not here is named by its label.
TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    kind: (_VOCABULARY["broader"].get(kind, ""), tuple(words)) for kind, words in _VOCABULARY["kinds"].items()
}
_GROUPS = [set(kinds) for kinds in _VOCABULARY["near"].values()]

SAME, DIFFERENT, UNKNOWN = 1, 0, -1


def relation(kind_a: str, kind_b: str, same_source: bool) -> int:
    """Whether two kinds are the same (1), different (0), or not comparable (-1).

    Within one data set its own labels decide. Across data sets a kind equals the broader kind that
    contains it, and kinds of one group are not comparable.
    """
    if kind_a == kind_b:
        return SAME
    if same_source:
        return DIFFERENT
    if _broader(kind_a) == kind_b or _broader(kind_b) == kind_a:
        return SAME
    if any(kind_a in group and kind_b in group for group in _GROUPS):
        return UNKNOWN
    return DIFFERENT


def _broader(kind: str) -> str:
    return TYPES.get(kind, ("", ()))[0]


def words_for(kind: str) -> tuple[str, ...]:
    """The words that name a kind, the most usual first."""
    known = TYPES.get(kind)
    return known[1] if known else (kind.lower(),)


def product_captions(row: dict[str, str]) -> tuple[str, str]:
    """A product's two captions from its `styles.csv` row: (colour and kind, its full name), lower case."""
    kind = PRODUCT_TYPE.get(row["articleType"], row["articleType"])
    colour = colour_of(row)
    short = f"{colour} {words_for(kind)[0]}".strip()
    name = " ".join(row["productDisplayName"].lower().split())
    return short, name


def colour_of(row: dict[str, str]) -> str:
    """A product's base colour in lower case, "" where the data set has none."""
    colour = row["baseColour"].strip().lower()
    return "" if colour in ("na", "") else colour
