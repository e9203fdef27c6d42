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
from core.engine.catalogues.clothing_source import read_csv
from core.engine.files.manifest import is_listed, verified
from core.engine.files.paths import attributes_file
from core.engine.images.decode import open_image
from core.engine.looks.attributes import Known, load_attributes
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

FASHION_MNIST, CLOTHING, PRODUCTS = "fashion-mnist", "clothing", "products"
SMALL_PRODUCTS, MORE_PRODUCTS = "products-small", "products-more"
_ARCHIVES = {
    PRODUCTS: "fashion-products.zip",
    SMALL_PRODUCTS: "fashion-products-small.zip",
    MORE_PRODUCTS: "fashion-products-more.zip",
}


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
        labels: What it may be, in the vocabulary of the engine's looks; empty where nobody said.
        facts: What its own data set says, in its words, by name: "article", "label", "class" and such.
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
        return PRODUCTS if self.source in _ARCHIVES else self.source


@dataclass
class Pictures:
    """Opens samples' pictures; keeps the archives open, so one instance a thread."""

    folder: Path = field(default_factory=data_dir)

    def __post_init__(self) -> None:
        self._clothing = clothing.require_source()
        self._archives = {name: _archive(self.folder, name) for name in _ARCHIVES}
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
    name = _ARCHIVES[source]
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
    splits, lengths, attributes = clothing.read_splits(), _lengths(), load_attributes(CLOTHING)
    samples = []
    source = clothing.require_source()
    rows = [row for row in source.rows() if source.has(row["image"])]
    for row in sorted(rows, key=lambda row: row["image"]):
        image, label = row["image"], row["label"]
        split = splits[image]
        if split["split"] == "train" and label in CLOTHING_TYPE:
            part = "validation" if split["small_split"] == "validation" else "train"
            facts = {"label": label} | ({"length": lengths[image]} if image in lengths else {})
            seen = attributes.by_name.get(image, {})
            samples.append(Sample(CLOTHING, image, CLOTHING_TYPE[label], part, labels=seen, facts=facts))
    return samples


def _lengths() -> dict[str, str]:
    """Of the clothing photos' sleeves or legs, by looking: the one attribute that no search reads."""
    path = attributes_file(CLOTHING)
    if not is_listed(path):
        return {}
    rows = read_csv(verified(path).read_bytes(), path.name, ("image", "length"))
    return {row["image"]: row["length"] for row in rows}


def fashion_mnist_samples() -> list[Sample]:
    """Fashion-MNIST's 60,000 training images; the last 2,000 are for validation."""
    classes = fashion_mnist.load_source(None)[1][:60_000]
    record = CATALOGUES[FASHION_MNIST]
    names = list(record.classes)
    first_validation = len(classes) - N_VALIDATION_FASHION_MNIST
    return [
        Sample(
            FASHION_MNIST,
            str(position),
            FASHION_MNIST_TYPE[names[label]],
            "validation" if position >= first_validation else "train",
            labels={"kind": record.kinds[names[label]]},
            facts={"class": names[label]},
        )
        for position, label in enumerate(classes)
    ]


def all_samples() -> Iterator[Sample]:
    """Every sample of every source, training and kept-aside parts alike."""
    yield from clothing_samples()
    yield from product_samples(source=PRODUCTS)
    yield from product_samples(source=SMALL_PRODUCTS)
    yield from product_samples(source=MORE_PRODUCTS)
    yield from fashion_mnist_samples()
