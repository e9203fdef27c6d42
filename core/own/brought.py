"""Embeddings that a visitor made elsewhere, for the items of a catalogue of one's own: one more backbone of it.

What made them is not known, so nothing new can be embedded: they are searched by an item or by a vector, evaluated
beside other backbones, and mapped.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import DataError
from core.own.ingest.incoming import shown
from core.own.ingest.vectors import Vectors
from core.own.items import OwnItem

#: What they are called where backbones are named.
BROUGHT = "own"


@dataclass(frozen=True, eq=False)
class Brought:
    """Embeddings of items.

    Attributes:
        name: Of the file they came from.
        rows: Item id -> row of `vectors`.
        vectors: (n, dim) float32, rows L2-normalised.
    """

    name: str
    rows: Mapping[str, int] = field(repr=False)
    vectors: np.ndarray = field(repr=False)

    @property
    def dim(self) -> int:
        """Length of each."""
        return int(self.vectors.shape[1])

    def of(self, items: Sequence[OwnItem]) -> np.ndarray:
        """(n, dim) float32, in the order of the items.

        Raises:
            DataError: One of them has none.
        """
        missing = [item for item in items if item.id not in self.rows]
        if missing:
            raise DataError("own.vectors-missing", n=len(missing), id=shown(missing[0].name))
        result: np.ndarray = self.vectors[[self.rows[item.id] for item in items]]
        return result


def fit_to(items: Sequence[OwnItem], vectors: Vectors, name: str) -> Brought:
    """Whose embedding each one is.

    Args:
        items: Of the catalogue.
        vectors: Their ids are ids of items or names of files; those of `python -m core embed`, which begin with the
            folder or the archive, will do. Without ids, they are in the order of the items.
        name: Of the file that they came from.

    Raises:
        DataError: An id is nobody's or several items', or an item has no embedding.
    """
    if vectors.ids is None:
        if len(vectors.vectors) != len(items):
            raise DataError("own.vectors-order", n=len(vectors.vectors), n_items=len(items))
        return Brought(name, {item.id: row for row, item in enumerate(items)}, vectors.vectors)
    named: dict[str, list[str]] = {}
    for item in items:
        named.setdefault(item.name, []).append(item.id)
    known = {item.id: [item.id] for item in items}
    rows: dict[str, int] = {}
    for row, id in enumerate(vectors.ids):
        found = known.get(id) or _named(named, id)
        if not found:
            raise DataError("own.vectors-unknown", id=shown(id))
        if len(found) > 1:
            raise DataError("own.vectors-ambiguous", id=shown(id))
        if found[0] in rows:
            raise DataError("own.vectors-twice", id=shown(id))
        rows[found[0]] = row
    brought = Brought(name, rows, vectors.vectors)
    brought.of(items)
    return brought


def _named(named: Mapping[str, list[str]], id: str) -> list[str]:
    """Ids of the items whose file has this name, or its end."""
    parts = id.split("/")
    return next((found for start in range(len(parts)) if (found := named.get("/".join(parts[start:])))), [])


def to_npz(brought: Brought, items: Sequence[OwnItem]) -> bytes:
    """Their embeddings as .npz: `ids` (n,) str and `vectors` (n, dim) float32; it needs no pickle.

    Raises:
        DataError: One of the items has none.
    """
    with io.BytesIO() as buffer:
        ids = np.array([item.id for item in items], str)
        np.savez(buffer, allow_pickle=False, ids=ids, vectors=brought.of(items))
        return buffer.getvalue()
