"""Writing a catalogue to Milvus: a new collection each time, whose name is switched over once it is whole."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import numpy as np

from core.engine.index.milvus.collection import ABOUT, ALL_WRITES, PARAMETERS, SCHEMA, MilvusIndex, alias_of, describe
from core.engine.index.milvus.rows import KEYS, MAX_TEXT, NUMBERS, TEXTS, Chosen, Row, stored
from core.engine.index.milvus.server import MilvusError, Server
from core.errors import DataError, sentence

#: Rows of one insertion: 2 MB of vectors of 512 dimensions, where Milvus takes 64 MB.
BATCH = 1000
#: Seconds that others may still ask for the collection before.
GRACE_S = 15.0


def write_collection(
    server: Server,
    catalogue: str,
    facts: Mapping[str, Any],
    rows: Iterable[tuple[Row, np.ndarray]],
    report: Callable[[int], None] = lambda _: None,
    grace_s: float = GRACE_S,
) -> int:
    """Write a catalogue as a new collection; once it is whole its name points there, and the one before is dropped.

    Args:
        server: Where to.
        catalogue: Its name.
        facts: What the description says beside schema and count; "dim" is among it.
        rows: The items with their (dim,) float32 embeddings, in order.
        report: Told how many more are written.
        grace_s: Seconds after which the one before is dropped, where others may be asking it.

    Returns:
        How many items it has.

    Raises:
        MilvusError: Milvus does not answer; what was there before stays.
        DataError: Not all that was written is there.
    """
    server, alias = server.patient(), alias_of(catalogue)
    collection = f"{alias}__{uuid4().hex[:8]}"
    try:
        _create(server, collection, int(facts["dim"]))
        n, labels = _fill(server, collection, rows, report)
        _index(server, collection)
        _check_count(server, collection, n)
        describe(server, collection, {**facts, **labels, "schema": SCHEMA, "count": n})
        server.call("flush", collection)
        MilvusIndex(server, collection)
    except BaseException:
        _drop(server, [collection])
        raise
    replaced = _point(server, alias, collection)
    of_this = re.compile(f"{alias}__[0-9a-f]{{8}}")
    others = [name for name in server.call("list_collections") if of_this.fullmatch(name) and name != collection]
    if replaced and not server.place.is_lite:
        time.sleep(grace_s)
    _drop(server, others)
    return n


def _create(server: Server, collection: str, dim: int) -> None:
    from pymilvus import DataType

    schema = server.schema()
    schema.add_field("position", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    for name in TEXTS:
        schema.add_field(name, DataType.VARCHAR, max_length=MAX_TEXT)
    for name in NUMBERS:
        schema.add_field(name, DataType.INT32)
    for name in KEYS:
        schema.add_field(f"{name}_key", DataType.INT64)
    schema.add_field("about", DataType.VARCHAR, max_length=65_535)
    server.call("create_collection", collection, schema=schema)
    server.call("create_partition", collection, ABOUT)


def _index(server: Server, collection: str) -> None:
    """Index all that is there, and wait for it: what is searched before is searched row by row."""
    index = server.index()
    # Servers of every version can sort whole numbers; Milvus Lite 3 has only the other kind.
    of_numbers = "INVERTED" if server.place.is_lite else "STL_SORT"
    for name in KEYS:
        index.add_index(f"{name}_key", index_type=of_numbers)
    graph = {"M": PARAMETERS.M, "efConstruction": PARAMETERS.ef_construction}
    index.add_index("vector", index_type="HNSW", metric_type="COSINE", params=graph)
    server.call("create_index", collection, index)
    server.call("load_collection", collection)


def _fill(
    server: Server, collection: str, rows: Iterable[tuple[Row, np.ndarray]], report: Callable[[int], None]
) -> tuple[int, dict[str, Any]]:
    """Insert all rows; how many, and which labels, colours and patterns they have, the most frequent first."""
    seen: dict[str, dict[str, int]] = {name: {} for name in KEYS}
    n = 0
    for batch in _batches(rows):
        server.call("insert", collection, [stored(n + at, *one) for at, one in enumerate(batch)])
        for row, _ in batch:
            for name in KEYS:
                value = getattr(row, name)
                seen[name][value] = seen[name].get(value, 0) + 1
        n += len(batch)
        report(len(batch))
    server.call("flush", collection)
    return n, {f"{name}s": sorted(them, key=lambda one: (-them[one], one)) for name, them in seen.items()}


def _batches(rows: Iterable[tuple[Row, np.ndarray]]) -> Iterator[list[tuple[Row, np.ndarray]]]:
    batch: list[tuple[Row, np.ndarray]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _check_count(server: Server, collection: str, n: int) -> None:
    options = {"filter": Chosen().expression, "output_fields": ["count(*)"], "consistency_level": ALL_WRITES}
    there = int(server.call("query", collection, **options)[0]["count(*)"])
    if there != n:
        raise DataError("engine.milvus-odd", why=sentence("engine.milvus-other-count", n=there, stated=n))


def _point(server: Server, alias: str, collection: str) -> bool:
    """Let a name point to a collection; whether it pointed to another one before."""
    known = alias in server.call("list_aliases")["aliases"]
    server.call("alter_alias" if known else "create_alias", collection, alias)
    return known


def _drop(server: Server, collections: Iterable[str]) -> None:
    for collection in collections:
        try:
            server.call("drop_collection", collection)
        except MilvusError:  # it is in nobody's way, and the next build tries again
            continue
