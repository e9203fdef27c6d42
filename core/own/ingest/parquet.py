"""Parquet, read by a large library in C++ in a process of its own: what a file provokes ends with it.

`python -m core.own.ingest.parquet ROWS`: embeddings from standard input, as an .npz on standard output. Where they are
refused, standard error says the code of the sentence.

`python -m core.own.ingest.parquet ROWS FILE`: a table of pictures, a line of JSON for each row: a list of `COLUMNS`.
The last line is a text: the code of the sentence where the table is refused, else "".

The process takes at most `MEMORY`, and `SECONDS` or `TABLE_SECONDS`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from core.config import MAX_CELL, MAX_VECTOR_DIM
from core.own.ingest.incoming import MAX_NAME
from core.own.ingest.item_csv import LABEL_COLUMNS, TITLE_COLUMNS, URL_COLUMNS, find_column
from core.own.ingest.vectors import IDS, VECTORS

MEMORY, SECONDS, TABLE_SECONDS = 3 * 10**9, 40, 600
#: What is read of a table of pictures, and what its columns may be called.
COLUMNS = {
    "path": ("path", "filepath", "filename", "file", *URL_COLUMNS),
    "label": LABEL_COLUMNS,
    "title": TITLE_COLUMNS,
    "colour": ("colour",),
    "pattern": ("pattern",),
}
#: What the description of a Parquet file may take.
_MAX_THRIFT = 4 * 10**6


class Refused(Exception):
    """Says the code of a sentence."""


def to_npz(content: bytes, max_rows: int) -> bytes:
    """`vectors` (n, dim) float32, from a column of lists or else from all columns of numbers, and `ids` if it has any.

    Raises:
        Refused: It holds nothing of the kind, or too much.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits: dict[str, Any] = {"thrift_string_size_limit": _MAX_THRIFT, "thrift_container_size_limit": 10**5}
    file = pq.ParquetFile(pa.BufferReader(content), **limits)
    schema, n = file.schema_arrow, file.metadata.num_rows
    if not 1 <= n <= max_rows:
        raise Refused("own.vectors-rows")
    ids = next((name for name in IDS if name in schema.names), None)
    lists = next((name for name in VECTORS if name in schema.names), None)
    numbers = [field.name for field in schema if _is_number(field.type) and field.name != ids]
    columns = [lists] if lists else numbers
    if not 1 <= len(columns) <= MAX_VECTOR_DIM or len(set(schema.names)) < len(schema.names):
        raise Refused("own.vectors-unnamed")
    # A text that is kept once and named by every row would be written out for each: it stays in its dictionary.
    keep = [ids] if ids and pa.types.is_string(schema.field(ids).type) else []
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=keep, **limits)
    n_values = sum(
        file.metadata.row_group(group).column(column).num_values
        for group in range(file.metadata.num_row_groups)
        for column in range(file.metadata.num_columns)
    )
    if n_values > n * (MAX_VECTOR_DIM + file.metadata.num_columns):
        raise Refused("own.vectors-unnamed")
    table = file.read([*columns, *([ids] if ids else [])])
    arrays = {"vectors": _lists(table[lists], n) if lists else _matrix(table, columns)}
    if ids:
        arrays["ids"] = _ids(table[ids])
    with io.BytesIO() as buffer:
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()


def to_rows(source: Any, max_rows: int) -> Iterator[list[str]]:
    """The rows of a table of pictures: for each the cells of `COLUMNS`, "" where there is none.

    Args:
        source: A path, or a file of pyarrow's.
        max_rows: How many there may be.

    Raises:
        Refused: It has no column of paths, too many rows, or cells that are no plain values.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits: dict[str, Any] = {"thrift_string_size_limit": _MAX_THRIFT, "thrift_container_size_limit": 10**6}
    file = pq.ParquetFile(source, **limits)
    schema = file.schema_arrow
    found = [find_column(schema.names, names) for names in COLUMNS.values()]
    if found[0] is None:
        raise Refused("own.no-paths")
    wanted = list(dict.fromkeys(schema.names[at] for at in found if at is not None))
    kinds = [schema.field(at).type for at in found if at is not None]
    if file.metadata.num_rows > max_rows or any(map(pa.types.is_nested, kinds)):
        raise Refused("own.no-parquet")
    # A text that is kept once and named by every row would be written out for each: it stays in its dictionary.
    texts = [name for name in wanted if pa.types.is_string(schema.field(name).type)]
    file = pq.ParquetFile(source, read_dictionary=texts, **limits)
    for batch in file.iter_batches(1000, columns=wanted):
        cells = {name: _cells(batch.column(name)) for name in wanted}
        nothing = [""] * batch.num_rows
        yield from map(list, zip(*(nothing if at is None else cells[schema.names[at]] for at in found), strict=True))


def _cells(column: Any) -> list[str]:
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return [_cell(value) for value in column.to_pylist()]
    words = [_cell(value) for value in column.dictionary.to_pylist()]
    return ["" if at is None else words[at] for at in column.indices.to_pylist()]


def _cell(value: object) -> str:
    return "" if value is None else str(value)[:MAX_CELL]


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _lists(column: Any, n: int) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise Refused("own.vectors-shape")
    if not _is_number(kind.value_type) or column.null_count:
        raise Refused("own.vectors-shape")
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    flat = pc.list_flatten(column)
    if len(lengths) != 1 or not 1 <= lengths[0] <= MAX_VECTOR_DIM or flat.null_count:
        raise Refused("own.vectors-shape")
    result: np.ndarray = flat.cast(pa.float32(), safe=False).to_numpy().reshape(n, lengths[0])
    return result


def _matrix(table: Any, columns: list[str]) -> np.ndarray:
    if any(table[name].null_count for name in columns):
        raise Refused("own.vectors-shape")
    return np.stack([table[name].to_numpy().astype(np.float32) for name in columns], axis=1)


def _ids(column: Any) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        raise Refused("own.vectors-ids")
    if pa.types.is_integer(column.type):
        return np.array(column.to_pylist(), np.int64)
    if not (pa.types.is_dictionary(column.type) or pa.types.is_large_string(column.type)):
        raise Refused("own.vectors-ids")
    for chunk in column.chunks:
        texts = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
        if (pc.max(pc.utf8_length(texts)).as_py() or 0) > MAX_NAME:
            raise Refused("own.vectors-ids")
    return np.array(column.to_pylist(), str)


def main(max_rows: int, table: str = "") -> int:
    """Read, write; 1 where it is refused."""
    _bound(TABLE_SECONDS if table else SECONDS)
    try:
        return _list(table, max_rows) if table else _convert(max_rows)
    except Exception as error:  # pyarrow raises many kinds on damaged bytes
        print(type(error).__name__, file=sys.stderr)
        return 1


def _bound(seconds: int) -> None:
    """What this process may take."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):  # a system without limits, or one that sets others
        pass


def _convert(max_rows: int) -> int:
    try:
        sys.stdout.buffer.write(to_npz(sys.stdin.buffer.read(), max_rows))
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _list(table: str, max_rows: int) -> int:
    try:
        for row in to_rows(table, max_rows):
            print(json.dumps(row))
    except Refused as error:
        print(json.dumps(str(error)))
        return 1
    print(json.dumps(""))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:3]))
