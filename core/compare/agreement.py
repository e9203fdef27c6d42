"""How far backbones agree on what looks alike: between two lists of hits, and over the whole compare gallery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np

from core.compare.gallery import compare_engine
from core.engine.backbones import get
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import Item
from core.engine.index.hnsw import ExactIndex
from core.engine.looks.attributes import load_attributes
from core.engine.search.engine import Hit, SearchEngine

#: What something may be: several kinds where its label leaves that open. Two things are alike if one kind fits both.
Kinds = frozenset[str]
#: Items among which the greatest disagreements are looked for: enough to find striking ones, done in a second.
N_SAMPLE = 240


@dataclass(frozen=True)
class Pair:
    """How far two backbones agree.

    Attributes:
        first: One backbone's id.
        second: The other's.
        overlap: Share of their hits that are the same items, in [0, 1].
        kinds: Share of their hits that are of the same kinds, in [0, 1]; never below `overlap`.
    """

    first: str
    second: str
    overlap: float
    kinds: float


@dataclass(frozen=True)
class Dispute:
    """An item whose neighbours depend on who is asked.

    Attributes:
        item: Which one; in the compare gallery, its catalogue and position there.
        overlap: Mean share of common neighbours over all pairs of backbones, in [0, 1].
        kinds: The same of the kinds of the neighbours.
        distance: How far apart they are beyond that, in [0, 1]: mean share of the gallery that one of a pair finds
            closer than what the other finds closest.
        neighbours: Backbone id -> its k nearest others, closest first, named as `item` is.
    """

    item: Any
    overlap: float
    kinds: float
    distance: float
    neighbours: dict[str, list[Any]]


def shared(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Share of two lists' entries that they have in common, counting repeated ones, in [0, 1]: overlap@k.

    The longer list's length is the whole; two empty lists agree.
    """
    longer = max(len(first), len(second))
    return (Counter(first) & Counter(second)).total() / longer if longer else 1.0


def alike(first: Sequence[Kinds], second: Sequence[Kinds]) -> float:
    """The same where entries are alike that may be of one kind: the most pairs that can be made of alike ones.

    "Coat" and "Coat or jacket" are alike, though their labels differ.
    """
    taken: dict[int, int] = {}  # of the second list -> of the first

    def place(one: int, tried: set[int]) -> bool:
        for other, kinds in enumerate(second):
            if other not in tried and first[one] & kinds:
                tried.add(other)
                if other not in taken or place(taken[other], tried):
                    taken[other] = one
                    return True
        return False

    n = sum(place(one, set()) for one in range(len(first)))
    longer = max(len(first), len(second))
    return n / longer if longer else 1.0


def pairs(hits: Mapping[str, Sequence[tuple[Hashable, Kinds]]], k: int) -> list[Pair]:
    """Compare every two backbones' answers to one query.

    Args:
        hits: Backbone id -> (item id, kinds) of its hits, closest first.
        k: How many hits count.

    Returns:
        One pair for every two backbones, in the order of `hits`.
    """
    found = []
    for (first, ours), (second, theirs) in combinations(hits.items(), 2):
        sides = ours[:k], theirs[:k]
        ids, kinds = ([hit[0] for hit in side] for side in sides), ([hit[1] for hit in side] for side in sides)
        found.append(Pair(first, second, shared(*ids), alike(*kinds)))
    return found


def kinds_of(item: Item | Hit) -> Kinds:
    """The kinds that an item may be of; its title stands for them where nothing is known.

    Raises:
        ArtifactError: What is known of the catalogue's items is damaged.
    """
    return load_attributes(item.catalogue).of(item.id, item.label)["kind"] or frozenset({item.title})


def furthest(compared: Sequence[Pair]) -> Pair:
    """The two that agree least: on items, then on kinds, then the first ones."""
    return min(compared, key=lambda pair: (pair.overlap, pair.kinds))


def disagreements(
    galleries: Mapping[str, ExactIndex],
    items: Sequence[tuple[Hashable, Kinds]],
    k: int = 5,
    n_sample: int = N_SAMPLE,
    seed: int = 0,
) -> list[Dispute]:
    """Find items on which backbones disagree most, among a seeded sample of a gallery that all of them share.

    Args:
        galleries: Backbone id -> its embeddings of the same n items in the same order; at least two.
        items: What each of the n items is called, and what it may be.
        k: Neighbours that count.
        n_sample: Items that are looked at.
        seed: Of the sample.

    Returns:
        All items of the sample, the least agreement first: of items, of kinds, then the greatest distance.

    Raises:
        ValueError: The galleries differ in their number of items, or there are fewer than two.
    """
    sizes = {gallery.n_items for gallery in galleries.values()} | {len(items)}
    if len(sizes) != 1 or len(galleries) < 2:
        raise ValueError("at least two galleries of the same items are needed")
    n = sizes.pop()
    sample = np.sort(np.random.default_rng(seed).choice(n, min(n_sample, n), replace=False))
    ranked = {id: _ranks(gallery, sample) for id, gallery in galleries.items()}
    found = []
    for row, position in enumerate(sample.tolist()):
        near = {id: _nearest(ranks[row], position, k) for id, ranks in ranked.items()}
        compared = pairs({id: [items[p] for p in places] for id, places in near.items()}, k)
        overlap, kinds = (float(np.mean([getattr(pair, name) for pair in compared])) for name in ("overlap", "kinds"))
        apart = [ranked[a][row][near[b]].mean() / n for a, b in permutations(near, 2)]
        names = {id: [items[p][0] for p in places] for id, places in near.items()}
        found.append(Dispute(items[position][0], overlap, kinds, float(np.mean(apart)), names))
    return sorted(found, key=lambda one: (one.overlap, one.kinds, -one.distance))


def _ranks(gallery: ExactIndex, sample: np.ndarray) -> np.ndarray:
    """(sample, n) int32: the place of every item in the answer to each of the sample, 0 the closest."""
    queries = gallery.embeddings[sample].astype(np.float32)
    found, _ = gallery.search(queries / np.linalg.norm(queries, axis=1, keepdims=True), gallery.n_items)
    ranks = np.empty(found.shape, np.int32)
    np.put_along_axis(ranks, found, np.arange(found.shape[1], dtype=np.int32)[None], axis=1)
    return ranks


def _nearest(ranks: np.ndarray, position: int, k: int) -> list[int]:
    """Its k nearest others; an item need not be its own nearest where there are duplicates."""
    first = np.argpartition(ranks, min(k, len(ranks) - 1))[: k + 1]
    nearest = first[np.argsort(ranks[first])]
    return nearest[nearest != position][:k].tolist()


def disputes(backbone_ids: Collection[str], n: int, k: int = 5, seed: int = 0) -> list[Dispute]:
    """The items of a seeded sample of the compare gallery on which backbones disagree most; a second or so.

    Args:
        backbone_ids: At least two, all with a gallery.
        n: How many items.
        k: Neighbours that count.
        seed: Of the sample.

    Raises:
        VitrineError: A gallery is missing or damaged.
    """
    engines = {id: compare_engine(get(id).id) for id in backbone_ids}
    parts = {id: [engine.built(catalogue).exact for catalogue in CATALOGUES] for id, engine in engines.items()}
    items = _contents(next(iter(engines.values())))
    galleries = {id: ExactIndex(np.concatenate([part.embeddings for part in parts[id]])) for id in engines}
    return disagreements(galleries, items, k, seed=seed)[:n]


def _contents(engine: SearchEngine) -> list[tuple[tuple[str, int], Kinds]]:
    """Where each item of the compare gallery stands, catalogue by catalogue, and what it may be."""
    found: list[tuple[tuple[str, int], Kinds]] = []
    for id, catalogue in CATALOGUES.items():
        gallery = engine.built(id)
        positions = gallery.exact.positions
        known = load_attributes(id)
        ids, labels = (gallery.items.frame[name].astype(str).to_numpy()[positions] for name in ("id", "label"))
        for position, name, label in zip(positions, ids, labels, strict=True):
            found.append(((id, int(position)), known.of(name, label)["kind"] or frozenset({catalogue.classes[label]})))
    return found
