"""A folder of files: whole or not at all, checked before use, and never what a killed process has left of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from faults import killed_at_every_step, make_read_only, small_disk

from core.config import ROOT
from core.engine.files import folder as files
from core.engine.files.folder import (
    check_place,
    folders_in,
    read_folder,
    read_json,
    sweep,
    write_folder,
    written,
    written_folder,
)
from core.errors import DataError, Sentence

ABOUT = "about.json"


class Refused(Exception):
    """What a reader of folders would raise, in its own words."""


def write(path: Path, content: bytes = b"content") -> list[Path]:
    return write_folder(path, ABOUT, {"schema": 1}, {"a": content, "b": lambda file: file.write_bytes(b"later")})


def read(path: Path) -> files.Folder:
    return read_folder(path, ABOUT, 1, refuse)


def refuse(name: str, problem: Sentence) -> Refused:
    return Refused(f"{name} {problem}.")


def test_what_was_written_is_read_again(tmp_path):
    assert [path.name for path in write(tmp_path / "f")] == ["a", "b", ABOUT]
    found = read(tmp_path / "f")
    assert (found.file("a").read_bytes(), found.file("b").read_bytes()) == (b"content", b"later")
    write(tmp_path / "f", b"other")
    assert read(tmp_path / "f").file("a").read_bytes() == b"other"
    assert folders_in(tmp_path, ABOUT) == ["f"] and folders_in(tmp_path / "none", ABOUT) == []
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_every_file_is_checked_before_it_is_handed_out(tmp_path):
    write(tmp_path / "f")
    (tmp_path / "f" / "a").write_bytes(b"kontent")
    (tmp_path / "f" / "b").write_bytes(b"much later")
    found = read(tmp_path / "f")
    with pytest.raises(Refused, match=r"^a is damaged: its sha256 is not the one stated\.$"):
        found.file("a")
    with pytest.raises(Refused, match=r"^b is damaged: 10 bytes, expected 5\.$"):
        found.file("b")
    (tmp_path / "f" / "b").unlink()
    with pytest.raises(Refused, match=r"^b is missing\.$"):
        found.file("b")
    with pytest.raises(Refused, match=r"^\.\./c is not described\.$"):
        found.file("../c")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "is missing"),
        ("{", "is damaged: it is not readable JSON"),
        ("[" * 100_000, "is damaged: it is not readable JSON"),
        ("[]", "has schema None, this version reads 1"),
        ('{"schema": 2, "files": {}}', "has schema 2, this version reads 1"),
        ('{"schema": 1, "files": []}', "is damaged: it names no files"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(tmp_path, content, problem):
    write(tmp_path / "f")
    (tmp_path / "f" / ABOUT).unlink()
    if content is not None:
        (tmp_path / "f" / ABOUT).write_text(content)
    with pytest.raises(Refused, match=f"^{ABOUT} {problem}"):
        read(tmp_path / "f")


def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path):
    write(tmp_path / "f", b"old")

    def fail(file: Path) -> None:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_folder(tmp_path / "f", ABOUT, {"schema": 1}, {"a": b"new", "b": fail})
    assert read(tmp_path / "f").file("a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.fixture(params=[True, False], ids=["one rename", "two renames"])
def _swapped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux lets two folders change places in one step; elsewhere it takes two."""
    if not request.param:
        monkeypatch.setattr(files, "_swap", lambda first, second: False)


@pytest.mark.usefixtures("_swapped")
def test_killed_at_any_moment_it_leaves_the_old_folder_or_the_new_and_nothing_else(in_memory):
    old = {"a": b"old", "b": b"later"}
    write(in_memory / "f", old["a"])
    found = []
    for _ in killed_at_every_step(lambda: write(in_memory / "f", b"new")):
        kept = read(in_memory / "f")
        found.append(kept.file("a").read_bytes())
        assert kept.file("b").read_bytes() == old["b"]
        assert folders_in(in_memory, ABOUT) == ["f"]
        assert [path.name for path in in_memory.iterdir()] == ["f"]
    assert {*found} == {b"old", b"new"} and found == sorted(found, reverse=True)
    assert len(found) > 10


def test_one_rename_puts_a_new_folder_in_the_place_of_the_old(in_memory):
    """Whoever looks, from whatever thread or process, finds a whole folder there: one that opened it keeps it."""
    if sys.platform != "linux":
        pytest.skip("folders change places in one step on Linux only")
    write(in_memory / "f", b"old")
    missed, done = [], threading.Event()

    def look() -> None:
        while not done.is_set():
            if not (in_memory / "f" / ABOUT).is_file():
                missed.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(50):
        write(in_memory / "f", b"new")
    done.set()
    reader.join()
    assert not missed


def test_where_the_new_one_cannot_take_its_place_the_old_one_comes_back(tmp_path, monkeypatch):
    write(tmp_path / "f", b"old")
    plain = Path.rename

    def rename(old: Path, new: Path) -> Path:
        if old.name == "new":
            raise OSError("no")
        return plain(old, new)

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(files, "_swap", lambda first, second: False)
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "f", b"new")
    assert read(tmp_path / "f").file("a").read_bytes() == b"old"


@pytest.mark.usefixtures("_swapped")
def test_everything_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    """What a rename names must be there after a power cut, so every file is synced before it."""
    done: list[tuple[str, int]] = []
    sync, rename, replace, swap = os.fsync, Path.rename, Path.replace, files._swap

    def renames(plain):
        def act(first, second):
            done.append(("rename", first.stat().st_ino))
            return plain(first, second)

        return act

    monkeypatch.setattr(os, "fsync", lambda handle: done.append(("sync", os.fstat(handle).st_ino)) or sync(handle))
    monkeypatch.setattr(Path, "rename", renames(rename))
    monkeypatch.setattr(Path, "replace", renames(replace))
    monkeypatch.setattr(files, "_swap", renames(swap))
    for _ in range(2):  # in an empty place, and in the place of another
        write(tmp_path / "f")
        fresh = (tmp_path / "f").stat().st_ino
        before = done[: done.index(("rename", fresh))]
        for name in ("a", "b", ABOUT):
            assert ("sync", (tmp_path / "f" / name).stat().st_ino) in before
        done.clear()
    with written(tmp_path / "g") as temporary:
        temporary.write_bytes(b"1")
    inode = (tmp_path / "g").stat().st_ino
    assert done == [("sync", inode), ("rename", inode)]


def test_a_file_is_old_or_new_whenever_it_is_looked_at(in_memory):
    path = in_memory / "file.bin"
    contents = [bytes([n]) * 1_000_000 for n in (1, 2)]

    def write_it(content: bytes) -> None:
        with written(path) as temporary:
            temporary.write_bytes(content)

    write_it(contents[0])
    with path.open("rb") as opened:
        for _ in killed_at_every_step(lambda: write_it(contents[1])):
            assert path.read_bytes() in contents
        assert path.read_bytes() == contents[1]
        assert opened.read() == contents[0]  # who has begun to read ends with what it began
    assert [file.name for file in in_memory.iterdir()] == ["file.bin"]


def test_what_was_killed_before_it_said_whose_it_is_is_swept_too(tmp_path):
    write(tmp_path / "f")
    (tmp_path / ".f.unfinished-abc").mkdir()
    (tmp_path / ".f.unfinished-def" / "new").mkdir(parents=True)
    assert folders_in(tmp_path, ABOUT) == ["f"]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_on_a_full_disk_the_old_one_stays(tmp_path):
    with small_disk(tmp_path / "disk", 200_000) as disk:
        write(disk / "f", b"old")
        with pytest.raises(OSError, match="No space left"):
            write(disk / "f", bytes(400_000))
        with pytest.raises(OSError, match="No space left"), written(disk / "g") as temporary:
            temporary.write_bytes(bytes(400_000))
        assert read(disk / "f").file("a").read_bytes() == b"old"
        assert [path.name for path in disk.iterdir()] == ["f"]
        make_read_only(disk)
        with pytest.raises(OSError, match="Read-only"):
            write(disk / "f", b"new")
        assert read(disk / "f").file("a").read_bytes() == b"old"


def flips(content: bytes, n: int) -> Iterator[bytes]:
    """The content with one bit changed, in many places."""
    rng = np.random.default_rng(0)
    for place in rng.permutation(len(content))[:n].tolist():
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        yield bytes(changed)


def test_no_changed_bit_in_a_description_changes_what_it_says(tmp_path):
    facts = {"schema": 1, "name": "shop", "figures": [0.25, 1e-7, None, True], "of": {"ö": 3, "a": "10"}}
    write_folder(tmp_path / "f", ABOUT, facts, {"a": b"content"})
    content, said = (tmp_path / "f" / ABOUT).read_bytes(), dict(read(tmp_path / "f").facts)
    assert said == {**facts, "files": {"a": files.entry_of(b"content")}}
    refused = 0
    for changed in flips(content, len(content)):
        try:
            found = read_json(changed, ABOUT, 1, refuse)
            assert {**found, **said} == found  # a blank was changed, or the name of the seal
        except Refused:
            refused += 1
    assert refused > 0.8 * len(content)


@pytest.mark.parametrize("depth", [10, 100, 400, 800, 950, 1000, 100_000])
def test_a_description_of_any_depth_is_refused_in_one_sentence(tmp_path, depth):
    write(tmp_path / "f")
    nested = "[" * depth + "]" * depth
    for content in (nested, f'{{"schema": {nested}}}', f'{{"schema": 1, "sha256": "", "files": {nested}}}'):
        (tmp_path / "f" / ABOUT).write_text(content)
        with pytest.raises(Refused, match=rf"^{ABOUT} (has schema|is damaged).{{5,100}}$"):
            read(tmp_path / "f")


def test_what_somebody_writes_now_is_left_alone(tmp_path):
    with written_folder(tmp_path / "f") as fresh, written(tmp_path / "g") as temporary:
        (fresh / "a").write_bytes(b"1")
        temporary.write_bytes(b"1")
        sweep(tmp_path / "f")
        sweep(tmp_path / "g")
        assert folders_in(tmp_path, ABOUT) == []
    assert (tmp_path / "f" / "a").is_file() and (tmp_path / "g").is_file()


def test_a_file_that_a_killed_process_left_is_removed_and_hidden_files_of_others_are_not(tmp_path):
    code = """
import os, sys
from pathlib import Path
from core.engine.files.folder import written
with written(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    os._exit(9)
"""
    path = tmp_path / "file.bin"
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    (tmp_path / ".file.bin.swp").write_bytes(b"an editor's")
    assert len(list(tmp_path.iterdir())) == 2
    with written(path) as temporary:
        temporary.write_bytes(b"whole")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".file.bin.swp", "file.bin"]


def test_something_else_is_never_replaced(tmp_path):
    check_place(tmp_path / "new", ABOUT, "catalogue")
    (tmp_path / "photos").mkdir()
    check_place(tmp_path / "photos", ABOUT, "catalogue")  # empty
    (tmp_path / "photos" / "1.jpg").write_bytes(b"1")
    with pytest.raises(DataError, match="exists and is no catalogue, so it is not replaced"):
        check_place(tmp_path / "photos", ABOUT, "catalogue")
    write(tmp_path / "f")
    check_place(tmp_path / "f", ABOUT, "catalogue")


def test_a_file_is_hashed_once_until_it_changes(tmp_path, monkeypatch):
    hashed = []
    original = files.sha256_of
    monkeypatch.setattr(files, "sha256_of", lambda path: hashed.append(path.name) or original(path))
    write(tmp_path / "f")
    del hashed[:]
    for _ in range(3):
        read(tmp_path / "f").file("a")
    assert hashed == ["a"]
    os.utime(tmp_path / "f" / "a", ns=(1, 10**18))
    read(tmp_path / "f").file("a")
    assert hashed == ["a", "a"]
