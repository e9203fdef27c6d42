"""One item as Milvus stores it, and which items are asked for.

No text is ever part of an expression: Milvus Lite knows no parameters in them, and what labels hold comes from outside.
Texts are compared by `key_of` them, a whole number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

#: The fields of a row beside its position, its vector and its keys.
TEXTS = ("name", "label", "title", "address", "thumbhash")
NUMBERS = ("width", "height")
FIELDS = (*TEXTS, *NUMBERS)
#: What items are chosen by; of each there is a field NAME_key.
KEYS = ("label", "colour", "pattern")
MAX_TEXT = 8192  # bytes


def key_of(text: str) -> int:
    """A text as a whole number of 63 bits; two texts of one number are as likely as two of one in 10^18."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class Row:
    """One item as it is stored.

    Attributes:
        name: What its source calls it.
        label: Its class, "" where unknown.
        title: For readers.
        address: Where its picture is: an https address, or a path below the root that the description names.
        thumbhash: As base64, "" where there is none.
        width: Of the picture, in pixels.
        height: The same.
        colour: A class of the vocabulary by which it is found, "" for none.
        pattern: The same.
    """

    name: str
    label: str = ""
    title: str = ""
    address: str = ""
    thumbhash: str = ""
    width: int = 0
    height: int = 0
    colour: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Chosen:
    """Which items may be found, or are listed; None for any.

    Attributes:
        labels: One of these.
        colours: One of these.
        patterns: One of these.
        after: Only at positions above this one.
    """

    labels: Collection[str] | None = None
    colours: Collection[str] | None = None
    patterns: Collection[str] | None = None
    after: int = -1

    @property
    def expression(self) -> str:
        """The same as Milvus reads it: names of fields and whole numbers, and nothing else."""
        asked = zip(KEYS, (self.labels, self.colours, self.patterns), strict=True)
        parts = [f"{name}_key in {sorted(map(key_of, texts))}" for name, texts in asked if texts is not None]
        return " and ".join([f"position > {max(self.after, -1)}", *parts])

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out but what `after` says."""
        return self.labels is None and self.colours is None and self.patterns is None

    @property
    def is_none(self) -> bool:
        """Whether nothing can be left."""
        return any(texts is not None and not texts for texts in (self.labels, self.colours, self.patterns))


def stored(position: int, row: Row, vector: np.ndarray) -> dict[str, Any]:
    """A row as Milvus takes it: at a position, with its (dim,) float32 embedding."""
    said = {name: value for name, value in asdict(row).items() if name not in ("colour", "pattern")}
    texts = {name: _cut(said[name]) for name in TEXTS}
    keys = {f"{name}_key": key_of(getattr(row, name)) for name in KEYS}
    return {"position": position, "vector": vector.tolist(), **said, **texts, **keys, "about": ""}


def _cut(text: str) -> str:
    """A text that Milvus takes: UTF-8 of no more than `MAX_TEXT` bytes, without NUL."""
    return text.encode("utf-8", "replace")[:MAX_TEXT].decode("utf-8", "ignore").replace("\0", "")
