"""Batches for the CLIP trainer, drawn from cached features.

In a *mixed* batch there are pictures of all data sets and words for their kinds; it is where a photographed bag
and a 28×28 bag meet. In a *product* batch there are product photos and what was written about them: colour and
kind, the full name, or the colour alone. A *joint* batch is a mixed one whose product photos have both.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.training.data.captions import relation, type_caption
from core.training.data.samples import CLOTHING, FASHION_MNIST, PRODUCTS, SMALL_PRODUCTS
from core.training.data.views import FASHION_MNIST_LIKE, View

#: Share of each data set in a mixed batch.
MIX = {CLOTHING: 0.35, FASHION_MNIST: 0.30, PRODUCTS: 0.20, SMALL_PRODUCTS: 0.15}
#: Views that have lost their colour, so that captions do not fit them.
_GREY = (FASHION_MNIST_LIKE,)
#: Share of each kind of text beside product photos: the full name, colour and kind, the colour alone.
STYLES = {"name": 0.45, "short": 0.40, "colour": 0.15}


@dataclass(frozen=True)
class Pairing:
    """Some of a batch's pictures, texts, and what belongs together.

    Attributes:
        rows: (n,) positions in the batch.
        texts: m texts.
        to_texts: (n, m) int8 relation of pictures to texts: 1 right, 0 wrong, -1 not comparable.
        among: (n, n) int8, the same among pictures: of one kind, or of one colour and kind.
        colours: (n, n) int8 the same, by colour; None where colours are not known.
    """

    rows: np.ndarray
    texts: list[str]
    to_texts: np.ndarray
    among: np.ndarray
    colours: np.ndarray | None = None


@dataclass(frozen=True)
class Batch:
    """Pictures, what is cached of them, and what they are compared with.

    Attributes:
        name: "mixed", "product" or "joint".
        views: n pictures.
        features: (n, ...) their cached features.
        pairings: Each adds its loss.
    """

    name: str
    views: list[View]
    features: np.ndarray
    pairings: list[Pairing]


class Relations:
    """Looks up `captions.relation` for whole batches."""

    def __init__(self, views: Sequence[View]):
        kinds = sorted({view.sample.kind for view in views})
        self._number = {kind: number for number, kind in enumerate(kinds)}
        self._of_set: dict[str, set[str]] = defaultdict(set)
        for view in views:
            self._of_set[view.sample.label_set].add(view.sample.kind)
        tables = [[[relation(a, b, same) for b in kinds] for a in kinds] for same in (False, True)]
        self._tables = np.array(tables, np.int8)

    def images(self, views: Sequence[View]) -> np.ndarray:
        """(n, n) int8 between pictures."""
        sets = np.array([view.sample.label_set for view in views])
        return self._related(views, [view.sample.kind for view in views], sets[:, None] == sets[None])

    def texts(self, views: Sequence[View], kinds: Sequence[str]) -> np.ndarray:
        """(n, m) int8 between pictures and kinds; a data set that has a kind of its own means it."""
        own = np.array([[kind in self._of_set[view.sample.label_set] for kind in kinds] for view in views])
        return self._related(views, kinds, own)

    def _related(self, views: Sequence[View], kinds: Sequence[str], same: np.ndarray) -> np.ndarray:
        rows = np.array([self._number[view.sample.kind] for view in views])
        related: np.ndarray = self._tables[same.astype(int), rows[:, None], [self._number[kind] for kind in kinds]]
        return related


class Batches:
    """Draws batches from the cached features, seeded."""

    def __init__(
        self,
        views: Sequence[View],
        features: np.ndarray,
        batch_size: int,
        seed: int,
        mix: Mapping[str, float] = MIX,
    ):
        self.views, self.features, self.batch_size, self.mix = views, features, batch_size, mix
        self.rng = random.Random(seed)
        self.relations = Relations(views)
        self.of_source: dict[str, list[int]] = {source: [] for source in MIX}
        for position, view in enumerate(views):
            if view.sample.part == "train":
                self.of_source[view.sample.source].append(position)
        self.products = [
            position
            for source in (PRODUCTS, SMALL_PRODUCTS)
            for position in self.of_source[source]
            if views[position].kind not in _GREY
        ]

    def mixed(self) -> Batch:
        """Pictures of all data sets, and words for their kinds."""
        return self._batch("mixed", self._of_all_sources(), self._kinds)

    def product(self) -> Batch:
        """Product photos with captions of their own."""
        return self._batch("product", self.rng.sample(self.products, self.batch_size), self._captions)

    def joint(self) -> Batch:
        """Pictures of all data sets and words for their kinds, and captions for the product photos among them."""
        return self._batch("joint", self._of_all_sources(), self._kinds, self._captions)

    def _batch(self, name: str, positions: list[int], *pair: Callable[[list[View]], Pairing]) -> Batch:
        views = [self.views[position] for position in positions]
        return Batch(name, views, self._gather(positions), [pairing(views) for pairing in pair])

    def _of_all_sources(self) -> list[int]:
        return [
            position
            for source, share in self.mix.items()
            for position in self.rng.sample(self.of_source[source], round(self.batch_size * share))
        ]

    def _kinds(self, views: list[View]) -> Pairing:
        kinds = sorted({view.sample.kind for view in views})
        texts = [type_caption(kind, self.rng) for kind in kinds]
        rows = np.arange(len(views))
        return Pairing(rows, texts, self.relations.texts(views, kinds), self.relations.images(views))

    def _captions(self, views: list[View]) -> Pairing:
        rows = np.array([row for row, view in enumerate(views) if view.sample.captions and view.kind not in _GREY])
        samples = [views[row].sample for row in rows]
        looks, names = (np.array([sample.captions[i] for sample in samples]) for i in (0, 1))
        colours = np.array([sample.colour for sample in samples])
        (style,) = self.rng.choices(list(STYLES), list(STYLES.values()))
        captions = {"name": names, "short": looks, "colour": colours}[style]
        texts = sorted(set(captions.tolist()))
        to_texts = _equal(captions, np.array(texts))
        return Pairing(rows, texts, to_texts, _equal(looks, looks), _equal(colours, colours))

    def _gather(self, positions: Sequence[int]) -> np.ndarray:
        order = np.argsort(positions)  # the memory map is read front to back
        out = np.empty((len(positions), *self.features.shape[1:]), self.features.dtype)
        for row in order:
            out[row] = self.features[positions[row]]
        return out


def _equal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, m) int8: 1 where two words are the same."""
    return (a[:, None] == b[None]).astype(np.int8)
