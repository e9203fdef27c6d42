"""The training pictures of three data sets, as one list of samples, and what is kept aside from them.

Never trained on, whatever the options: the clothing photos with `split=test`, Fashion-MNIST's test images,
and 1,000 product photos drawn with `HELD_OUT_SEED`. For choosing (not for reporting) there are three
validation parts: the clothing photos of `small_split=validation`, 2,000 Fashion-MNIST training images, and
500 further product photos.
"""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from core.config import data_dir
from core.engine.catalogues import CATALOGUES, clothing, fashion_mnist
from core.engine.images.decode import open_image
from core.engine.looks.attributes import Known
from core.errors import DataError
from core.training.data.captions import (
    CLOTHING_TYPE,
    FASHION_MNIST_TYPE,
    PRODUCT_TYPE,
    colour_of,
    product_captions,
)
from core.training.data.labels import of_product

HELD_OUT_SEED = 20240229
N_HELD_OUT = 1000
N_VALIDATION_PRODUCTS = 500
N_VALIDATION_FASHION_MNIST = 2000

FASHION_MNIST, CLOTHING, PRODUCTS, SMALL_PRODUCTS = "fashion-mnist", "clothing", "products", "products-small"


@dataclass(frozen=True)
class Sample:
    """One picture to learn from.

    Attributes:
        source: The data set it comes from.
        key: The picture's name or position within that data set.
        kind: What it shows, in the vocabulary of `captions`.
        captions: (colour and kind, full name) for products, () elsewhere.
        colour: Base colour in lower case, "" where unknown.
        part: "train", "validation" or, for products only, "test".
        labels: Of products, what they may be, in the vocabulary of the engine's looks; see `labels.of_product`.
        facts: Of products, what their own data set says, in its words: "article", "shade" and "gender".
    """

    source: str
    key: str
    kind: str
    part: str
    captions: tuple[str, ...] = ()
    colour: str = ""
    labels: Known = field(default_factory=dict, hash=False)
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def label_set(self) -> str:
        """The data set whose labels it has: small products have those of the larger photos, from the same seller."""
        return PRODUCTS if self.source == SMALL_PRODUCTS else self.source


@dataclass
class Pictures:
    """Opens samples' pictures; keeps the archives open, so one instance a thread."""

    folder: Path = field(default_factory=data_dir)

    def __post_init__(self) -> None:
        self._clothing = clothing.require_source()
        self._archives = {name: _archive(self.folder, name) for name in (PRODUCTS, SMALL_PRODUCTS)}
        self._fashion_mnist = fashion_mnist.load_source(None)[0]

    def open(self, sample: Sample) -> Image.Image:
        """One sample's picture as RGB.

        Raises:
            ImageError: The file is not a picture.
        """
        if sample.source == FASHION_MNIST:
            return Image.fromarray(self._fashion_mnist[int(sample.key)]).convert("RGB")
        if sample.source == CLOTHING:
            return open_image(self._clothing.read(sample.key), sample.key)
        suffix = "jpg" if sample.source == PRODUCTS else "webp"
        name = f"images/{sample.key}.{suffix}"
        return open_image(self._archives[sample.source].read(name), name)


def _archive(folder: Path, source: str) -> zipfile.ZipFile:
    name = {PRODUCTS: "fashion-products.zip", SMALL_PRODUCTS: "fashion-products-small.zip"}[source]
    if not (folder / name).is_file():
        raise DataError("training.no-archive", file=name, folder=folder)
    return zipfile.ZipFile(folder / name)


def _styles(folder: Path, source: str) -> list[dict[str, str]]:
    with _archive(folder, source) as archive, archive.open("styles.csv") as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8")))


def product_samples(folder: Path | None = None, source: str = PRODUCTS) -> list[Sample]:
    """All product photos of one archive, sorted by id, with their part."""
    rows = sorted(_styles(folder or data_dir(), source), key=lambda row: int(row["id"]))
    parts = ["train"] * len(rows)
    if source == PRODUCTS:
        order = list(range(len(rows)))
        random.Random(HELD_OUT_SEED).shuffle(order)
        for position in order[:N_HELD_OUT]:
            parts[position] = "test"
        for position in order[N_HELD_OUT : N_HELD_OUT + N_VALIDATION_PRODUCTS]:
            parts[position] = "validation"
    return [
        Sample(
            source,
            row["id"],
            PRODUCT_TYPE.get(row["articleType"], row["articleType"]),
            part,
            product_captions(row),
            colour_of(row),
            of_product(row),
            {"article": row["articleType"], "shade": row["baseColour"], "gender": row["gender"]},
        )
        for row, part in zip(rows, parts, strict=True)
    ]


def clothing_samples() -> list[Sample]:
    """The clothing photos whose `split` is train and whose label says what they show, sorted by id."""
    splits = clothing.read_splits()
    samples = []
    source = clothing.require_source()
    rows = [row for row in source.rows() if source.has(row["image"])]
    for row in sorted(rows, key=lambda row: row["image"]):
        split = splits[row["image"]]
        if split["split"] == "train" and row["label"] in CLOTHING_TYPE:
            part = "validation" if split["small_split"] == "validation" else "train"
            samples.append(Sample(CLOTHING, row["image"], CLOTHING_TYPE[row["label"]], part))
    return samples


def fashion_mnist_samples() -> list[Sample]:
    """Fashion-MNIST's 60,000 training images; the last 2,000 are for validation."""
    labels = fashion_mnist.load_source(None)[1][:60_000]
    names = list(CATALOGUES[FASHION_MNIST].classes)
    first_validation = len(labels) - N_VALIDATION_FASHION_MNIST
    return [
        Sample(
            FASHION_MNIST,
            str(position),
            FASHION_MNIST_TYPE[names[label]],
            "validation" if position >= first_validation else "train",
        )
        for position, label in enumerate(labels)
    ]


def all_samples() -> Iterator[Sample]:
    """Every sample of every source, training and kept-aside parts alike."""
    yield from clothing_samples()
    yield from product_samples(source=PRODUCTS)
    yield from product_samples(source=SMALL_PRODUCTS)
    yield from fashion_mnist_samples()
