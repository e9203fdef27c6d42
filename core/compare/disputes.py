"""Items of the compare gallery on which backbones disagree most."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from core.compare.agreement import Disagreement, disagreements
from core.compare.gallery import compare_engine
from core.engine.backbones import get
from core.engine.catalogues import CATALOGUES
from core.engine.index.hnsw import ExactIndex
from core.engine.search.engine import SearchEngine


@dataclass(frozen=True)
class Dispute:
    """An item of the compare gallery on which backbones disagree.

    Attributes:
        item: Its catalogue and position there.
        overlap: Mean share of common neighbours over all pairs of backbones.
        neighbours: Backbone id -> catalogue and position of its nearest others, closest first.
    """

    item: tuple[str, int]
    overlap: float
    neighbours: dict[str, list[tuple[str, int]]]


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
    first = next(iter(engines.values()))
    places, labels = _contents(first)
    galleries = {id: _everything(engine) for id, engine in engines.items()}
    found = disagreements(galleries, labels, k, seed=seed)[:n]
    return [_dispute(one, places) for one in found]


def _everything(engine: SearchEngine) -> ExactIndex:
    """All that a backbone has stored of the compare gallery, one catalogue after the other."""
    return ExactIndex(np.concatenate([engine.gallery(catalogue).exact.embeddings for catalogue in CATALOGUES]))


def _contents(engine: SearchEngine) -> tuple[list[tuple[str, int]], list[str]]:
    """Where each row of `_everything` stands, and what it shows in plain words."""
    places: list[tuple[str, int]] = []
    labels: list[str] = []
    for id, catalogue in CATALOGUES.items():
        gallery = engine.gallery(id)
        positions = getattr(gallery.exact, "positions", np.arange(gallery.exact.n_items))
        places += [(id, int(position)) for position in positions]
        kinds = gallery.items.frame["label"].astype(str).to_numpy()[positions]
        labels += [catalogue.classes[kind] for kind in kinds]
    return places, labels


def _dispute(one: Disagreement, places: list[tuple[str, int]]) -> Dispute:
    neighbours = {id: [places[row] for row in rows.tolist()] for id, rows in one.neighbours.items()}
    return Dispute(places[one.position], one.overlap, neighbours)
