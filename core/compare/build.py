"""Building the compare gallery of one backbone: with progress, stopped at any moment, gone on with later.

`python -m core build --backbone ID` and the pages run the same generator. What was embedded is kept in parts of the
data folder; nothing else is written before everything is there.
"""

from __future__ import annotations

import contextlib
import glob
import io
import shutil
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.compare.gallery import DESCRIPTION, SCHEMA, built_folder, items_path, shipped_folder
from core.compare.plan import PARTS, GalleryPlan, make_plan
from core.config import DEFAULT_BACKBONE
from core.engine.backbones import Backbone, get
from core.engine.backbones.hub import fetch, pin_of
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.bulk import embed_part, for_bulk
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import made_with
from core.engine.files.folder import digest_of, write_folder
from core.engine.files.manifest import register
from core.engine.index.hnsw import ExactIndex
from core.engine.index.quantise import principal_directions, quantise
from core.engine.metrics import precision_at_k
from core.engine.progress import Background, Progress, ProgressClock
from core.engine.search.calibration import Calibration, fit
from core.errors import VitrineError

STORED_DIM = 256
N_TRIED = 8
N_QUERIES = 1000

_lock = threading.Lock()
_being_built: set[str] = set()


@dataclass(frozen=True)
class BuildEstimate:
    """What building a gallery will take.

    Attributes:
        n_images: Pictures in the gallery.
        n_done: Of those, embedded by an earlier build that was stopped.
        images_per_s: Measured on a few of them.
        seconds: For those that are left.
    """

    n_images: int
    n_done: int
    images_per_s: float
    seconds: float


def estimate(backbone_id: str) -> BuildEstimate:
    """Measure on a few pictures what building will take; the weights must be here.

    Raises:
        DataError: The weights, a library or the clothing dataset are not here.
    """
    plan = make_plan(get(backbone_id))
    embedder = for_bulk(load_embedder(plan.record))
    some = list(plan.pictures(range(0, plan.n_images, max(1, plan.n_images // N_TRIED))))
    embedder.embed_images(some[:1])
    started = time.perf_counter()
    embedder.embed_images(some)
    speed = len(some) / (time.perf_counter() - started)
    n_done = sum(len(part) for part in plan.parts() if plan.part_file(part).is_file())
    return BuildEstimate(plan.n_images, n_done, speed, (plan.n_images - n_done) / speed)


def build_gallery(backbone_id: str) -> Generator[Progress, None, None]:
    """Embed the compare gallery, fetching the weights first if a hub has them, and write it.

    Closing the generator stops the work; the next one goes on with what was embedded. The last report is `finished`.

    Raises:
        UnknownNameError: No such backbone.
        VitrineError: It needs no gallery of its own, or is being built by somebody else in this process.
        DownloadError: The weights cannot be had.
        DataError: A library or the clothing dataset is not here.
    """
    record = get(backbone_id)
    if record.id == DEFAULT_BACKBONE:
        raise VitrineError("compare.needs-no-gallery", title=record.title)
    with _alone(record):
        if record.weights is not None:
            fetch(record.weights)
        plan = make_plan(record)
        clock = yield from _embed_parts(plan)
        _write(plan, np.concatenate([np.load(plan.part_file(part)) for part in plan.parts()]))
        for folder in plan.folder.parent.glob(f"{glob.escape(plan.folder.name.partition(PARTS)[0])}{PARTS}*"):
            shutil.rmtree(folder)  # also what was embedded for another choice, or with other weights
        yield clock.report(finished=True)


def build_behind(backbone_id: str) -> Background[None]:
    """The same for whoever looks at a page: what is built is everybody's, so it goes on when they leave.

    Stopped, it keeps what was embedded, and the next one goes on from there.
    """

    def work() -> Generator[Progress, None, None]:
        try:
            yield from build_gallery(backbone_id)
        except OSError as error:
            raise VitrineError("compare.cannot-be-stored", why=error.strerror or error) from error

    return Background(work, "gallery", lasting=True)


@contextlib.contextmanager
def _alone(record: Backbone) -> Iterator[None]:
    with _lock:
        if record.id in _being_built:
            raise VitrineError("compare.being-built", title=record.title)
        _being_built.add(record.id)
    try:
        yield
    finally:
        with _lock:
            _being_built.discard(record.id)


def _embed_parts(plan: GalleryPlan) -> Generator[Progress, None, ProgressClock]:
    """Embed the parts that are not there yet; returns what counted them."""
    left = [part for part in plan.parts() if not plan.part_file(part).is_file()]
    embedder = for_bulk(load_embedder(plan.record)) if left else None
    clock = ProgressClock(plan.n_images, n_before=plan.n_images - sum(map(len, left)))
    for part in left:
        assert embedder is not None
        embed_part(plan.part_file(part), embedder, plan.pictures(part), np.float16)
        clock.n_added += len(part)
        if clock.is_time():
            yield clock.report()
    return clock


def _write(plan: GalleryPlan, embeddings: np.ndarray) -> None:
    record, ships = plan.record, plan.record.weights is None
    folder = shipped_folder(record.id) if ships else built_folder(record.id)
    components = principal_directions(embeddings, STORED_DIM) if record.dim > STORED_DIM else None
    arrays = {} if components is None else {"components.npy": components.astype(np.float16)}
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "backbone": record.id,
        "dim": record.dim,
        "stored_dim": min(record.dim, STORED_DIM),
        "reduced": components is not None,
        "items": digest_of(items_path()),
        "weights": pin_of(record.weights) if record.weights else None,
        **made_with(record),
        "date": datetime.now(UTC).date().isoformat(),
        **{key: {} for key in ("hashes", "p_at_5", "calibration")},
    }
    ends = np.cumsum([len(positions) for positions in plan.positions.values()])[:-1]
    for (catalogue, positions), full in zip(plan.positions.items(), np.split(embeddings, ends), strict=True):
        stored = arrays[f"{catalogue}.npy"] = quantise(full, arrays.get("components.npy"))
        part = plan.tables[catalogue].take(positions)
        lengths = np.linalg.norm(stored.astype(np.float32), axis=1, keepdims=True)
        facts["hashes"][catalogue] = plan.tables[catalogue].content_hash()
        facts["p_at_5"][catalogue] = {"full": p_at_5(part, full), "stored": p_at_5(part, stored)}
        facts["calibration"][catalogue] = _calibrate(part, (stored / lengths).astype(np.float32)).to_json()
    files = {name: _npy(array) for name, array in arrays.items()}
    files_written = write_folder(folder, DESCRIPTION, facts | {"bytes": sum(map(len, files.values()))}, files)
    if ships:
        register(files_written)


def _npy(array: np.ndarray) -> bytes:
    with io.BytesIO() as buffer:
        np.save(buffer, array)
        return buffer.getvalue()


def _training_queries(items: ItemTable, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions, rising, of all training items, and of up to n of them to ask with."""
    train = np.flatnonzero((items.frame["split"] == "train").to_numpy())
    return train, np.sort(rng.choice(train, min(n, len(train)), replace=False))


def _not_to_be_found(items: ItemTable, queries: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(q, m) bool: whether an item of a query's row in `others` is the query, or known to be of the same sender."""
    senders = items.frame["sender"].to_numpy().astype(str)
    same_sender = (senders[others] == senders[queries][:, None]) & (senders[others] != "")
    return (others == queries[:, None]) | same_sender


def p_at_5(items: ItemTable, rows: np.ndarray) -> float:
    """Share of the five nearest items, of other senders, with the label: of up to 1,000 training items as queries."""
    x = rows.astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    _, queries = _training_queries(items, np.random.default_rng(0), N_QUERIES)
    labels = items.frame["label"].cat.codes.to_numpy()
    similarities = x[queries] @ x.T
    similarities[_not_to_be_found(items, queries, np.arange(len(x))[None])] = -2
    nearest = np.argsort(-similarities, axis=1, kind="stable")[:, :5]
    return round(float(precision_at_k(labels[nearest] == labels[queries][:, None], 5).mean()), 4)


def _calibrate(items: ItemTable, embeddings: np.ndarray, n_queries: int = 2000) -> Calibration:
    """Fit on training pictures only: a neighbour counts if it is a training picture of another sender."""
    rng = np.random.default_rng(0)
    train, queries = _training_queries(items, rng, n_queries)
    labels = items.frame["label"].cat.codes.to_numpy()
    vectors = embeddings.astype(np.float32)
    pairs = rng.integers(0, len(vectors), (2, 200_000))
    pairs = pairs[:, pairs[0] != pairs[1]]
    random_pairs = np.einsum("ij,ij->i", vectors[pairs[0]], vectors[pairs[1]])
    found, similarities = ExactIndex(embeddings[train]).search(vectors[queries], 60)
    neighbours = train[found]
    usable = ~_not_to_be_found(items, queries, neighbours)
    usable &= np.cumsum(usable, axis=1) <= 20
    same = labels[neighbours] == labels[queries][:, None]
    random_same = labels[pairs[0]] == labels[pairs[1]]
    return fit(random_pairs, similarities[usable], same[usable], random_same=random_same)
