"""Pictures with labels, as one backbone sees them: what a classifier is made from."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from core.own.catalogue import OwnCatalogue

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
_COLUMNS = ("ids", "names", "labels", "embeddings", "groups", "parts", "digests")


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled pictures; every array has one entry a picture, in the same order.

    Attributes:
        ids: What a page finds the picture by; differ from each other.
        names: What people call them.
        labels: (n,) str.
        embeddings: (n, dim) float32, rows L2-normalised.
        groups: (n,) str; pictures of one group (a sender, a product) belong in one part. "" is no group.
        parts: (n,) str, one of `PARTS`, or "" where that is still to be decided.
        digests: sha256 of each file, hex; "" where it is not known.
        picture: Opens the picture at a position as RGB, None where the pictures are not at hand.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    labels: np.ndarray
    embeddings: np.ndarray
    groups: np.ndarray
    parts: np.ndarray
    digests: tuple[str, ...]
    picture: Callable[[int], Image.Image] | None = None

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.ids)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, sorted; a class's place here is its number."""
        return tuple(np.unique(self.labels).tolist())

    @cached_property
    def targets(self) -> np.ndarray:
        """(n,) int64 class numbers."""
        return np.searchsorted(np.array(self.classes, str), self.labels).astype(np.int64)

    def at(self, *parts: str) -> np.ndarray:
        """(m,) int64: the positions of these parts, rising."""
        return np.flatnonzero(np.isin(self.parts, parts))

    def counts(self) -> np.ndarray:
        """(classes, parts) int64: how many pictures of each class are in each of `PARTS`."""
        return np.array(
            [[np.sum((self.targets == n) & (self.parts == part)) for part in PARTS] for n in range(len(self.classes))],
            np.int64,
        ).reshape(len(self.classes), len(PARTS))

    def only(self, positions: np.ndarray) -> Examples:
        """These pictures alone, in this order; classes without a picture are gone."""
        columns: dict[str, Any] = {
            name: tuple(column[p] for p in positions) if isinstance(column, tuple) else column[positions]
            for name, column in vars(self).items()
            if name in _COLUMNS
        }
        picture = self.picture
        moved = None if picture is None else lambda position: picture(int(positions[position]))
        return replace(self, **columns, picture=moved)


def make(
    ids: Sequence[str],
    labels: Sequence[str],
    embeddings: np.ndarray,
    *,
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    parts: Sequence[str] | None = None,
    digests: Sequence[str] | None = None,
    picture: Callable[[int], Image.Image] | None = None,
) -> Examples:
    """Make examples from columns of equal length; what is left out is unknown."""
    n = len(ids)
    return Examples(
        ids=tuple(ids),
        names=tuple(names or ids),
        labels=np.array(labels, str),
        embeddings=np.asarray(embeddings, np.float32),
        groups=np.array(groups if groups is not None else [""] * n, str),
        parts=np.array(parts if parts is not None else [""] * n, str),
        digests=tuple(digests or [""] * n),
        picture=picture,
    )


def from_own(catalogue: OwnCatalogue, group_column: str = "", part_column: str = "") -> Examples:
    """The labelled items of a visitor's own catalogue; items without a label are left out.

    Args:
        catalogue: Its thumbnails are the pictures.
        group_column: The metadata column that names the group, "" for none.
        part_column: The metadata column that names the part, "" for none.
    """
    kept = np.array([n for n, item in enumerate(catalogue.items) if item.label], np.int64)
    items = [catalogue.items[n] for n in kept]

    def picture(position: int) -> Image.Image:
        return Image.open(io.BytesIO(items[position].thumbnail)).convert("RGB")

    return make(
        [item.id for item in items],
        [item.label for item in items],
        catalogue.embeddings[kept],
        names=[item.name for item in items],
        groups=[item.metadata.get(group_column, "") for item in items],
        parts=[item.metadata.get(part_column, "") for item in items],
        digests=[item.sha256 for item in items],
        picture=picture if items and all(item.thumbnail for item in items) else None,
    )


def words_of(label: str) -> list[str]:
    """A label as it is said: "T-shirt/top" -> ["t-shirt or top"]."""
    return [" ".join(label.lower().replace("/", " or ").replace("_", " ").split())]
