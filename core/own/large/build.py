"""A source of pictures -> a catalogue in Milvus."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.config import MilvusPlace
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import for_bulk
from core.engine.embedders.weights import made_with
from core.engine.index.milvus.rows import Row
from core.engine.index.milvus.server import server
from core.engine.index.milvus.writing import GRACE_S, write_collection
from core.engine.looks.reading import Looks
from core.engine.progress import Progress, ProgressClock
from core.errors import DataError
from core.own.files import check_name
from core.own.large.listing import open_listing
from core.own.large.shards import SHARD, Shards, embed_shard, from_parquet, with_looks

Report = Callable[[Progress], None]


@dataclass(frozen=True)
class LargeBuild:
    """What was written: how many items, and (name, reason) of what was left out."""

    n_items: int
    skipped: list[tuple[str, str]]


class Engine(Protocol):
    """Who embeds the shards."""

    def embed(self, shards: Shards, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Embed some shards; yields the number and the content of each, as they are done, each once."""
        ...


class OneProcess:
    """This process, on all its cores."""

    def __init__(self, embedder: Embedder):
        self._embedder = embedder

    def embed(self, shards: Shards, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """See `Engine.embed`."""
        embedder = for_bulk(self._embedder)
        for number in numbers:
            yield number, embed_shard(embedder, shards.part(number))


def build_large(
    path: Path,
    name: str,
    place: MilvusPlace,
    embedder: Embedder,
    looks: Looks | None,
    engine: Engine | None = None,
    report: Report = lambda _: None,
) -> LargeBuild:
    """Embed what a path holds and write it as a catalogue; what was embedded before a stop is not embedded again.

    Args:
        path: See `open_listing`.
        name: Of the catalogue; lower case letters, digits and hyphens.
        place: The Milvus.
        embedder: Of the backbone.
        looks: What reads colours and patterns; None for none.
        engine: Who embeds; default: this process.
        report: Told about progress of embedding, and last with `finished`.

    Raises:
        UploadError, DownloadError: See `open_listing`.
        DataError: The name is not allowed, or nothing could be embedded.
        MilvusError: Milvus does not answer; before anything is embedded, or while it is written.
    """
    check_name(name)
    there = server(place)
    listing = open_listing(path)
    shards = Shards.of(listing, name, embedder)
    _embed(shards, engine or OneProcess(embedder), report)
    skipped = [(str(one.name), str(one.reason)) for one in listing.skipped]
    record = embedder.record
    facts = {"backbone": record.id, "dim": record.dim, "root": listing.root} | made_with(record)
    rows = _rows(shards, looks, skipped)
    first = next(rows, None)
    if first is None:
        if not skipped:
            raise DataError("own.no-pictures", path=path)
        raise DataError("own.no-pictures-because", path=path, reason=skipped[0][1], name=skipped[0][0])
    n = write_collection(there, name, facts, _with(first, rows), grace_s=GRACE_S)
    shutil.rmtree(shards.folder, ignore_errors=True)
    return LargeBuild(n, skipped)


def _embed(shards: Shards, engine: Engine, report: Report) -> None:
    missing, n_all = shards.missing(), len(shards.source)
    n_missing = sum(min(SHARD, n_all - number * SHARD) for number in missing)
    clock = ProgressClock(n_all, n_before=n_all - n_missing)
    for number, content in engine.embed(shards, missing):
        shards.keep(number, content)
        shard = from_parquet(content)
        clock.n_added += len(shard.rows)
        clock.n_skipped += len(shard.skipped)
        if clock.is_time():
            report(clock.report())
    report(clock.report(finished=True))


def _rows(shards: Shards, looks: Looks | None, skipped: list[tuple[str, str]]) -> Iterator[tuple[Row, np.ndarray]]:
    for shard in shards.read():
        skipped += shard.skipped
        shard = with_looks(shard, looks)
        yield from zip(shard.rows, shard.embeddings, strict=True)


def _with(first: tuple[Row, np.ndarray], others: Iterator[tuple[Row, np.ndarray]]) -> Iterator[tuple[Row, np.ndarray]]:
    yield first
    yield from others
