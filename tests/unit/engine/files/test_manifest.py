"""The manifest: written whole or not at all, and believed before any file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.engine.files import folder as files
from core.engine.files import manifest as artifacts
from core.engine.files.folder import written
from core.engine.files.manifest import load_manifest, save_manifest, verified, verify_all
from core.errors import ArtifactError

CONTENT = b"twenty bytes of data"
SHA256 = "49536ab056d146518b2280c4412038953f0c7f5c86c128c6d51c95d3547a1674"


def write_manifest(folder: Path, **changes: object) -> None:
    (folder / "manifest.json").write_text(json.dumps(artifacts.empty_manifest() | changes))


@pytest.fixture
def folder(artifacts_folder: Path) -> Path:
    """An artifacts folder with three files, all in the manifest."""
    for name in ("b.bin", "a/x.bin", "c.bin"):
        (artifacts_folder / name).parent.mkdir(exist_ok=True)
        (artifacts_folder / name).write_bytes(CONTENT)
    save_manifest(artifacts.empty_manifest(), [artifacts_folder / name for name in ("c.bin", "b.bin", "a/x.bin")])
    return artifacts_folder


def test_a_saved_manifest_holds_size_and_sha256_of_every_file(folder):
    manifest = load_manifest()
    assert manifest["schema"] == 1
    assert manifest["files"] == {name: {"sha256": SHA256, "bytes": 20} for name in ("a/x.bin", "b.bin", "c.bin")}
    assert list(manifest["files"]) == ["a/x.bin", "b.bin", "c.bin"]


def test_saving_names_no_file_that_is_missing(folder):
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(FileNotFoundError):
        save_manifest(artifacts.empty_manifest(), [folder / "nowhere.bin"])
    assert (folder / "manifest.json").read_bytes() == before


def test_a_missing_manifest_says_how_to_repair_it(artifacts_folder):
    with pytest.raises(ArtifactError) as caught:
        load_manifest()
    assert str(caught.value) == "artifacts/manifest.json is missing. To repair it, run: git restore artifacts"
    assert (caught.value.file, str(caught.value.problem)) == ("manifest.json", "is missing")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b'{"schema": 1'])
def test_a_manifest_that_is_no_json_is_damaged(artifacts_folder, content):
    (artifacts_folder / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match="is damaged: it is not readable JSON"):
        load_manifest()


@pytest.mark.parametrize(
    ("content", "schema"), [([], None), ("x", None), ({}, None), ({"schema": 2}, 2), ({"schema": "1"}, "'1'")]
)
def test_another_schema_is_refused(artifacts_folder, content, schema):
    (artifacts_folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match=rf"has schema {schema}, this version reads 1"):
        load_manifest()


def test_no_changed_bit_of_what_it_says_passes(folder, capsys):
    """Not of the files, which their sha256 shows, but of what it says of them: counts, parameters, whose weights."""
    path, said = folder / "manifest.json", load_manifest()
    save_manifest(said | {"indexes": {"x/y": INDEX}, "maps": {"x": {"count": 10}}})
    said, content = load_manifest(), path.read_bytes()
    assert main(["verify"]) == 0
    rng, refused = np.random.default_rng(0), 0
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            found = load_manifest()
            assert {**found, **said} == found  # a blank was changed, or the name of the seal
        except ArtifactError:
            refused += 1
    assert refused > len(content) / 3 / 2
    path.write_bytes(content.replace(b'"count": 10', b'"count": 18'))
    assert main(["verify"]) == 1
    problem = "artifacts/manifest.json is damaged: its sha256 is not the one stated."
    assert capsys.readouterr().err == f"{problem} To repair it, run: git restore artifacts\n"


ENTRY = {"sha256": SHA256, "bytes": 20}
INDEX = {"count": 1, "dim": 4, "space": "cosine", "parameters": {}, "items_hash": ""}


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"../outside.bin": ENTRY}},
        {"files": {"a/../../outside.bin": ENTRY}},
        {"files": {"/etc/passwd": ENTRY}},
        {"files": {"nul\0byte": ENTRY}},
        {"files": {"a": {"sha256": SHA256}}},
        {"files": {"a": {"sha256": None, "bytes": 20}}},
        {"files": {"a": {"sha256": SHA256, "bytes": "20"}}},
        {"files": {"a": []}},
        {"files": []},
        {"indexes": None},
        {"indexes": {"x/y": []}},
        {"indexes": {"x/y": {key: value for key, value in INDEX.items() if key != "parameters"}}},
    ],
)
def test_entries_that_are_malformed_or_leave_the_folder_are_refused(artifacts_folder, changes):
    write_manifest(artifacts_folder, files={"a/b..c": ENTRY}, indexes={"x/y": INDEX})
    assert load_manifest()["files"] == {"a/b..c": ENTRY}  # this much is right
    write_manifest(artifacts_folder, **changes)
    with pytest.raises(ArtifactError, match="is damaged: its entries are not of the expected form"):
        load_manifest()


def test_a_right_file_is_given_back(folder):
    assert verified(folder / "a" / "x.bin") == folder / "a" / "x.bin"


def test_wrong_files_are_refused_with_the_reason(folder):
    (folder / "b.bin").unlink()
    (folder / "c.bin").write_bytes(CONTENT + b"!")
    (folder / "a" / "x.bin").write_bytes(CONTENT[:-1] + b"!")  # the same size
    (folder / "new.bin").write_bytes(CONTENT)
    for name, problem in [
        ("b.bin", "is missing"),
        ("c.bin", "is damaged: 21 bytes, expected 20"),
        ("a/x.bin", "is damaged: its sha256 is not the manifest's"),
        ("new.bin", "is not in the manifest"),
    ]:
        with pytest.raises(ArtifactError) as caught:
            verified(folder / name)
        assert (caught.value.file, str(caught.value.problem)) == (name, problem)


def test_a_folder_where_a_file_should_be_is_refused(folder):
    size = (folder / "a").stat().st_size
    write_manifest(folder, files={"a": {"sha256": SHA256, "bytes": size}})
    with pytest.raises(ArtifactError, match=r"artifacts/a cannot be read \(Is a directory\)"):
        verified(folder / "a")


def test_a_file_is_hashed_once_until_its_size_or_time_changes(folder, monkeypatch):
    hashed = []
    original = files.sha256_of
    monkeypatch.setattr(files, "sha256_of", lambda path: hashed.append(path.name) or original(path))
    path = folder / "b.bin"
    for _ in range(3):
        verified(path)
    assert hashed == ["b.bin"]
    os.utime(path, ns=(1, 10**18))
    verified(path)
    assert hashed == ["b.bin", "b.bin"]
    path.write_bytes(CONTENT[::-1])  # same size, another time
    with pytest.raises(ArtifactError, match="sha256"):
        verified(path)
    assert hashed == ["b.bin"] * 3


def test_the_manifest_is_read_once_until_it_changes(folder, monkeypatch):
    read = []
    plain = artifacts.load_manifest
    monkeypatch.setattr(artifacts, "load_manifest", lambda: read.append(1) or plain())
    manifest = folder / "manifest.json"
    for _ in range(3):
        verified(folder / "b.bin")
    assert len(read) == 1
    content = plain()
    content["files"]["b.bin"]["sha256"] = "0" * 64
    save_manifest(content)
    for _ in range(2):
        with pytest.raises(ArtifactError, match="sha256 is not the manifest's"):
            verified(folder / "b.bin")
    assert len(read) == 2
    manifest.unlink()
    with pytest.raises(ArtifactError, match="is missing"):
        verified(folder / "b.bin")


def test_verify_all_hashes_anew_and_answers_in_order_of_name(folder):
    path = folder / "b.bin"
    verified(path)
    status = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # nothing but the content tells
    (folder / "c.bin").unlink()
    assert [(name, str(problem or "")) for name, problem in verify_all()] == [
        ("a/x.bin", ""),
        ("b.bin", "is damaged: its sha256 is not the manifest's"),
        ("c.bin", "is missing"),
    ]


def test_written_puts_the_whole_file_in_place(tmp_path):
    path = tmp_path / "new" / "folder" / "file.npy"
    with written(path) as temporary:
        assert temporary.parent.parent == path.parent  # to be renamed, it must be on the same disk
        assert temporary.suffix == ".npy"  # numpy and hnswlib look at it
        temporary.write_bytes(b"first")
        assert not path.exists()
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["file.npy"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="half way"), written(path) as temporary:
        temporary.write_bytes(b"ne")
        raise RuntimeError("half way")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("remove", [False, True])
def test_a_file_that_was_never_written_is_refused(tmp_path, remove):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match=r"is empty|No such file"), written(path) as temporary:
        if remove:
            temporary.unlink()
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file.bin"]
