"""Embeddings that a visitor made elsewhere: .npy, .npz or Parquet -> ids and vectors; nothing in them is believed.

What a file declares is checked before anything of that size is made, and nothing in it is ever unpickled. Parquet is
read by a large library in C++, so that is done in a process of its own (`core.own.ingest.parquet`), which may take
so much memory and time and no more; what it hands back is read like any other .npz.
"""

from __future__ import annotations

import io
import math
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field

import numpy as np

from core.config import MAX_VECTOR_BYTES, MAX_VECTOR_DIM, ROOT
from core.engine.files.archives import read_member
from core.errors import DataError
from core.own.ingest.incoming import MAX_NAME, UploadError, has_control_characters, shown

#: What an .npz and Parquet may call their vectors and ids, in the order in which they are looked for.
VECTORS, IDS = ("vectors", "embeddings"), ("ids", "id", "names", "name")
PATIENCE_S = 60
_MAX_MEMBERS = 16
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True, eq=False)
class Vectors:
    """What a file holds.

    Attributes:
        ids: One for each vector, no two alike; None where the file has none, and its order is that of the items.
        vectors: (n, dim) float32, rows L2-normalised.
    """

    ids: tuple[str, ...] | None
    vectors: np.ndarray = field(repr=False)


def read_vectors(content: bytes, max_rows: int) -> Vectors:
    """Read a file by its first bytes, whatever it is called.

    Args:
        content: All of it.
        max_rows: How many vectors it may hold.

    Raises:
        UploadError: It is no such file, is damaged, or breaks a limit; says which.
    """
    if len(content) > MAX_VECTOR_BYTES:
        raise UploadError("own.vectors-large", megabytes=MAX_VECTOR_BYTES / 1e6)
    if content.startswith(b"PAR1"):
        content = _from_parquet(content, max_rows)
    if content.startswith(b"\x93NUMPY"):
        return Vectors(None, _directions(_array(content, "fiu", 2), max_rows))
    if content.startswith(b"PK\x03\x04"):
        return _from_npz(content, max_rows)
    raise UploadError("own.vectors-kind")


def _from_npz(content: bytes, max_rows: int) -> Vectors:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.namelist()
    except Exception as error:  # zipfile raises many kinds on damaged bytes
        raise UploadError("own.vectors-damaged", why=type(error).__name__) from error
    with archive:
        found = {name: _member(members, names) for name, names in (("vectors", VECTORS), ("ids", IDS))}
        if len(members) > _MAX_MEMBERS or found["vectors"] is None:
            raise UploadError("own.vectors-unnamed")
        try:
            bodies = {name: read_member(archive, file, MAX_VECTOR_BYTES, "npz") for name, file in found.items() if file}
        except DataError as error:
            raise UploadError("own.vectors-because", cause=error.sentence) from error
    vectors = _directions(_array(bodies["vectors"], "fiu", 2), max_rows)
    return Vectors(_ids(_array(bodies["ids"], "USiu", 1), len(vectors)) if "ids" in bodies else None, vectors)


def _member(members: list[str], names: tuple[str, ...]) -> str | None:
    return next((f"{name}.npy" for name in names if f"{name}.npy" in members), None)


def _array(content: bytes, kinds: str, n_axes: int) -> np.ndarray:
    """An array of the NumPy format, if it is of such kinds of numbers or texts, and holds what it declares."""
    file = io.BytesIO(content)
    try:
        read = _HEADERS[np.lib.format.read_magic(file)]
        shape, fortran, dtype = read(file)
    except Exception as error:  # ValueError, SyntaxError, MemoryError, whatever a header provokes
        raise UploadError("own.vectors-damaged", why=type(error).__name__) from error
    if dtype.hasobject:
        raise UploadError("own.vectors-objects")
    if dtype.kind not in kinds or len(shape) != n_axes or not dtype.itemsize or min(shape) < 1:
        if n_axes == 1:
            raise UploadError("own.vectors-ids")
        raise UploadError("own.vectors-shape")
    if math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise UploadError("own.vectors-cut")
    flat = np.frombuffer(content, dtype, offset=file.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def _directions(rows: np.ndarray, max_rows: int) -> np.ndarray:
    """(n, dim) float32 of length 1, if each row has a direction."""
    n, dim = rows.shape
    if not 1 <= n <= max_rows:
        raise UploadError("own.vectors-rows", n=n, limit=max_rows)
    if not 1 <= dim <= MAX_VECTOR_DIM:
        raise UploadError("own.vectors-dim", dim=dim, limit=MAX_VECTOR_DIM)
    result = np.empty((n, dim), np.float32)
    for start in range(0, n, 1024):
        part = rows[start : start + 1024].astype(np.float64)
        largest = np.abs(part).max(axis=1, keepdims=True)
        if len(wrong := np.flatnonzero(~np.isfinite(largest))):
            raise UploadError("own.vectors-infinite", row=start + int(wrong[0]) + 1)
        if len(wrong := np.flatnonzero(largest == 0)):
            raise UploadError("own.vectors-zero", row=start + int(wrong[0]) + 1)
        part /= largest  # so that no square is too large or too small for its type
        result[start : start + 1024] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return result


def _ids(found: np.ndarray, n: int) -> tuple[str, ...]:
    if len(found) != n:
        raise UploadError("own.vectors-counts", n_ids=len(found), n=n)
    if found.dtype.kind in "US" and found.dtype.itemsize > 4 * MAX_NAME:
        raise UploadError("own.vectors-long-id", limit=MAX_NAME)
    try:
        ids = [one.decode() if isinstance(one, bytes) else str(one) for one in found.tolist()]
    except (UnicodeDecodeError, ValueError, SystemError):  # the last is NumPy's of a letter that there is not
        raise UploadError("own.vectors-ids") from None
    seen: set[str] = set()
    for id in ids:
        if not id or has_control_characters(id):
            raise UploadError("own.vectors-ids")
        if id in seen:
            raise UploadError("own.vectors-twice", id=shown(id))
        seen.add(id)
    return tuple(ids)


def _from_parquet(content: bytes, max_rows: int) -> bytes:
    """The same as .npz, made by a process that is stopped where it takes too much."""
    command = [sys.executable, "-m", "core.own.ingest.parquet", str(max_rows)]
    try:
        done = subprocess.run(command, cwd=ROOT, input=content, capture_output=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UploadError("own.vectors-damaged", why=type(error).__name__) from error
    if done.returncode:
        reason = done.stderr.decode("ascii", "replace").strip()
        if reason == "own.vectors-unnamed":
            raise UploadError("own.vectors-unnamed")
        if reason == "own.vectors-shape":
            raise UploadError("own.vectors-shape")
        if reason == "own.vectors-ids":
            raise UploadError("own.vectors-ids")
        if reason == "own.vectors-rows":
            raise UploadError("own.vectors-many", limit=max_rows)
        raise UploadError("own.vectors-damaged", why="Parquet")
    return done.stdout
