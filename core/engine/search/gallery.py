"""A gallery: one catalogue as one backbone sees it, loaded only if every file of it is as it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from core.engine.backbones import get
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.embedders.weights import require_weights
from core.engine.files.arrays import check_directions, load_array
from core.engine.files.folder import MALFORMED
from core.engine.files.manifest import REPAIR, load_manifest, refusal, relative, verified
from core.engine.files.paths import calibration_file, index_file
from core.engine.index.hnsw import ExactIndex, SearchIndex, load_hnsw
from core.engine.search.calibration import BLEND, PHOTO, TEXT, Calibrated, Calibration
from core.errors import ArtifactError, Sentence, sentence


@dataclass(frozen=True)
class Gallery:
    """One catalogue as one backbone sees it.

    Attributes:
        items: The item table; row number = position in `index` and `exact`.
        exact: Search by comparison, over (n, dim) float16 embeddings mapped from disk.
        index: hnswlib's graph, or `exact` where the graph cannot be used.
        calibration: What a similarity to a photo from elsewhere means; None where nobody has measured it.
        notice: What visitors should know of it, such as why the graph is not used; None for nothing.
        of_queries: What it means for other kinds of query: words, or the items of a catalogue.
    """

    items: ItemTable
    exact: ExactIndex
    index: SearchIndex
    calibration: Calibration | None
    notice: Sentence | None = None
    of_queries: Mapping[str, Calibration] = field(default_factory=dict)

    def meaning(self, asked: str) -> Calibration | None:
        """What a similarity means to a kind of query; None where nobody has measured it."""
        return self.of_queries.get(asked, None if asked in (TEXT, BLEND) else self.calibration)


def load_calibrated(backbone_id: str) -> Calibrated:
    """All that was fitted for a backbone, verified.

    Raises:
        ArtifactError: The file is missing, damaged or of another version.
        OtherWeightsError: It was fitted for other weights.
    """
    path = calibration_file(backbone_id)
    command = f"python -m core build --calibration --backbone {backbone_id}"
    try:
        content = json.loads(verified(path).read_bytes())
        calibrated = Calibrated.from_json(content)
    except MALFORMED:
        raise ArtifactError(relative(path), sentence("engine.other-version"), command) from None
    again = sentence("engine.fit-again", command=command)
    require_weights(content, get(backbone_id), sentence("engine.meaning-of-similarities"), again)
    return calibrated


def load_gallery(backbone_id: str, catalogue: str) -> Gallery:
    """Load a catalogue's items, embeddings and index, all verified.

    A graph that is damaged or does not fit is replaced by exact search, with a notice.

    Raises:
        ArtifactError: The manifest, the items, the embeddings or the calibration cannot be used.
        OtherWeightsError: The embeddings or the calibration are of other weights.
    """
    manifest = load_manifest()
    entry = manifest["indexes"].get(f"{backbone_id}/{catalogue}")
    path = index_file(backbone_id, catalogue, ".npy")
    if entry is None:
        command = f"python -m core build --backbone {backbone_id}"
        raise ArtifactError(relative(path), sentence("engine.not-built"), command)
    require_weights(entry, get(backbone_id))
    items = load_items(catalogue)
    refused = partial(refusal, path)
    embeddings = load_array(verified(path), refused, mapped=True)
    if embeddings.shape != (len(items), entry["dim"]) or items.content_hash() != entry["items_hash"]:
        raise refused(sentence("engine.other-items"))
    check_directions(embeddings, refused)
    tables = load_calibrated(backbone_id).tables.get(catalogue)
    if not tables:
        problem = sentence("engine.knows-nothing", catalogue=catalogue)
        raise ArtifactError(relative(calibration_file(backbone_id)), problem, REPAIR)
    exact = ExactIndex(embeddings)
    index: SearchIndex = exact
    notice = None
    try:
        index = load_hnsw(index_file(backbone_id, catalogue, ".hnsw"), entry, embeddings)
    except ArtifactError as error:
        notice = sentence("engine.without-graph", cause=error.sentence)
    return Gallery(items, exact, index, tables[PHOTO], notice, tables)
