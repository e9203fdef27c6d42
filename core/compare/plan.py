"""What a compare gallery is made of: which pictures, in which parts, and where the parts are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from core.compare.gallery import built_folder, choose_items, items_path, stored_positions
from core.engine.backbones import Backbone
from core.engine.catalogues import CATALOGUES, photos
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.embedders.weights import weights_sha256
from core.engine.files.arrays import load_arrays
from core.engine.files.folder import sha256_of, written
from core.engine.files.manifest import refusal, register, verified

PART = 32  # pictures; what a stop loses at most
#: Between the name of a gallery's folder and the key of its parts.
PARTS = ".parts-"


@dataclass(frozen=True)
class GalleryPlan:
    """What is to be embedded, catalogue after catalogue, and where the parts are kept.

    Attributes:
        record: Of the backbone.
        tables: Catalogue -> its whole table.
        positions: Catalogue -> (n,) int32, which of its items take part.
        folder: Of the parts; another one for another choice, preparation or weights.
    """

    record: Backbone
    tables: dict[str, ItemTable]
    positions: dict[str, np.ndarray]
    folder: Path

    @property
    def n_images(self) -> int:
        """Pictures of all catalogues."""
        return sum(map(len, self.positions.values()))

    def parts(self) -> list[range]:
        """Numbers of pictures, counted through all catalogues."""
        return [range(start, min(start + PART, self.n_images)) for start in range(0, self.n_images, PART)]

    def part_file(self, part: range) -> Path:
        """Where the embeddings of a part are kept, (len(part), dim) float16."""
        return self.folder / f"{part.start:06}.npy"

    def pictures(self, numbers: range) -> Iterator[Image.Image]:
        """The pictures of some numbers.

        Raises:
            DataError: The data set of one of them is not here.
        """
        everything = [(catalogue, int(p)) for catalogue in self.positions for p in self.positions[catalogue]]
        for catalogue, position in (everything[number] for number in numbers):
            yield photos.picture(self.tables[catalogue].row(position).id)


def make_plan(record: Backbone) -> GalleryPlan:
    """What to embed with a backbone.

    Raises:
        ArtifactError: The item tables are missing or damaged.
        DataError: The data set of one of them is not here, which is better said before the first picture is embedded.
    """
    tables = {catalogue: load_items(catalogue) for catalogue in CATALOGUES}
    _write_items(tables)
    facts = asdict(record) | {"part": PART, "items": sha256_of(items_path()), "weights": weights_sha256(record)}
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
    positions = {catalogue: stored_positions(catalogue) for catalogue in CATALOGUES}
    folder = built_folder(record.id)
    plan = GalleryPlan(record, tables, positions, folder.with_name(f"{folder.name}{PARTS}{key}"))
    starts = np.cumsum([0, *map(len, positions.values())]).tolist()
    for first, end in pairwise(starts):
        next(plan.pictures(range(first, end)), None)
    return plan


def _write_items(tables: dict[str, ItemTable]) -> None:
    """Decide which items take part, of every catalogue for which that is not decided already."""
    chosen = {}
    if items_path().is_file():
        chosen = load_arrays(verified(items_path()), partial(refusal, items_path()))
    if chosen.keys() >= tables.keys():
        return
    chosen = {catalogue: choose_items(catalogue, items) for catalogue, items in tables.items()} | chosen
    with written(items_path()) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **chosen)
    register([items_path()])
