"""What the product photos' labels say in the vocabulary of looks: sets of kinds, colours and patterns.

The same thing has several names, and a shop's "Flats" may be sandals. So a label is the *set* of classes that a picture
may have; an empty set says nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from core.engine.looks.attributes import Known

_TABLE = tomllib.loads(Path(__file__).with_name("labels.toml").read_text("utf-8"))
_KINDS: dict[str, list[str]] = _TABLE["products"]


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
