"""Fitting what a similarity means, for each kind of query: `python -m core build --calibration`.

Embeddings of the catalogues are taken as they are stored. Queries are pictures that the model was not trained on and
that are no test data either: the validation parts of `core.training.data.samples`. A query's first hits count, since
those are what a visitor sees; where the labels of two data sets cannot be compared, the pair does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.embedded import stored
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import made_with
from core.engine.files.folder import write_json
from core.engine.files.manifest import register
from core.engine.files.paths import calibration_file
from core.engine.search import calibration
from core.engine.search.calibration import Calibrated, Calibration
from core.jobs.build import held_out
from core.jobs.build.held_out import Known
from core.jobs.build.looks import build_looks
from core.training.data.captions import SAME, UNKNOWN, relation

#: What a visitor sees at first. Twenty were tried too: the first hits then seemed surer than they are. Both were
#: compared on the test queries as well, so the errors that `reliability` measures are a little too good.
N_HITS = 5
N_PAIRS = 200_000
_WEIGHTS = np.round(np.linspace(0.3, 0.8, 6), 1)
_LEAST_ITEMS = 3


@dataclass(frozen=True)
class Judged:
    """The first hits of queries, closest first.

    Attributes:
        similarities: (n, k) float32.
        same: (n, k) bool, whether a hit is of its query's kind.
        counts: (n, k) bool, whether that can be told.
    """

    similarities: np.ndarray
    same: np.ndarray
    counts: np.ndarray


def recalibrate(backbone_id: str, report: Callable[[str], None] = print) -> None:
    """Fit anew from what is stored, with what reads looks, and write both; nothing else under artifacts/ changes.

    Raises:
        ArtifactError: The embeddings are not built, or damaged.
        OtherWeightsError: They were made with other weights.
        DataError: A data set is missing.
    """
    embedder = load_embedder(backbone_id)
    file = calibration_file(backbone_id)
    fitted = calibrate(embedder, report)
    write_json(file, fitted.to_json() | made_with(embedder.record), indent=None)
    register([file])
    report("The calibration is written.")
    build_looks(embedder, report)


def calibrate(embedder: Embedder, report: Callable[[str], None] = print) -> Calibrated:
    """Fit all that is fitted for a backbone."""
    galleries = {catalogue: read_gallery(embedder, catalogue) for catalogue in CATALOGUES}
    queries = held_out.queries(embedder, galleries, "validation")
    tables = {
        catalogue: {asked: fit_table(known, gallery) for asked, known in queries.items()}
        for catalogue, gallery in galleries.items()
    }
    report("Similarities are calibrated.")
    pairs = {
        catalogue: held_out.pairs(embedder, queries[catalogue], gallery) for catalogue, gallery in galleries.items()
    }
    garment = held_out.garment_test(embedder, galleries)
    weight = best_weight(embedder) if embedder.record.has_text else 0.5
    report(f"Words beside a photo weigh {weight:g}.")
    return Calibrated(tables, pairs, garment, weight)


def read_gallery(embedder: Embedder, catalogue: str) -> Known:
    """A built catalogue: embeddings, kinds, and who sent what."""
    found = stored(embedder.record.id, catalogue)
    return held_out.of_catalogue(catalogue, found.items, found.embeddings)


def judge(queries: Known, gallery: Known, k: int = N_HITS) -> Judged:
    """What the first hits of queries are; see `closest`."""
    relations, rows, columns = _relations(queries, gallery)
    similarities, first = closest(queries, gallery, k)
    related = relations[rows[:, None], columns[first]]
    return Judged(similarities, related == SAME, related != UNKNOWN)


def closest(queries: Known, gallery: Known, k: int = N_HITS) -> tuple[np.ndarray, np.ndarray]:
    """Compare queries with all of a gallery but themselves and what is of the same sender.

    Returns:
        (n, k) float32 similarities and (n, k) int64 rows of the gallery, closest first.
    """
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for start in range(0, len(queries.kinds), 250):
        part = slice(start, start + 250)
        scores = queries.embeddings[part] @ gallery.embeddings.T
        scores[queries.ids[part, None] == gallery.ids] = -2
        known = queries.senders[part, None] != ""
        scores[known & (queries.senders[part, None] == gallery.senders)] = -2
        first = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, first, 1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, 1)
        found.append((np.take_along_axis(scores, first, 1), first))
    similarities, rows = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return similarities, rows


def _relations(queries: Known, gallery: Known) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How kinds are related, and each query's row and each item's column of it."""
    names, rows = np.unique(queries.kinds, return_inverse=True)
    others, columns = np.unique(gallery.kinds, return_inverse=True)
    table = [[relation(a, b, queries.source == gallery.source) if b else UNKNOWN for b in others] for a in names]
    return np.array(table, np.int8), rows, columns


def fit_table(queries: Known, gallery: Known) -> Calibration:
    """What a similarity between such a query and an item of the gallery means."""
    judged = judge(queries, gallery)
    relations, rows, columns = _relations(queries, gallery)
    rng = np.random.default_rng(0)
    left, right = (rng.integers(0, len(side.kinds), N_PAIRS) for side in (queries, gallery))
    different = queries.ids[left] != gallery.ids[right]
    left, right = left[different], right[different]
    similarities = np.einsum("ij,ij->i", queries.embeddings[left], gallery.embeddings[right])
    hits, same = judged.similarities[judged.counts], judged.same[judged.counts]
    random_same = relations[rows[left], columns[right]] == SAME
    return calibration.fit(similarities, hits, same, max(2, min(40, len(hits) // 100)), random_same)


def best_weight(embedder: Embedder) -> float:
    """The weight at which a photo with another colour's name finds most of the same kind in that colour."""
    products, colours = held_out.products(embedder, "validation")
    shares = {float(w): float(blended_right(embedder, products, colours, float(w))[2].mean()) for w in _WEIGHTS}
    return max(shares, key=lambda weight: shares[weight])


def blended_right(
    embedder: Embedder, products: Known, colours: np.ndarray, weight: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ask each product for another colour, among the other products.

    Returns:
        Share of the first five hits that have the kind, the colour, and both; (n,) each.
    """
    rng = np.random.default_rng(0)
    asked = [(row, other) for row in range(len(colours)) if (other := _other_colour(row, products.kinds, colours, rng))]
    rows = np.array([row for row, _ in asked])
    wanted = np.array([colour for _, colour in asked])
    mixed = (1 - weight) * products.embeddings[rows] + weight * embedder.embed_texts(wanted.tolist())
    scores = mixed @ products.embeddings.T
    scores[np.arange(len(rows)), rows] = -2
    first = np.argsort(-scores, axis=1, kind="stable")[:, :N_HITS]
    kind = products.kinds[first] == products.kinds[rows, None]
    colour = colours[first] == wanted[:, None]
    return kind.mean(axis=1), colour.mean(axis=1), (kind & colour).mean(axis=1)


def _other_colour(row: int, kinds: np.ndarray, colours: np.ndarray, rng: np.random.Generator) -> str:
    """A colour that some items of this kind have, and this one has not; "" where there is none."""
    names, counts = np.unique(colours[(kinds == kinds[row]) & (colours != colours[row])], return_counts=True)
    enough = [str(name) for name, n in zip(names, counts, strict=True) if name and n >= _LEAST_ITEMS]
    return str(rng.choice(enough)) if enough else ""
