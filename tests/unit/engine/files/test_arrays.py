"""Arrays from files: nothing is unpickled, and what is no array of usable numbers is refused in a sentence."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from core.engine.files.arrays import check_directions, load_array, load_arrays
from core.errors import Sentence


class Refused(Exception):
    """What a reader of arrays would raise, in its own words."""


def refused(problem: Sentence) -> Refused:
    return Refused(str(problem))


class Bomb:
    """A pickle of it makes a folder when it is read."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


def test_what_was_written_is_read(tmp_path):
    rows = np.arange(6, dtype=np.float16).reshape(2, 3)
    np.save(tmp_path / "a.npy", rows)
    np.savez(tmp_path / "a.npz", rows=rows, names=np.array(["a", "b"]))
    for mapped in (False, True):
        np.testing.assert_array_equal(load_array(tmp_path / "a.npy", refused, mapped), rows)
    found = load_arrays(tmp_path / "a.npz", refused, ["rows"])
    assert list(found) == ["rows"]
    np.testing.assert_array_equal(found["rows"], rows)
    with pytest.raises(Refused, match="is no array of numbers"):  # not all of it is
        load_arrays(tmp_path / "a.npz", refused)
    with pytest.raises(Refused, match=r"cannot be read \(KeyError\)"):
        load_arrays(tmp_path / "a.npz", refused, ["others"])


@pytest.mark.parametrize("mapped", [False, True])
def test_a_pickle_in_place_of_an_array_is_never_read(tmp_path, mapped):
    file, trace = tmp_path / "a.npy", tmp_path / "trace"
    bomb = Bomb(trace)
    pickle.loads(pickle.dumps(bomb))
    trace.rmdir()  # the trap works
    file.write_bytes(pickle.dumps(bomb))
    with pytest.raises(Refused, match=r"cannot be read \(ValueError\)"):
        load_array(file, refused, mapped)
    np.save(file, np.array([bomb], object), allow_pickle=True)
    with pytest.raises(Refused, match=r"cannot be read \(ValueError\)"):
        load_array(file, refused, mapped)
    np.savez(tmp_path / "a.npz", a=np.array([bomb], object))
    with pytest.raises(Refused, match=r"cannot be read \(ValueError\)"):
        load_arrays(tmp_path / "a.npz", refused)
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", b"\x00" * 1000], ids=repr)
def test_what_is_no_array_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    for read in (load_array, load_arrays):
        with pytest.raises(Refused, match="cannot be read"):
            read(tmp_path / "a", refused)


def test_other_things_than_numbers_are_refused(tmp_path):
    for odd in (np.array(["a"]), np.array([True]), np.array([1j]), np.array([(1, 2)], "i4,i4")):
        np.save(tmp_path / "a.npy", odd)
        with pytest.raises(Refused, match=r"^is damaged: it is no array of numbers$"):
            load_array(tmp_path / "a.npy", refused)
        with pytest.raises(Refused, match=r"^is damaged: it is no array of numbers$"):
            load_arrays(tmp_path / "a.npy", refused)


def test_an_array_that_claims_to_be_larger_than_any_memory_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(b"(2, 3), }" + b" " * 13, b"(2000000000000, 30), }"))
    assert b"2000000000000" in (tmp_path / "a.npy").read_bytes()
    for mapped in (False, True):
        with pytest.raises(Refused, match="cannot be read"):
            load_array(tmp_path / "a.npy", refused, mapped)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.int8])
def test_rows_without_a_direction_are_refused_wherever_they_stand(kind):
    rows = np.full((20_000, 4), 2, kind)
    check_directions(rows, refused)
    for place in (0, 8191, 8192, 19_999):
        for bad in (0,) if kind == np.int8 else (0, np.nan, np.inf):
            odd = rows.copy()
            odd[place] = bad
            with pytest.raises(Refused, match=r"^is damaged: a row of it is not finite, or nothing but zeros$"):
                check_directions(odd, refused)
