"""How far backbones agree on what looks alike: between two lists of hits, and over the whole compare gallery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from core.compare.gallery import compare_engine
from core.engine.backbones import get
from core.engine.catalogues import CATALOGUES
from core.engine.index.hnsw import ExactIndex
from core.engine.search.engine import SearchEngine

#: Items among which the greatest disagreements are looked for: enough to find striking ones, done in a second.
N_SAMPLE = 240


@dataclass(frozen=True)
class Pair:
    """How far two backbones agree.

    Attributes:
        first: One backbone's id.
        second: The other's.
        overlap: Share of their hits that are the same items, in [0, 1].
        labels: Share of their hits that are of the same kinds, in [0, 1]; never below `overlap`.
    """

    first: str
    second: str
    overlap: float
    labels: float


@dataclass(frozen=True)
class Dispute:
    """An item whose neighbours depend on who is asked.

    Attributes:
        item: Which one; in the compare gallery, its catalogue and position there.
        overlap: Mean share of common neighbours over all pairs of backbones, in [0, 1].
        labels: The same of the kinds of the neighbours.
        neighbours: Backbone id -> its k nearest others, closest first, named as `item` is.
    """

    item: Any
    overlap: float
    labels: float
    neighbours: dict[str, list[Any]]


def shared(first: Sequence[object], second: Sequence[object]) -> float:
    """Share of two lists' entries that they have in common, counting repeated ones, in [0, 1].

    With ids of hits it is overlap@k, with their labels it is label agreement. The longer list's length is the
    whole; two empty lists agree.
    """
    longer = max(len(first), len(second))
    return (Counter(first) & Counter(second)).total() / longer if longer else 1.0


def pairs(hits: Mapping[str, Sequence[tuple[Hashable, str]]], k: int) -> list[Pair]:
    """Compare every two backbones' answers to one query.

    Args:
        hits: Backbone id -> (item id, label) of its hits, closest first.
        k: How many hits count.

    Returns:
        One pair for every two backbones, in the order of `hits`.
    """
    found = []
    for (first, ours), (second, theirs) in combinations(hits.items(), 2):
        ids, labels = ([[hit[part] for hit in side[:k]] for side in (ours, theirs)] for part in (0, 1))
        found.append(Pair(first, second, shared(*ids), shared(*labels)))
    return found


def furthest(compared: Sequence[Pair]) -> Pair:
    """The two that agree least: on items, then on kinds, then the first ones."""
    return min(compared, key=lambda pair: (pair.overlap, pair.labels))


def disagreements(
    galleries: Mapping[str, ExactIndex],
    items: Sequence[tuple[Hashable, str]],
    k: int = 5,
    n_sample: int = N_SAMPLE,
    seed: int = 0,
) -> list[Dispute]:
    """Find items on which backbones disagree most, among a seeded sample of a gallery that all of them share.

    Args:
        galleries: Backbone id -> its embeddings of the same n items in the same order; at least two.
        items: What each of the n items is called, and its label.
        k: Neighbours that count.
        n_sample: Items that are looked at.
        seed: Of the sample.

    Returns:
        All items of the sample, the least agreement first: of items, then of kinds, then by position.

    Raises:
        ValueError: The galleries differ in their number of items, or there are fewer than two.
    """
    sizes = {gallery.n_items for gallery in galleries.values()} | {len(items)}
    if len(sizes) != 1 or len(galleries) < 2:
        raise ValueError("at least two galleries of the same items are needed")
    n = sizes.pop()
    sample = np.sort(np.random.default_rng(seed).choice(n, min(n_sample, n), replace=False))
    near = {id: _neighbours(gallery, sample, k) for id, gallery in galleries.items()}
    found = []
    for row, position in enumerate(sample.tolist()):
        here = {id: [items[p] for p in rows[row].tolist()] for id, rows in near.items()}
        compared = pairs(here, k)
        overlap, kinds = (float(np.mean([getattr(pair, name) for pair in compared])) for name in ("overlap", "labels"))
        names = {id: [name for name, _ in known] for id, known in here.items()}
        found.append(Dispute(items[position][0], overlap, kinds, names))
    return sorted(found, key=lambda one: (one.overlap, one.labels))


def _neighbours(gallery: ExactIndex, sample: np.ndarray, k: int) -> list[np.ndarray]:
    """For each position its k nearest others; an item need not be its own nearest where there are duplicates."""
    queries = gallery.embeddings[sample].astype(np.float32)
    found, _ = gallery.search(queries / np.linalg.norm(queries, axis=1, keepdims=True), k + 1)
    return [row[row != position][:k] for row, position in zip(found, sample, strict=True)]


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
    parts = {id: [engine.gallery(catalogue).exact for catalogue in CATALOGUES] for id, engine in engines.items()}
    items = _contents(next(iter(engines.values())))
    galleries = {id: ExactIndex(np.concatenate([part.embeddings for part in parts[id]])) for id in engines}
    return disagreements(galleries, items, k, seed=seed)[:n]


def _contents(engine: SearchEngine) -> list[tuple[tuple[str, int], str]]:
    """Where each item of the compare gallery stands, catalogue by catalogue, and what it shows in plain words."""
    found: list[tuple[tuple[str, int], str]] = []
    for id, catalogue in CATALOGUES.items():
        gallery = engine.gallery(id)
        positions = gallery.exact.positions
        kinds = gallery.items.frame["label"].astype(str).to_numpy()[positions]
        found += [((id, int(p)), catalogue.classes[kind]) for p, kind in zip(positions, kinds, strict=True)]
    return found
