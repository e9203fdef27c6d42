"""One question to several backbones, each answering among the shared compare gallery in its own time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import lru_cache

from core.compare.build import BuildEstimate, estimate
from core.compare.gallery import MAX_COMPARED, compare_engine, has_gallery
from core.engine.backbones import BACKBONES, get
from core.engine.catalogues import CATALOGUES, photos
from core.engine.catalogues.items import split_id
from core.engine.embedders.base import enough_for
from core.engine.embedders.load import missing
from core.engine.images.decode import megapixels
from core.engine.search import process, remote
from core.engine.search.engine import Hit, SearchEngine
from core.engine.search.query import Query
from core.engine.turns import in_turn
from core.errors import Sentence, VitrineError

MAX_BACKBONES = MAX_COMPARED
#: Threads that answer; as many as one visitor may ask backbones, so that a slow one holds no other up.
N_WORKERS = 4


@dataclass(frozen=True)
class Answer:
    """What one backbone found, or why it could not.

    Attributes:
        backbone_id: Who answers.
        hits: Closest first; empty where there is a problem.
        embed_ms: Milliseconds from the decoded picture to its embedding; None where it was stored.
        search_ms: Milliseconds to compare it with all items.
        n_items: Items it was compared with.
        problem: Why it has no hits, None where it has.
        estimate: What building its gallery here would take, where only that is missing.
    """

    backbone_id: str
    hits: list[Hit] = field(default_factory=list)
    embed_ms: float | None = None
    search_ms: float = 0.0
    n_items: int = 0
    problem: Sentence | None = None
    estimate: BuildEstimate | None = None


def ask(backbone_id: str, query: Query, who: object = None) -> Answer:
    """Ask one backbone, in turn with whatever else is asked; what it needs is loaded first, outside the timing.

    A backbone or a picture that cannot be used gives an answer with a problem, not an error; one that lacks only its
    gallery gives an estimate of how long that would take to build.
    """
    try:
        if not has_gallery(get(backbone_id).id):
            return _without_gallery(backbone_id)
        engine = compare_engine(backbone_id)
        if not engine.loaded:
            engine.warm_up()
        asked = _with_picture(query)
        with in_turn(who, _megapixels(asked, engine)):
            result = engine.search(asked)
        n_items = sum(len(engine.built(catalogue).exact.embeddings) for catalogue in CATALOGUES)
        return Answer(backbone_id, result.hits, result.timings_ms.get("embed"), result.timings_ms["search"], n_items)
    except VitrineError as error:
        return Answer(backbone_id, problem=error.sentence)


def _with_picture(query: Query) -> Query:
    """The same; of an item in Milvus, which one backbone alone has seen, its picture is what is asked with."""
    catalogue = split_id(query.item)[0] if query.item else ""
    if not catalogue or not remote.may_be(catalogue):
        return query
    items = process.engine().gallery(catalogue).items
    title = items.row(items.position(query.item)).title
    return replace(query, item="", photo=photos.file(query.item)[0], name=title)


def _megapixels(query: Query, engine: SearchEngine) -> float:
    if query.photo is None:
        return 0.0
    return megapixels(query.photo, enough_for(engine.embedder.record, query.region))


def _without_gallery(backbone_id: str) -> Answer:
    lacks = missing(get(backbone_id))
    return Answer(backbone_id, problem=lacks) if lacks else Answer(backbone_id, estimate=estimate(backbone_id))


class SideBySide:
    """Several backbones answering one question; each answer is there as soon as it is ready.

    It belongs to one visitor. The threads are everybody's, but hold nothing between two answers.
    """

    def __init__(self, backbone_ids: Sequence[str], query: Query):
        """Start; the small backbones first, since they are done soonest."""
        order = sorted(dict.fromkeys(backbone_ids), key=_size)
        self._answers: dict[str, Future[Answer]] = {id: _pool().submit(ask, id, query, self) for id in order}

    def answer(self, backbone_id: str) -> Answer | None:
        """What a backbone found; None while it is still at it."""
        future = self._answers[backbone_id]
        return future.result() if future.done() and not future.cancelled() else None

    @property
    def finished(self) -> bool:
        """Whether all have answered."""
        return all(future.done() for future in self._answers.values())

    def wait(self, seconds: float) -> bool:
        """Wait until all have answered, at most so long; whether they have."""
        return not wait(self._answers.values(), seconds).not_done

    def stop(self) -> None:
        """Nobody is interested any more: what has not begun never will."""
        for future in self._answers.values():
            future.cancel()


def _size(backbone_id: str) -> int:
    record = BACKBONES.get(backbone_id)  # a name of a library is looked up in its thread: that takes seconds
    return record.n_parameters if record else 10**12


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(N_WORKERS, thread_name_prefix="compare")
