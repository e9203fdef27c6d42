"""The figures of each class, and what its queries are taken for; from what is stored, without embedding anything.

What each query got says how often the queries of a class find it. Which class they find instead takes the embeddings:
of the backbone that searches whole catalogues these are those that were evaluated; the others keep theirs of the
compare gallery, rounded and shortened, among which there are no test pictures of Fashion-MNIST.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.compare.figures.outcomes import load_outcomes, load_senders
from core.compare.gallery import search_engine
from core.engine.catalogues import get
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.retrieval import Retrieval, TakenFor, figures_by_class, retrieve, taken_for
from core.errors import VitrineError

#: Protocol -> the catalogue that its queries are of. Those of product photos are no catalogue's, so nothing is kept of
#: what they show.
CATALOGUE_OF = {"clothing": "clothing", "fashion-mnist": "fashion-mnist", "clothing-small": "clothing"}
#: Those whose queries are searched with; of clothes, queries find each other, too, unless one sender gave both.
RETRIEVALS = ("clothing", "fashion-mnist")
_AMONG_EACH_OTHER = "clothing"


@dataclass(frozen=True, eq=False)
class Sides:
    """Who asks, and what is searched.

    Attributes:
        queries: (q,) int64 positions, in the order of `load_outcomes`.
        gallery: (m,) int64 positions.
        labels: (n_items,) str: the class of every item.
        senders: (n_items,) str: who gave it, where a query must not find what is of the same sender; else None.
    """

    queries: np.ndarray
    gallery: np.ndarray
    labels: np.ndarray
    senders: np.ndarray | None = None

    def retrieve(self, queries: np.ndarray, gallery: np.ndarray) -> Retrieval:
        """What the queries find, from (q, dim) and (m, dim) float32 embeddings, rows L2-normalised."""
        groups = None if self.senders is None else (self.senders[self.queries], self.senders[self.gallery])
        return retrieve(queries, gallery, (self.labels[self.queries], self.labels[self.gallery]), groups)


def sides_of(protocol: str, items: ItemTable) -> Sides:
    """Who asks what in a protocol, of all items of its catalogue.

    Args:
        protocol: One of `CATALOGUE_OF`.
        items: Of that catalogue.
    """
    small = "small_" if protocol == "clothing-small" else ""

    def column(name: str) -> np.ndarray:
        return np.array(items.columns[name], str)

    labels, split = column(f"{small}label"), column(f"{small}split")
    if small:
        return Sides(np.flatnonzero(split == "test"), np.flatnonzero(split == "train"), labels)
    named = ~np.isin(labels, list(get(CATALOGUE_OF[protocol]).no_garment))
    asks = named & (split == "test")
    if protocol == _AMONG_EACH_OTHER:
        return Sides(np.flatnonzero(asks), np.flatnonzero(named), labels, column("sender"))
    return Sides(np.flatnonzero(asks), np.flatnonzero(named & ~asks), labels)


def class_figures(backbone_id: str, protocol: str) -> list[dict[str, Any]]:
    """The figures of each class, from what each query got when the backbone was evaluated.

    Returns:
        See `figures_by_class`; [] where nothing fitting is on file.

    Raises:
        ArtifactError: The items, or what is kept of the queries, are damaged.
    """
    sides = sides_of(protocol, load_items(CATALOGUE_OF[protocol]))
    outcomes = {metric: values for (of, metric), values in load_outcomes(backbone_id).items() if of == protocol}
    fitting = {metric: values for metric, values in outcomes.items() if len(values) == len(sides.queries)}
    people = next(
        (whose for (of, metric), whose in load_senders().items() if of == protocol and metric in fitting), None
    )
    return figures_by_class(fitting, sides.labels[sides.queries], people) if fitting else []


def confused(backbone_id: str, protocol: str) -> TakenFor:
    """What the queries of a protocol are taken for.

    Args:
        backbone_id: Whose stored embeddings are searched.
        protocol: One of `RETRIEVALS`.

    Returns:
        Positions are those of the catalogue.

    Raises:
        VitrineError: The embeddings do not hold the queries, are missing, or are damaged.
    """
    catalogue = CATALOGUE_OF[protocol]
    gallery = search_engine(backbone_id).built(catalogue)
    sides, stored = sides_of(protocol, gallery.items), gallery.exact.positions
    if not np.isin(sides.queries, stored).all():
        raise VitrineError("compare.no-queries", backbone=backbone_id, catalogue=catalogue)
    sides = replace(sides, gallery=sides.gallery[np.isin(sides.gallery, stored)])

    def rows(positions: np.ndarray) -> np.ndarray:
        found = gallery.exact.embeddings[np.searchsorted(stored, positions)].astype(np.float32)
        result: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
        return result

    return taken_for(sides.retrieve(rows(sides.queries), rows(sides.gallery)), sides.queries, sides.gallery)
