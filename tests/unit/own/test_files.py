"""A catalogue that was written can be read again, and nothing that was changed since is."""

from __future__ import annotations

import io
import json
import pickle

import fakes
import numpy as np
import pytest
from brought import BASIC

from core.__main__ import main
from core.engine.files.folder import read_folder, write_folder
from core.engine.files.tables import from_csv, to_csv
from core.errors import DataError, UnknownNameError
from core.own.catalogue import OwnCatalogue
from core.own.files import open_own, saved_names, write_own


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture
def embedder():
    return fakes.FakeEmbedder(fakes.fake_record())


@pytest.fixture
def written(tmp_path, embedder):
    catalogue = OwnCatalogue(embedder)
    list(catalogue.add(BASIC))
    catalogue.remove(["own/1"])
    write_own(catalogue, "mine", tmp_path)
    return catalogue


def test_what_was_written_is_read_again(tmp_path, embedder, written):
    again = open_own("mine", tmp_path, embedder)
    assert again.items == written.items
    assert again.items[1].metadata == {"Price": "=1+1", "id": "7"}
    np.testing.assert_array_equal(again.embeddings, written.embeddings)
    assert again.n_bytes == written.n_bytes
    list(again.add(BASIC[:1]))
    assert [item.id for item in again.items] == ["own/2", "own/3", "own/4", "own/5"]
    assert saved_names(tmp_path) == ["mine"] and saved_names(tmp_path / "none") == []


@pytest.mark.parametrize("file", ["embeddings.npz", "items.csv", "pictures.npz"])
def test_a_flipped_bit_or_a_missing_file_is_refused(tmp_path, embedder, written, file):
    path = tmp_path / "mine" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{file} is damaged: its sha256 is not the one stated. Build it again: python"):
        open_own("mine", tmp_path, embedder)
    path.unlink()
    with pytest.raises(DataError, match=f"{file} is missing. Build it again: python"):
        open_own("mine", tmp_path, embedder)


def test_what_a_killed_build_left_is_neither_listed_nor_kept(tmp_path, written):
    """Of this version: a hidden folder; of earlier ones: hidden files named like what they were to become."""
    earlier = (".shop.json.k3_x9ab1.json", ".shop.pictures.npz.aaaaaaaa.npz", ".shop.hnsw.aaaaaaa1.hnsw")
    for name in (*earlier, ".shop.json.swp", ".notes.txt", "old.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / ".shop.unfinished-abc" / "new").mkdir(parents=True)
    (tmp_path / ".shop.unfinished-abc" / "new" / "catalogue.json").write_text("{}")
    assert saved_names(tmp_path) == ["mine", "old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".notes.txt", ".shop.json.swp", "mine", "old.json"]


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("embeddings.npz", pickle.dumps([1]), r"embeddings\.npz cannot be read \(\w+\)\. Build it again"),
        ("embeddings.npz", npz(embeddings=np.full((3, 4), np.nan)), r"embeddings\.npz is damaged: a row of it"),
        ("embeddings.npz", npz(embeddings=np.zeros((3, 4))), r"embeddings\.npz is damaged: a row of it"),
        ("embeddings.npz", npz(embeddings=np.ones((3, 5))), "do not fit each other"),
        ("embeddings.npz", npz(embeddings=np.ones((2, 4))), "do not fit each other"),
        ("embeddings.npz", npz(rows=np.ones((3, 4))), r"embeddings\.npz cannot be read \(KeyError\)"),
        ("pictures.npz", npz(pictures=np.ones(3, np.uint8), ends=np.ones(2, np.int64)), "do not fit each other"),
        ("pictures.npz", b"garbage", r"pictures\.npz cannot be read"),
        ("items.csv", b"id,name\n1,2\n", "do not fit each other"),
        ("items.csv", b"\xff\xfe", "do not fit each other"),
    ],
)
def test_what_is_no_catalogue_is_refused_whoever_signed_it(tmp_path, embedder, written, file, content, problem):
    place = tmp_path / "mine"
    contents = {path.name: path.read_bytes() for path in place.iterdir() if path.suffix != ".json"} | {file: content}
    facts = read_folder(place, "catalogue.json", 3, DataError).facts
    write_folder(place, "catalogue.json", facts, contents)
    with pytest.raises(DataError, match=problem):
        open_own("mine", tmp_path, embedder)


def test_what_cannot_be_opened_is_said(tmp_path, embedder, written):
    with pytest.raises(UnknownNameError, match=r"no catalogue named '../mine'.*clothing, fashion-mnist, mine"):
        open_own("../mine", tmp_path, embedder)
    other = fakes.FakeEmbedder(fakes.fake_record("other"))
    with pytest.raises(DataError, match="was made with the backbone vitrine-clip, not other"):
        open_own("mine", tmp_path, other)
    description = tmp_path / "mine" / "catalogue.json"
    facts = json.loads(description.read_text())
    for content in ("{", "[]", json.dumps(facts | {"schema": 1}), json.dumps(facts | {"files": []})):
        description.write_text(content)
        with pytest.raises(DataError, match=r"catalogue\.json (is damaged|has schema).*Build it again"):
            open_own("mine", tmp_path, embedder)


def test_the_command_line_builds_and_searches(tiny_artifacts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    for one in (BASIC[0], BASIC[2]):
        (tmp_path / "from").mkdir(exist_ok=True)
        (tmp_path / "from" / one.name).write_bytes(one.data)
    assert main(["build", "--catalogue", "mine", "--from", str(tmp_path / "from")]) == 0
    capsys.readouterr()
    assert main(["search", "--text", "red", "--catalogue", "mine", "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert [(hit["id"], hit["catalogue"]) for hit in hits] == [("own/2", "own"), ("own/1", "own")]
    assert main(["search", str(tmp_path / "from" / "red.png"), "--catalogue", "mine", "--k", "1"]) == 0
    assert "red.png" in capsys.readouterr().out
    assert main(["search", "--text", "red", "--catalogue", "nothing"]) == 2
    assert "There is no catalogue named 'nothing'" in capsys.readouterr().err


def test_a_table_read_again_is_what_it_was():
    rows = [{"a": "=1+1", "=b": "line\r\nbreak", "c": "'quoted"}, {"a": "", "=b": "-", "c": "\ufeff@x"}]
    assert from_csv(to_csv(["a", "=b", "c"], rows)) == rows
