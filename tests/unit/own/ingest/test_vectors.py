"""Embeddings from outside: what is read, and every way in which it is refused in one sentence."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.config import MAX_VECTOR_DIM
from core.own.ingest import vectors as module
from core.own.ingest.incoming import UploadError
from core.own.ingest.vectors import read_vectors

ROWS = np.array([[3, 4], [0, -2], [1e-30, 0]])
UNIT = [[0.6, 0.8], [0, -1], [1, 0]]
IDS = ["a/1.png", "b", "ü"]


def npy(array: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        np.save(file, array, allow_pickle=True)
        return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        np.savez(file, allow_pickle=True, **arrays)
        return file.getvalue()


def parquet(**columns: object) -> bytes:
    with io.BytesIO() as file:
        pq.write_table(pa.table(columns), file)
        return file.getvalue()


def zipped(**members: bytes) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(f"{name}.npy", content)
        return file.getvalue()


@pytest.mark.parametrize("kind", ["f2", "<f4", ">f8", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_any_kind_become_directions(kind, order):
    rows = np.array(ROWS[:2], kind, order=order)
    np.testing.assert_allclose(read_vectors(npy(rows), 9).vectors, UNIT[:2], atol=1e-3)
    whole = read_vectors(npy(np.array([[3, 4], [0, 7]], "i1")), 9)
    assert whole.ids is None
    assert whole.vectors.dtype == np.float32
    np.testing.assert_allclose(whole.vectors, [[0.6, 0.8], [0, 1]], atol=1e-7)


def test_neither_huge_nor_tiny_numbers_lose_their_direction():
    found = read_vectors(npy(np.array([[3e300, 4e300], [3e-300, 4e-300]])), 9).vectors
    np.testing.assert_allclose(found, [[0.6, 0.8]] * 2, atol=1e-7)


@pytest.mark.parametrize(
    "content",
    [
        npz(ids=np.array(IDS), vectors=ROWS),
        npz(names=np.array([name.encode() for name in IDS]), embeddings=ROWS, skipped=np.array(["x"])),
        parquet(id=IDS, vectors=pa.array(list(ROWS))),
        parquet(name=IDS, embeddings=pa.FixedSizeListArray.from_arrays(ROWS.ravel(), 2), colour=["x"] * 3),
        parquet(ids=pa.array(IDS, pa.large_string()), x=ROWS[:, 0], y=ROWS[:, 1]),
        parquet(ids=pa.array(IDS).dictionary_encode(), x=ROWS[:, 0], y=ROWS[:, 1]),
    ],
    ids=["npz", "embed", "lists", "fixed", "columns", "dictionary"],
)
def test_ids_and_vectors_come_from_npz_and_parquet(content):
    found = read_vectors(content, 3)
    assert found.ids == tuple(IDS)
    np.testing.assert_allclose(found.vectors, UNIT, atol=1e-7)


def test_whole_numbers_are_ids_too():
    assert read_vectors(npz(ids=np.array([7, 8, 9]), vectors=ROWS), 3).ids == ("7", "8", "9")
    assert read_vectors(parquet(id=[7, 8, 9], x=ROWS[:, 0], y=ROWS[:, 1]), 3).ids == ("7", "8", "9")


def header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


REFUSED = {
    "nothing": (b"", "neither .npy nor .npz nor Parquet"),
    "a picture": (b"\xff\xd8\xff", "neither .npy nor .npz nor Parquet"),
    "a pickle": (npy(np.array([{}, {}], object)), "Python objects, which are never read"),
    "pickled ids": (npz(ids=np.array(IDS, object), vectors=ROWS), "Python objects, which are never read"),
    "texts": (npy(np.array([["a"]])), "no table of numbers"),
    "a row": (npy(np.ones(3)), "no table of numbers"),
    "complex": (npy(np.ones((2, 2), complex)), "no table of numbers"),
    "truth": (npy(np.ones((2, 2), bool)), "no table of numbers"),
    "fields": (npy(np.zeros((2, 2), [("a", "f4")])), "no table of numbers"),
    "no rows": (npy(np.ones((0, 4))), "no table of numbers"),
    "no numbers": (npy(np.ones((4, 0))), "no table of numbers"),
    "a promise": (header("(1000000000, 1000000000)"), "cut short, or is larger"),
    "less than nothing": (header("(-1, -4)") + b"1234" * 4, "no table of numbers"),
    "cut short": (npy(ROWS)[:-1], "cut short, or is larger"),
    "more": (npy(ROWS) + b"x", "cut short, or is larger"),
    "a wild header": (b"\x93NUMPY\x01\x00\x10\x00" + b"{" * 16, "cannot be read"),
    "another version": (b"\x93NUMPY\x09\x00" + npy(ROWS)[8:], "cannot be read"),
    "too many": (npy(np.ones((4, 2))), "holds 4 embeddings; it must hold 1 to 3"),
    "too long": (npy(np.ones((1, MAX_VECTOR_DIM + 1))), "has 4,097 numbers"),
    "not a number": (npy(np.array([[1, 2], [np.nan, 1]])), "Row 2 holds a number that is not finite"),
    "infinite": (npy(np.array([[np.inf, 2]])), "Row 1 holds a number that is not finite"),
    "zeros": (npy(np.array([[1, 2], [0, 0]])), "Row 2 is nothing but zeros"),
    "an archive of something": (npz(a=ROWS), "holds no embeddings: name them"),
    "a broken archive": (npz(vectors=ROWS)[:-30], "cannot be read"),
    "ids twice": (npz(ids=np.array(["a", "b", "a"]), vectors=ROWS), "The id a is there twice"),
    "too few ids": (npz(ids=np.array(["a"]), vectors=ROWS), "1 ids for 3 embeddings"),
    "long ids": (npz(ids=np.array(["a" * 401, "b", "c"]), vectors=ROWS), "more than 400 characters"),
    "an empty id": (npz(ids=np.array(["a", "", "c"]), vectors=ROWS), "no plain texts"),
    "ids that are obeyed": (npz(ids=np.array(["a", "b\nc", "c"]), vectors=ROWS), "no plain texts"),
    "ids of no language": (npz(ids=np.array([b"\xff", b"b", b"c"]), vectors=ROWS), "no plain texts"),
    "ids beyond Unicode": (zipped(ids=header("(1,)", "<U1") + b"\xff" * 4, vectors=npy(ROWS[:1])), "no plain texts"),
    "no Parquet": (b"PAR1" + b"x" * 40 + b"PAR1", r"cannot be read \(Parquet\)"),
    "Parquet, too many": (parquet(x=[1.0] * 4), "no embedding, or more than 3"),
    "Parquet of texts": (parquet(x=["a"]), "holds no embeddings: name them"),
    "Parquet of uneven lists": (parquet(vectors=[[1.0], [1.0, 2.0]]), "no table of numbers"),
    "Parquet with gaps": (parquet(vectors=[[1.0], None]), "no table of numbers"),
    "Parquet with gaps inside": (parquet(vectors=[[1.0, None]]), "no table of numbers"),
    "Parquet, nested": (parquet(vectors=[[[[1.0]]]]), "no table of numbers"),
    "Parquet of structures": (parquet(vectors=[{"a": 1.0}]), "no table of numbers"),
    "Parquet, ids of numbers with gaps": (parquet(id=["a", None], x=[1.0, 2.0]), "no plain texts"),
    "Parquet, long ids": (parquet(id=["a" * 401], x=[1.0]), "no plain texts"),
    "Parquet, ids twice": (parquet(id=["a", "a"], x=[1.0, 2.0]), "The id a is there twice"),
    "Parquet of nothing finite": (parquet(x=[float("nan")]), "Row 1 holds a number that is not finite"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_everything_else_is_refused_in_a_sentence(what):
    content, words = REFUSED[what]
    with pytest.raises(UploadError, match=words):
        read_vectors(content, 3)


def test_a_bomb_costs_what_is_allowed_and_no_more(monkeypatch):
    monkeypatch.setattr(module, "MAX_VECTOR_BYTES", 10**6)
    bomb = zipped(vectors=bytes(50 * 10**6))
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(UploadError, match="larger than 1 MB"):
            read_vectors(bomb, 3)
        assert tracemalloc.get_traced_memory()[1] < 10 * 10**6
    finally:
        tracemalloc.stop()
    with pytest.raises(UploadError, match="larger than 1 MB, the limit for embeddings"):
        read_vectors(b"\x93NUMPY" + bytes(10**6), 3)


def test_a_text_that_every_row_names_is_not_written_out_for_each():
    """A megabyte of file, a hundred gigabytes of ids."""
    n = 100_000
    ids = pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array(["a" * 10**6]))
    content = parquet(id=ids, x=np.ones(n))
    assert len(content) < 3 * 10**6
    with pytest.raises(UploadError, match="no plain texts"):
        read_vectors(content, n)


def test_parquet_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    with pytest.raises(UploadError, match="TimeoutExpired"):
        read_vectors(parquet(x=[1.0]), 3)
