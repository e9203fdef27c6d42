"""A folder of files: whole or not at all, checked before use, and never what a killed process has left of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import ROOT
from core.engine.files import folder as files
from core.engine.files.folder import check_place, folders_in, read_folder, sweep, write_folder, written, written_folder
from core.errors import DataError

ABOUT = "about.json"


class Refused(Exception):
    """What a reader of folders would raise, in its own words."""


def write(path: Path, content: bytes = b"content") -> list[Path]:
    return write_folder(path, ABOUT, {"schema": 1}, {"a": content, "b": lambda file: file.write_bytes(b"later")})


def read(path: Path) -> files.Folder:
    return read_folder(path, ABOUT, 1, lambda name, problem: Refused(f"{name} {problem}."))


def killed_while_writing(path: Path, moment: str) -> None:
    """A process that is killed: while it writes, or between the two renames that put a folder in place."""
    code = f"""
import os, sys
from pathlib import Path
from core.engine.files import folder as files
path = Path(sys.argv[1])
def rename(old, new, plain=Path.rename):
    if new == path:
        os._exit(9)
    return plain(old, new)
Path.rename = rename
def die(file):
    file.write_bytes(b"half")
    os._exit(9)
later = die if {moment!r} == "writing" else (lambda file: file.write_bytes(b"new"))
files.write_folder(path, "{ABOUT}", {{"schema": 1}}, {{"a": b"new", "b": later}})
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert done.returncode == 9


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


def test_where_the_new_one_cannot_take_its_place_the_old_one_comes_back(tmp_path, monkeypatch):
    write(tmp_path / "f", b"old")
    plain = Path.rename

    def rename(old: Path, new: Path) -> Path:
        if old.name == "new":
            raise OSError("no")
        return plain(old, new)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "f", b"new")
    assert read(tmp_path / "f").file("a").read_bytes() == b"old"


@pytest.mark.parametrize("moment", ["writing", "between"])
def test_what_a_killed_process_left_is_neither_listed_nor_kept(tmp_path, moment):
    write(tmp_path / "f", b"old")
    killed_while_writing(tmp_path / "f", moment)
    assert len(list(tmp_path.glob(".f.*"))) == 1
    if moment == "between":
        assert not (tmp_path / "f").exists()  # and yet:
    assert read(tmp_path / "f").file("a").read_bytes() == b"old"
    assert folders_in(tmp_path, ABOUT) == ["f"]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


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
