"""What a compare gallery is made of: which pictures, in which parts, and where the parts are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.compare.gallery import built_folder, choose_items, items_path, stored_positions
from core.engine.backbones import Backbone
from core.engine.catalogues import CATALOGUES, clothing
from core.engine.catalogues.items import ItemTable
from core.engine.catalogues.photos import grey_pictures
from core.engine.embedders.weights import weights_sha256
from core.engine.files.folder import sha256_of, written
from core.engine.files.manifest import register, verified
from core.engine.files.paths import items_file
from core.engine.images.decode import open_image

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
            DataError: The clothing dataset is not here.
        """
        everything = [(catalogue, int(p)) for catalogue in self.positions for p in self.positions[catalogue]]
        with clothing.require_source() as source:
            for catalogue, position in (everything[number] for number in numbers):
                if catalogue == "fashion-mnist":
                    yield grey_pictures().get(position).convert("RGB")
                else:
                    name = self.tables[catalogue].row(position).id.partition("/")[2]
                    yield open_image(source.read(name), name)


def make_plan(record: Backbone) -> GalleryPlan:
    """What to embed with a backbone.

    Raises:
        ArtifactError: The item tables are missing or damaged.
    """
    tables = {catalogue: ItemTable.load(verified(items_file(catalogue))) for catalogue in CATALOGUES}
    _write_items(tables)
    facts = asdict(record) | {"part": PART, "items": sha256_of(items_path()), "weights": weights_sha256(record)}
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
    positions = {catalogue: stored_positions(catalogue) for catalogue in CATALOGUES}
    folder = built_folder(record.id)
    return GalleryPlan(record, tables, positions, folder.with_name(f"{folder.name}{PARTS}{key}"))


def _write_items(tables: dict[str, ItemTable]) -> None:
    """Decide which items take part, unless that is decided already."""
    if items_path().is_file():
        return
    chosen = {catalogue: choose_items(catalogue, items) for catalogue, items in tables.items()}
    with written(items_path()) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **chosen)
    register([items_path()])
