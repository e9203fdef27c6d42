"""What the model was not trained on, as queries: the validation parts for fitting, the test parts for measuring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from core.engine.catalogues import get, photos
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.base import Embedder
from core.engine.search.calibration import PHOTO, TEXT, GarmentTest
from core.training.data.captions import CLOTHING_TYPE, FASHION_MNIST_TYPE, TYPES
from core.training.data.samples import (
    CLOTHING,
    FASHION_MNIST,
    N_VALIDATION_FASHION_MNIST,
    PRODUCTS,
    Pictures,
    clothing_samples,
    product_samples,
)
from core.training.garment.fit import fit_garment_test

#: What the labels of the catalogues that the model learned from are in the vocabulary of `captions`.
_KINDS = {CLOTHING: CLOTHING_TYPE, FASHION_MNIST: FASHION_MNIST_TYPE}
N_SAME_ITEM = 200
_FEW = 3000


@dataclass(frozen=True)
class Known:
    """Embeddings with what is known of them; one value or row each.

    Attributes:
        source: The data set whose labels the kinds are.
        embeddings: (n, dim) float32, rows L2-normalised.
        kinds: (n,) str, in the vocabulary of `captions`; "" where the label names none.
        ids: (n,) str.
        senders: (n,) str, "" where unknown.
        parts: (n,) str: "train", "validation" or "test".
    """

    source: str
    embeddings: np.ndarray
    kinds: np.ndarray
    ids: np.ndarray
    senders: np.ndarray
    parts: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        """All but the source."""
        return self.embeddings, self.kinds, self.ids, self.senders, self.parts

    def only(self, rows: np.ndarray) -> Known:
        """Some of the rows, by number or mask."""
        return Known(self.source, *(column[rows] for column in self.columns))

    def part(self, name: str) -> Known:
        """The rows of one part whose kind is known."""
        return self.only((self.parts == name) & (self.kinds != ""))


def of_catalogue(catalogue: str, items: ItemTable, embeddings: np.ndarray) -> Known:
    """A catalogue as it is stored; what of its training items the model was not trained on is validation.

    These are Fashion-MNIST's last training images, the clothing photos with `small_split=validation`, and all training
    items of other catalogues, whose kinds are what their classes are called.
    """
    frame = items.frame
    ids, labels, senders, parts = (
        frame[name].astype(str).to_numpy().astype(str) for name in ("id", "label", "sender", "split")
    )
    held = parts == "train"
    if catalogue == CLOTHING:
        held &= (frame["small_split"] == "validation").to_numpy()
    elif catalogue == FASHION_MNIST:
        held[np.flatnonzero(held)[:-N_VALIDATION_FASHION_MNIST]] = False
    parts = np.where(held, "validation", parts).astype(str)
    kinds_of = _kinds_of(catalogue)
    kinds = np.array([kinds_of.get(label, "") for label in labels])
    return Known(catalogue, embeddings, kinds, ids, senders, parts)


def _kinds_of(catalogue: str) -> Mapping[str, str]:
    """Label -> kind; where the vocabulary has no such kind, the label stands for itself."""
    record = get(catalogue)
    named = {label: words.lower() for label, words in record.classes.items() if label not in record.no_garment}
    return _KINDS.get(catalogue) or {label: kind if kind in TYPES else label for label, kind in named.items()}


def queries(embedder: Embedder, galleries: dict[str, Known], part: str) -> dict[str, Known]:
    """Queries of every kind: a catalogue's own items, photos from elsewhere, and words.

    Photos from elsewhere are product photos and the photos that somebody took at home. Of a catalogue's own items, the
    first 3,000 of the part are enough.
    """
    found = {catalogue: gallery.part(part) for catalogue, gallery in galleries.items()}
    found = {name: known.only(np.arange(min(_FEW, len(known.kinds)))) for name, known in found.items()}
    shop, home = products(embedder, part)[0], found[CLOTHING]
    found[PHOTO] = Known(PHOTO, *map(np.concatenate, zip(shop.columns, home.columns, strict=True)))
    if embedder.record.has_text:
        found[TEXT] = words(embedder, part)
    return found


def products(embedder: Embedder, part: str) -> tuple[Known, np.ndarray]:
    """The product photos of a part, and their colours."""
    samples = [sample for sample in product_samples() if sample.part == part]
    pictures = Pictures()
    embeddings = embedder.embed_images(pictures.open(sample) for sample in samples)
    colours = np.array([sample.colour for sample in samples])
    return _labelled(PRODUCTS, embeddings, [sample.kind for sample in samples], part), colours


def words(embedder: Embedder, part: str) -> Known:
    """What may be typed: products' captions (colour and kind, full name), and for fitting also the names of kinds."""
    samples = [sample for sample in product_samples() if sample.part == part]
    texts = [(caption, sample.kind) for sample in samples for caption in sample.captions]
    if part != "test":
        texts += 3 * [(name, kind) for kind, (_, names) in TYPES.items() for name in names]
    embeddings = embedder.embed_texts([text for text, _ in texts])
    return _labelled(TEXT, embeddings, [kind for _, kind in texts], part)


def _labelled(source: str, embeddings: np.ndarray, kinds: list[str], part: str) -> Known:
    ids = np.array([f"{source}/{i}" for i in range(len(kinds))])
    return Known(source, embeddings, np.array(kinds), ids, np.full(len(ids), ""), np.full(len(ids), part))


def pairs(embedder: Embedder, held: Known, gallery: Known) -> dict[str, list[float]]:
    """Similarities at 0, 5 … 100 % of random pairs, of pairs of one kind, and of two pictures of one item.

    Two pictures of one item are a validation picture and its middle, mirrored.
    """
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, len(held.kinds), 100_000), rng.integers(0, len(gallery.kinds), 100_000)
    similarities = np.einsum("ij,ij->i", held.embeddings[left], gallery.embeddings[right])
    other = held.ids[left] != gallery.ids[right]
    same = other & (held.kinds[left] == gallery.kinds[right])
    few = held.only(np.sort(rng.permutation(len(held.kinds))[:N_SAME_ITEM]))
    again = embedder.embed_images(_another_view(photos.picture(id)) for id in few.ids.tolist())
    found = {
        "random": similarities[other],
        "same_kind": similarities[same],
        "same_item": np.einsum("ij,ij->i", few.embeddings, again),
    }
    return {
        name: np.quantile(values, np.linspace(0, 1, 21)).round(4).astype(float).tolist()
        for name, values in found.items()
    }


def _another_view(image: Image.Image) -> Image.Image:
    width, height = image.size
    middle = (round(0.07 * width), round(0.07 * height), round(0.93 * width), round(0.93 * height))
    return ImageOps.mirror(image.crop(middle))


def garment_test(embedder: Embedder, galleries: dict[str, Known]) -> GarmentTest:
    """The test of what is no fashion item, fitted on training pictures, its threshold on validation pictures."""
    rng = np.random.default_rng(0)
    shop = [sample for sample in product_samples() if sample.part == "train"]
    shop = [shop[i] for i in np.sort(rng.permutation(len(shop))[: _FEW // 2])]
    home = [sample for sample in clothing_samples() if sample.part == "train"]
    pictures = Pictures()
    train = [gallery.part("train").embeddings for gallery in galleries.values()]
    some = [rows[np.sort(rng.permutation(len(rows))[:_FEW])] for rows in train]
    shown = np.concatenate([*some, embedder.embed_images(pictures.open(sample) for sample in shop)])
    validation = [gallery.part("validation").embeddings for gallery in galleries.values()]
    validation.append(products(embedder, "validation")[0].embeddings)
    return fit_garment_test(embedder, shown, validation, (pictures, home + shop))
