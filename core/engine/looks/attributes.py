"""What is known of items: the classes of kind, colour and pattern that each may have.

Somebody has looked at each photo of the clothing catalogue (`artifacts/catalogues/README.md`). Fashion-MNIST's labels
leave several kinds open, and its grey pictures tell neither colour nor pattern. Nothing is known of the pictures that
visitors bring.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.engine.catalogues import CATALOGUES, OPENED
from core.engine.catalogues.clothing_source import read_csv
from core.engine.catalogues.items import ItemTable, split_id
from core.engine.files.manifest import REPAIR, is_listed, relative, verified
from core.engine.files.paths import attributes_file
from core.engine.looks.vocabulary import ATTRIBUTES, BROADER, WORDS
from core.errors import ArtifactError, DataError, UnknownNameError, sentence

#: attribute -> the classes that something may have; none where that is unknown.
Known = Mapping[str, frozenset[str]]
NOTHING: Known = {name: frozenset[str]() for name in ATTRIBUTES}
_UNKNOWN = frozenset({"unclear", "other", ""})
#: From the shortest to the longest.
SLEEVES = ("sleeveless", "short", "three-quarter", "long")
#: Kinds whose length is that of legs, or of a skirt.
_WITHOUT_SLEEVES = frozenset({"shorts", "jeans", "trousers", "leggings", "joggers", "skirt", "overalls"})
_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


@dataclass(frozen=True, eq=False)
class Attributes:
    """What is known of one catalogue's items.

    Attributes:
        by_label: What their labels say.
        by_name: What their pictures show, by the items' names; it counts more than the label.
        has_colours: Whether the pictures show colours at all.
        found_by: attribute -> classes by which an index of its own finds items, whatever is known of them here.
    """

    by_label: Mapping[str, Known]
    by_name: Mapping[str, Known]
    has_colours: bool = True
    found_by: Mapping[str, Collection[str]] = field(default_factory=dict)

    def of(self, id: str, label: str) -> Known:
        """What is known of an item, by its id and label: every attribute, with no classes where it is unknown."""
        return self.by_name.get(split_id(id)[1]) or self.by_label.get(label, NOTHING)

    def can_be_read(self, attribute: str) -> bool:
        """Whether a picture shows an attribute of which nothing is known."""
        return self.has_colours or attribute == "kind"

    def classes(self, attribute: str) -> tuple[str, ...]:
        """The classes that some item is known to have, in the order of the vocabulary."""
        found = frozenset[str]().union(
            *(known[attribute] for of in (self.by_name, self.by_label) for known in of.values())
        )
        return tuple(one for one in WORDS[attribute] if one in found or one in self.found_by.get(attribute, ()))

    def positions(self, items: ItemTable, wanted: Mapping[str, Collection[str]]) -> np.ndarray:
        """The positions, rising, of the items that surely have one of the wanted classes of each attribute.

        Args:
            items: Of the catalogue.
            wanted: attribute -> classes; an item of unknown class is none of them.

        Returns:
            (m,) int64.
        """
        if not self.by_name:
            return items.positions_of([label for label, known in self.by_label.items() if _has(known, wanted)])
        columns = (items.columns[name] for name in ("id", "label"))
        known = (self.of(id, label) for id, label in zip(*columns, strict=True))
        return np.flatnonzero(np.array([_has(one, wanted) for one in known], bool))


def _has(known: Known, wanted: Mapping[str, Collection[str]]) -> bool:
    return all(known[name] and known[name] <= set(classes) for name, classes in wanted.items())


def load_attributes(catalogue: str) -> Attributes:
    """What is known of a catalogue's items, verified; nothing where no file says it.

    Args:
        catalogue: Its id; one that is not registered has nothing.

    Raises:
        ArtifactError: The file is damaged.
    """
    if catalogue in OPENED:
        return Attributes({}, {}, found_by=OPENED[catalogue].looks)
    record, path = CATALOGUES.get(catalogue), attributes_file(catalogue)
    by_label = {label: {**NOTHING, "kind": kinds} for label, kinds in record.kinds.items()} if record else {}
    by_name: Mapping[str, Known] = {}
    if record and is_listed(path):
        with _lock:
            by_name = _looked_at(verified(path), path.stat().st_mtime_ns)
    return Attributes(by_label, by_name, record.has_colours if record else True)


@lru_cache(maxsize=4)
def _looked_at(path: Path, mtime_ns: int) -> dict[str, Known]:
    return {row["image"]: of_row(row) for row in _rows(path, ("image", *ATTRIBUTES))}


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        return read_csv(path.read_bytes(), path.name, columns)
    except DataError as error:
        raise ArtifactError(relative(path), sentence("engine.unreadable", why=error), REPAIR) from None


def sleeves_of(catalogue: str) -> dict[str, str]:
    """The length of sleeves, one of `SLEEVES`, by the names of the items that are known to have (or to lack) them.

    No search reads it, so it is none of `ATTRIBUTES`.

    Raises:
        ArtifactError: The file is damaged.
    """
    path = attributes_file(catalogue)
    if not is_listed(path):
        return {}
    rows = _rows(verified(path), ("image", "kind", "length"))
    return {
        row["image"]: row["length"] for row in rows if row["length"] in SLEEVES and row["kind"] not in _WITHOUT_SLEEVES
    }


def of_row(row: Mapping[str, str]) -> Known:
    """What a row of `clothing-attributes.csv` says; a broad kind leaves open all that it covers."""
    return {name: _classes(name, row[name]) for name in ATTRIBUTES}


@lru_cache(maxsize=256)
def _classes(attribute: str, said: str) -> frozenset[str]:
    """The classes that a cell stands for; thousands of rows share one set."""
    if attribute == "kind" and said in BROADER:
        return BROADER[said]
    return frozenset({said} - _UNKNOWN)


def check_classes(attribute: str, names: Collection[str]) -> frozenset[str]:
    """The same classes, all of which exist.

    Raises:
        UnknownNameError: One of them does not; lists those that do.
    """
    for name in names:
        if name not in WORDS[attribute]:
            raise UnknownNameError(attribute, name, WORDS[attribute])
    return frozenset(names)
