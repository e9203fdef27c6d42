"""The item table of a catalogue: row number = position in the catalogue's embeddings and index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.catalogues import get
from core.engine.files.folder import MALFORMED, read_json, write_json
from core.engine.files.manifest import REPAIR, verified
from core.engine.files.paths import items_file
from core.errors import ArtifactError, DataError, UnknownNameError, VitrineError, sentence

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd  # type: ignore[import-untyped]

REQUIRED = ("id", "label", "split")
#: Columns that a catalogue may leave out, and what stands there then.
OPTIONAL: dict[str, Any] = {"sender": "", "kids": None, "thumbhash": b"", "width": 0, "height": 0}
TEXTS = {*REQUIRED, "catalogue", "sender"}
BYTES = {"thumbhash"}
SPLITS = ("train", "test")
_SCHEMA = 1


class UnknownItemError(UnknownNameError):
    """An id that no item of a catalogue has; unlike its parent it lists no others, they are too many."""

    def __init__(self, name: str):
        """Make the sentence; of a long id only the start is shown."""
        VitrineError.__init__(self, "engine.no-item", id=name if len(name) <= 60 else name[:57] + "…")
        self.name = name
        self.known = []


def split_id(id: str) -> tuple[str, str]:
    """The catalogue that the id of an item or of a class names, and the name of that item or class in it."""
    catalogue, _, name = id.partition("/")
    return catalogue, name


@dataclass(frozen=True)
class Item:
    """One item, as a card shows it: `title` is its name, or its label in plain words."""

    id: str
    catalogue: str
    label: str
    title: str


@dataclass(frozen=True, eq=False)
class ItemTable:
    """All items of one catalogue, in the order of its index.

    Attributes:
        columns: Lists of as many values as there are items: id (str, unique), catalogue, label and split (str), sender
            (str, "" where unknown), kids (bool, None where unknown), thumbhash (bytes, b"" where there is none), width
            and height (int, pixels), then any column that only this catalogue has (str). Shared between visitors: do
            not change them.
        classes: All labels that an item of the catalogue may have, in their order.
    """

    columns: Mapping[str, Sequence[Any]]
    classes: tuple[str, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same for pandas: catalogue, label and split categorical, width and height int16. Do not change it.

        No search needs it: pandas takes a fifth of a second to import, and with all items 80 MB of memory.
        """
        import pandas as pd

        frame = pd.DataFrame(self.columns)
        frame = frame.astype({"id": "str", "sender": "str", "kids": "boolean", "width": "int16", "height": "int16"})
        for name in ("catalogue", "label", "split"):
            frame[name] = pd.Categorical.from_codes(self.codes(name), self._known(name))
        return frame

    @classmethod
    def from_columns(
        cls, catalogue: str, classes: Collection[str] | None = None, **columns: Sequence[Any]
    ) -> ItemTable:
        """Make a table from columns of equal length; id, label and split are required.

        Args:
            catalogue: Its id.
            classes: The labels of a catalogue that is not registered; its items need a column `title`.
            **columns: The values.

        Raises:
            UnknownNameError: No catalogue has this id.
            DataError: A required column is missing, an id comes twice, or a label or split is not one
                of the catalogue's.
        """
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise DataError("engine.no-column", catalogue=catalogue, column=missing[0])
        n = len(columns["id"])
        filled = {name: columns.pop(name, [default] * n) for name, default in OPTIONAL.items()}
        head = {name: columns.pop(name) for name in REQUIRED}
        raw = {"id": head.pop("id"), "catalogue": [catalogue] * n} | head | filled | columns
        typed = {name: list(map(str, values)) if name in TEXTS else list(values) for name, values in raw.items()}
        known = get(catalogue).classes if classes is None else classes
        return cls(_checked(typed, catalogue, known), tuple(known))

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.columns["id"])

    @property
    def catalogue(self) -> str:
        """The id of their catalogue, "" where there are none."""
        return next(iter(self.columns["catalogue"]), "")

    def row(self, position: int) -> Item:
        """Return the item at a position.

        Raises:
            IndexError: The position is negative or not below the number of items.
        """
        if not 0 <= position < len(self):
            raise IndexError(f"position {position} is not in 0..{len(self) - 1}")
        id, catalogue, label = (self.columns[name][position] for name in ("id", "catalogue", "label"))
        title = self.columns["title"][position] if "title" in self.columns else get(catalogue).classes[label]
        return Item(id, catalogue, label, title)

    def placeholder(self, position: int) -> tuple[bytes, int, int]:
        """Return the ThumbHash of an item's picture, b"" where there is none, and its width and height in pixels."""
        thumbhash, width, height = (self.columns[name][position] for name in ("thumbhash", "width", "height"))
        return thumbhash, int(width), int(height)

    def codes(self, column: str = "label") -> np.ndarray:
        """Return (n,) int32: the places of the items' labels among `classes`, or of their splits among `SPLITS`."""
        import numpy as np

        places = {name: place for place, name in enumerate(self._known(column))}
        return np.fromiter((places[name] for name in self.columns[column]), np.int32, len(self))

    def _known(self, column: str) -> tuple[str, ...]:
        return self.classes if column == "label" else SPLITS if column == "split" else tuple(set(self.columns[column]))

    def position(self, id: str) -> int:
        """Return the position of the item with this id.

        Raises:
            UnknownItemError: No item has it.
        """
        try:
            return self._positions[id]
        except KeyError:
            raise UnknownItemError(id) from None

    def positions_with(self, part: str) -> np.ndarray:
        """Return the positions, rising, of all items with this in their id, in whatever letters, as (m,) int64."""
        import numpy as np

        wanted = part.lower()
        return np.array([n for id, n in self._positions.items() if wanted in id.lower()], np.int64)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {id: position for position, id in enumerate(self.columns["id"])}

    def positions_of(self, labels: Collection[str]) -> np.ndarray:
        """Return the positions, rising, of all items with one of these labels, as (m,) int64."""
        import numpy as np

        return np.array([n for n, label in enumerate(self.columns["label"]) if label in labels], np.int64)

    def take(self, positions: np.ndarray) -> ItemTable:
        """Return a table of the items at some positions, in their order."""
        rows = positions.tolist()
        return ItemTable({name: [of[row] for row in rows] for name, of in self.columns.items()}, self.classes)

    def content_hash(self) -> str:
        """Return a sha256 (hex) over ids and labels in order; the same on every machine and version."""
        columns = [self.columns[name] for name in ("id", "label")]
        return hashlib.sha256(json.dumps(columns, separators=(",", ":")).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write the table as JSON, column by column, in place of what was there only once it is whole.

        A column is its values, or, where few values come often, {"values", "codes"}; bytes are written in hexadecimal.
        Parquet would be smaller, but to read it takes a library of 30 MB, which no search needs for anything else.
        """
        columns = {name: _written(name, values) for name, values in self.columns.items()}
        write_json(path, {"schema": _SCHEMA, "columns": columns}, indent=None)

    @classmethod
    def load(cls, path: Path) -> ItemTable:
        """Read a table that `save` wrote.

        Raises:
            ArtifactError: The file is missing, is no JSON, or is not a table of items.
        """
        name = f"{path.parent.name}/{path.name}"
        content = read_json(path, name, _SCHEMA, partial(ArtifactError, repair=REPAIR))
        try:
            columns = {column: _read(column, values) for column, values in content["columns"].items()}
            names = set(columns["catalogue"])
            if len(names) != 1:
                raise DataError("engine.several-catalogues", n=len(names))
            catalogue = str(names.pop())
            return cls(_checked(columns, catalogue, get(catalogue).classes), tuple(get(catalogue).classes))
        except (*MALFORMED, VitrineError) as error:
            raise ArtifactError(name, sentence("engine.unreadable", why=type(error).__name__), REPAIR) from error


def load_items(catalogue: str) -> ItemTable:
    """A catalogue's item table, verified; one for all backbones, since it is large and never changed.

    Raises:
        ArtifactError: It is missing or damaged.
    """
    path = verified(items_file(catalogue))
    return _items(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _items(path: Path, mtime_ns: int) -> ItemTable:
    return ItemTable.load(path)


def _written(name: str, values: Sequence[Any]) -> list[Any] | dict[str, list[Any]]:
    """A column as JSON."""
    plain = [value.hex() for value in values] if name in BYTES else list(values)
    different = list(dict.fromkeys(plain))
    if 2 * len(different) > len(plain):
        return plain
    places = {value: place for place, value in enumerate(different)}
    return {"values": different, "codes": [places[value] for value in plain]}


def _read(name: str, column: list[Any] | dict[str, list[Any]]) -> list[Any]:
    """What `_written` wrote; equal values are one object."""
    values = column["values"] if isinstance(column, dict) else column
    if name in BYTES:
        values = [bytes.fromhex(value) for value in values]
    return [values[code] for code in column["codes"]] if isinstance(column, dict) else values


def _checked(columns: dict[str, list[Any]], catalogue: str, classes: Collection[str]) -> dict[str, list[Any]]:
    """The same columns, if ids, labels and splits are what positions rest on."""
    for name, known in (("label", classes), ("split", SPLITS)):
        unknown = set(columns[name]) - set(known)
        if unknown:
            raise DataError("engine.unknown-value", catalogue=catalogue, column=name, value=min(unknown))
    if len(set(columns["id"])) < len(columns["id"]):
        raise DataError("engine.id-twice", catalogue=catalogue)
    missing = OPTIONAL.keys() - columns.keys()
    if missing:
        raise DataError("engine.no-column", catalogue=catalogue, column=min(missing))
    uneven = [name for name, values in columns.items() if len(values) != len(columns["id"])]
    if uneven:
        raise ValueError(f"columns of another length than the ids: {', '.join(uneven)}")
    return columns
