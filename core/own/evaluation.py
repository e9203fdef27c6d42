"""One's own labelled catalogue as a protocol: each labelled picture asks among all others (leave one out).

Or a set of queries asks, which the catalogue does not hold.

All backbones see the same pictures, the small ones that the catalogue keeps, whatever made its own embeddings. Copies
of one file never find each other, and a picture whose label no other has asks nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

import numpy as np

from core.engine.backbones import BACKBONES
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import load_embedder
from core.engine.images.decode import open_image
from core.engine.metrics import Differences, Estimate, bootstrap, compare_all
from core.engine.progress import Progress, ProgressClock
from core.engine.retrieval import TakenFor, figures_by_class, retrieve, taken_for
from core.errors import DataError, Sentence, VitrineError
from core.own.brought import BROUGHT, Brought
from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import Incoming, Skipped
from core.own.items import OwnItem

METRICS = ("R@1", "P@5", "mAP@100", "knn_accuracy")
MAX_BACKBONES = 4


class OwnEvaluation:
    """What backbones find among the items of one catalogue.

    Attributes:
        backbones: Those that are asked, in order.
        items: Those that take part: labelled, with a picture; queries of their own come last.
        skipped: Which of such queries were left out, and why.
        figures: Backbone -> metric -> mean over the queries, with its 95 % interval.
        taken: Backbone -> what each query was taken for; positions are those in `items`.
        problems: Backbone -> why it could not be used.
    """

    def __init__(
        self,
        items: Sequence[OwnItem],
        backbones: Sequence[str],
        load: Callable[[str], Embedder] = load_embedder,
        brought: Brought | None = None,
        queries: OwnCatalogue | None = None,
    ):
        """Take the labelled items.

        Args:
            items: Of the catalogue; those without a label or a picture take no part.
            backbones: Ids; the first `MAX_BACKBONES` count.
            load: Gives the embedder of a backbone.
            brought: Embeddings that were made elsewhere; they are the backbone `BROUGHT`, which no query of its own can
                ask: the model that made them is not known.
            queries: Takes a set of queries when `run`; its backbone does not matter.

        Raises:
            DataError: No two different pictures share a label, where they are the queries; or none has one.
        """
        self.backbones = tuple(dict.fromkeys(backbones))[:MAX_BACKBONES]
        self.figures: dict[str, dict[str, Estimate]] = {}
        self.taken: dict[str, TakenFor] = {}
        self.problems: dict[str, Sentence] = {}
        self.items = [item for item in items if item.label and item.thumbnail]
        self._outcomes: dict[str, dict[str, np.ndarray]] = {}
        self._load = load
        self._brought = brought
        self._queries = queries
        self._n_gallery = len(self.items)
        files = defaultdict(set)
        for item in self.items:
            files[item.label].add(item.sha256)
        if max(map(len, files.values()), default=0) < (2 if queries is None else 1):
            raise DataError("own.few-labels")

    @property
    def skipped(self) -> list[Skipped]:
        """See the class."""
        return self._queries.skipped if self._queries else []

    def run(self, incoming: Iterable[Incoming | Skipped] = ()) -> Generator[Progress, None, None]:
        """Ask one backbone after the other, in steps; whoever stops asking keeps the figures of those that are done.

        Args:
            incoming: The set of queries, where it takes one.

        Raises:
            DataError: No query has a label that the catalogue knows.
        """
        if self._queries is not None:
            yield from self._queries.add(incoming)
            known = {item.label for item in self.items}
            self.items += [item for item in self._queries.items if item.label in known and item.thumbnail]
            if len(self.items) == self._n_gallery:
                raise DataError("own.no-common-labels")
        clock = ProgressClock(len(self.items) * len(self.backbones))
        for id in self.backbones:
            try:
                if id == BROUGHT and self._queries:
                    raise VitrineError("own.vectors-no-photo")
                if id == BROUGHT and self._brought:
                    self._take(id, self._brought.of(self.items))
                    clock.n_added += len(self.items)
                    continue
                rows = []
                embedder = self._load(id)
                for item in self.items:
                    rows.append(embedder.embed_images([open_image(item.thumbnail, item.name)])[0])
                    clock.n_added += 1
                    if clock.is_time():
                        yield clock.report()
                self._take(id, np.stack(rows))
            except VitrineError as error:
                self.problems[id] = error.sentence
        yield clock.report(finished=True)

    def _take(self, id: str, embeddings: np.ndarray) -> None:
        labels, files = (np.array([getattr(item, name) for item in self.items]) for name in ("label", "sha256"))
        everyone, n = np.arange(len(labels)), self._n_gallery
        queries, gallery = (everyone, everyone) if self._queries is None else (everyone[n:], everyone[:n])
        sides = ((of[queries], of[gallery]) for of in (labels, files))
        found = retrieve(embeddings[queries], embeddings[gallery], *sides)
        asked = np.flatnonzero(found.n_relevant)
        self._outcomes[id] = {metric: values[asked] for metric, values in found.figures().items()}
        self.figures[id] = {metric: bootstrap(values) for metric, values in self._outcomes[id].items()}
        self.taken[id] = taken_for(found, queries, gallery).only(asked)

    def by_class(self, id: str) -> list[dict[str, Any]]:
        """A backbone's figures of each label; see `figures_by_class`."""
        labels = np.array([self.items[position].label for position in self.taken[id].queries.tolist()])
        return figures_by_class(self._outcomes[id], labels)

    def differences(self, metric: str) -> Differences:
        """By how much the first of every two backbones is better; see `compare_all`."""
        return compare_all({id: outcomes[metric] for id, outcomes in self._outcomes.items()})

    def rows(self) -> list[dict[str, Any]]:
        """One row a backbone that could be used, best first: its figures, their bounds as "METRIC low" and so on."""
        found = []
        for id, figures in sorted(self.figures.items(), key=lambda pair: -pair[1][METRICS[0]].value):
            record = BACKBONES.get(id)
            row: dict[str, Any] = {"backbone": id, "title": record.title if record else id}
            row["trained_on"] = record.trained_on if record else ""
            for name, one in figures.items():
                row |= {name: one.value, f"{name} low": one.low, f"{name} high": one.high, "n": one.n}
            found.append(row)
        return found
