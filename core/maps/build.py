"""`python -m core build --maps`: a map of every backbone whose embeddings are among the artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from core.compare.gallery import DESCRIPTION, gallery_for
from core.engine.backbones import BACKBONES, get
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import ItemTable, split_id
from core.engine.files.manifest import load_manifest
from core.engine.metrics import knn_predict
from core.engine.search.gallery import load_gallery
from core.errors import DataError
from core.maps.files import FULL, EmbeddingMap, MapFacts, quantise, save_map
from core.maps.projection import ProjectionParameters, faithfulness, fit, nearest_others, unit

PARAMETERS = ProjectionParameters()
#: Neighbours that vote for a class, and how many are looked at to find that many of other senders.
N_VOTES = 20
N_CANDIDATES = 60
#: Neighbours that count for how faithful a map is.
K = 15


def build_maps(backbone_id: str | None = None, report: Callable[[str], None] = print) -> None:
    """Make the map of one backbone, or of every backbone whose embeddings are among the artifacts.

    Of a backbone that has a compare gallery only, the map shows that.

    Raises:
        UnknownNameError: There is no such backbone.
        DataError: umap-learn is not installed, or there is nothing to make a map of.
        ArtifactError: The manifest or the embeddings cannot be used.
    """
    manifest = load_manifest()
    whole = list(dict.fromkeys(name.partition("/")[0] for name in manifest["indexes"]))
    parts = [id for id in BACKBONES if f"compare/{id}/{DESCRIPTION}" in manifest["files"] and id not in whole]
    wanted = [get(backbone_id).id] if backbone_id else [*whole, *parts]
    if not wanted:
        raise DataError("maps.nothing-to-map")
    for id in wanted:
        load = gallery_for if id in parts else load_gallery
        galleries = {name: load(id, name) for name in CATALOGUES}
        items = {name: gallery.items for name, gallery in galleries.items()}
        ids = [id for one in galleries.values() for id in one.items.frame["id"].iloc[one.exact.positions]]
        embeddings = np.concatenate([unit(gallery.exact.embeddings) for gallery in galleries.values()])
        write_map(id, ids, embeddings, items, report)


def write_map(
    backbone_id: str,
    ids: list[str],
    embeddings: np.ndarray,
    items: Mapping[str, ItemTable],
    report: Callable[[str], None] = print,
) -> None:
    """Fit and write one backbone's map.

    Args:
        backbone_id: Whose embeddings these are.
        ids: Of the n items that are shown, in any order.
        embeddings: (n, dim) float16 or float32, rows L2-normalised, in the order of `ids`.
        items: The table of every catalogue.
        report: Is told what is done.

    Raises:
        DataError: umap-learn is not installed.
        UnknownNameError: An id is in no catalogue.
    """
    report(f"{backbone_id}: laying out {len(ids):,} items.")
    catalogue, position, order = _in_order(ids, items)
    embeddings = embeddings[order]
    try:
        points = fit(embeddings, PARAMETERS)
    except ImportError as error:
        raise DataError("maps.needs-umap") from error
    steps, origin, scale = quantise(points)
    votes = np.concatenate(
        [_votes(embeddings[catalogue == n], items[name], position[catalogue == n]) for n, name in enumerate(CATALOGUES)]
    )
    chart = EmbeddingMap(catalogue, position, steps, origin, scale, *votes.T)
    figures = faithfulness(embeddings, chart.points, min(K, (len(ids) - 1) // 2))
    save_map(backbone_id, chart, MapFacts(len(ids), PARAMETERS, figures))
    trust, kept = figures.trustworthiness, figures.neighbours_kept
    report(
        f"{backbone_id}: trustworthiness {trust.value:.3f} ({trust.low:.3f} to {trust.high:.3f}), "
        f"{kept.value:.3f} ({kept.low:.3f} to {kept.high:.3f}) of {figures.k} neighbours kept."
    )


def _in_order(ids: list[str], items: Mapping[str, ItemTable]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Catalogue numbers (uint8) and positions (uint32), sorted by both, and the order (int64) that sorts `ids` so."""
    names = list(CATALOGUES)
    catalogue = np.array([names.index(split_id(id)[0]) for id in ids], np.uint8)
    position = np.array([items[split_id(id)[0]].position(id) for id in ids], np.uint32)
    order = np.lexsort((position, catalogue))
    return catalogue[order], position[order], order


def _votes(embeddings: np.ndarray, items: ItemTable, position: np.ndarray) -> np.ndarray:
    """(n, 3) uint8: predicted class, class of the nearest neighbour, share of one's own class (of `FULL`)."""
    frame = items.frame
    labels = frame["label"].cat.codes.to_numpy()[position].astype(np.int64)
    if len(labels) < 2:  # nobody to vote
        return np.stack([labels, labels, np.full(len(labels), FULL)], axis=1).astype(np.uint8)
    senders = frame["sender"].to_numpy().astype(str)[position]
    rows, similarities = nearest_others(embeddings, N_CANDIDATES)
    usable = (senders[rows] == "") | (senders[rows] != senders[:, None])
    usable[~usable.any(axis=1)] = True  # everything near is of the same sender
    first = labels[rows[np.arange(len(rows)), usable.argmax(axis=1)]]
    usable &= np.cumsum(usable, axis=1) <= N_VOTES
    n_classes = len(frame["label"].cat.categories)
    predicted = knn_predict(labels[rows], np.where(usable, similarities, 0), n_classes)
    own = ((labels[rows] == labels[:, None]) & usable).sum(axis=1) / usable.sum(axis=1)
    return np.stack([predicted, first, np.rint(FULL * own)], axis=1).astype(np.uint8)
