"""What the map in the browser is made of: items by number, classes by code, and one compact body a map.

An item's number counts through the item tables, one catalogue after the other in the order of `CATALOGUES`; it is
the same on every map, so what is chosen on one map can be shown on another.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import ItemTable, split_id
from core.engine.looks.attributes import SLEEVES, load_attributes, sleeves_of
from core.engine.looks.vocabulary import WORDS
from core.engine.search import process
from core.errors import UnknownNameError
from core.maps.files import MAX_MAPS, EmbeddingMap, chart_of


class Kind(NamedTuple):
    """A class of a catalogue; its code is its place in `KINDS`."""

    catalogue: str
    label: str
    title: str

    @property
    def id(self) -> str:
        """Its name in links."""
        return f"{self.catalogue}/{self.label}"


KINDS = tuple(
    Kind(catalogue.id, label, title) for catalogue in CATALOGUES.values() for label, title in catalogue.classes.items()
)
#: What else is known of some items -> the classes of it, by whose places items are told what they are.
LOOKS: dict[str, tuple[str, ...]] = {
    "colour": tuple(WORDS["colour"]),
    "pattern": tuple(WORDS["pattern"]),
    "sleeves": SLEEVES,
}
CODES = {kind.id: code for code, kind in enumerate(KINDS)}
#: The code of the first class of each catalogue, in the order of `CATALOGUES`.
_FIRST_CODES = np.cumsum([0, *(len(catalogue.classes) for catalogue in CATALOGUES.values())])[:-1]


def starts() -> np.ndarray:
    """(c + 1,) int64: the number of the first item of each catalogue, and how many items there are in all."""
    return np.cumsum([0, *(len(process.engine().built(name).items) for name in CATALOGUES)])


def number_of(item_id: str) -> int:
    """The number of an item.

    Raises:
        UnknownNameError: There is no such item.
    """
    catalogue = split_id(item_id)[0]
    position = process.engine().built(catalogue).items.position(item_id)
    return int(starts()[list(CATALOGUES).index(catalogue)]) + position


def numbers_with(part: str) -> np.ndarray:
    """(m,) int64, rising: the numbers of the items that have this in their id; of one alone if it is the whole id."""
    found = [process.engine().built(name).items.positions_with(part) for name in CATALOGUES]
    numbers = np.concatenate([start + positions for start, positions in zip(starts(), found, strict=False)])
    if len(numbers) > 1:
        try:
            return np.array([number_of(part)])
        except UnknownNameError:
            pass
    return numbers


def place_of(number: int) -> tuple[str, int]:
    """The catalogue and the position of an item.

    Raises:
        IndexError: There is no such item.
    """
    first = starts()
    if not 0 <= number < first[-1]:
        raise IndexError(f"item {number} is not in 0..{first[-1] - 1}")
    which = int(np.searchsorted(first, number, "right")) - 1
    return list(CATALOGUES)[which], number - int(first[which])


def numbers_on(chart: EmbeddingMap) -> np.ndarray:
    """(n,) int64, rising: the numbers of a map's items."""
    result: np.ndarray = starts()[chart.catalogue] + chart.position.astype(np.int64)
    return result


def row_on(chart: EmbeddingMap, number: int) -> int | None:
    """The row of an item on a map, None where the map leaves it out."""
    numbers = numbers_on(chart)
    row = int(np.searchsorted(numbers, number))
    return row if row < len(numbers) and numbers[row] == number else None


def codes_of(chart: EmbeddingMap) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) uint8 three times: the codes of a map's items' own, predicted and nearest classes."""
    first = _FIRST_CODES[chart.catalogue]
    labels = [process.engine().built(name).items.codes() for name in CATALOGUES]
    own = np.concatenate(labels)[numbers_on(chart)] + first
    return own.astype(np.uint8), (first + chart.predicted).astype(np.uint8), (first + chart.nearest).astype(np.uint8)


def body(backbone_id: str) -> bytes:
    """A map for the browser: numbers (uint32, n), steps (uint16, n × 2), then own, predicted and nearest codes.

    All little-endian, one array after the other; eleven bytes an item.

    Raises:
        ArtifactError: The map cannot be used.
    """
    chart, _ = chart_of(backbone_id)
    return _body(chart)


@lru_cache(maxsize=MAX_MAPS)
def _body(chart: EmbeddingMap) -> bytes:
    arrays = (numbers_on(chart).astype("<u4"), chart.steps.astype("<u2"), *codes_of(chart))
    return b"".join(array.tobytes() for array in arrays)


def looks(attribute: str) -> np.ndarray:
    """(items,) uint8, by number: the place of each item's class in `LOOKS`; one past the last where it is not known.

    Raises:
        ArtifactError: What is known of a catalogue is damaged.
    """
    return np.concatenate([_looks(attribute, name, process.engine().built(name).items) for name in CATALOGUES])


def _looks(attribute: str, catalogue: str, items: ItemTable) -> np.ndarray:
    places = {name: place for place, name in enumerate(LOOKS[attribute])}
    if attribute == "sleeves":
        known = sleeves_of(catalogue)
    else:
        by_name = load_attributes(catalogue).by_name
        known = {name: one for name, seen in by_name.items() for one in seen[attribute]}
    codes = np.full(len(items), len(places), np.uint8)
    if known:
        ids = items.columns["id"]
        codes[:] = [places.get(known.get(split_id(id)[1], ""), len(places)) for id in ids]
    return codes


def pack(numbers: np.ndarray) -> str:
    """Item numbers as the base64 of one bit an item, the first item in the lowest bit; "" for none."""
    if not len(numbers):
        return ""
    bits = np.zeros(int(starts()[-1]), bool)
    bits[numbers] = True
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


def unpack(text: object) -> np.ndarray:
    """(m,) int64, rising: the numbers that `pack` made a text of; none for anything else."""
    n = int(starts()[-1])
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != -(-n // 8):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.unpackbits(np.frombuffer(content, np.uint8), count=n, bitorder="little"))
