"""Embeddings that were made elsewhere, as one more backbone of a catalogue: matched, searched, evaluated, kept."""

from __future__ import annotations

import json

import brought as pictures
import compared
import fakes
import numpy as np
import pytest

from core.__main__ import main
from core.config import Quota, own_dir
from core.engine.search.query import Filters, Query
from core.errors import DataError, UnknownNameError, VitrineError
from core.own.brought import BROUGHT, fit_to
from core.own.catalogue import OwnCatalogue
from core.own.evaluation import OwnEvaluation
from core.own.files import open_own, write_own
from core.own.ingest.vectors import Vectors
from core.own.search import BroughtSearch

NAMES = ["red/1.png", "red/2.png", "blue/1.png", "blue/2.png"]
#: In these, each red lies beside a blue.
CROSSED = np.array([[1, 0, 0], [0, 1, 0], [0.9, 0.1, 0], [0.1, 0.9, 0]], np.float32)


@pytest.fixture(autouse=True)
def _fakes(tiny_artifacts, monkeypatch):
    compared.register(monkeypatch)


def catalogue(quota: Quota | None = None) -> OwnCatalogue:
    mine = OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record()), quota=quota)
    colours = [(250, 10, 10), (230, 0, 30), (10, 10, 250), (0, 30, 230)]
    parts = zip(NAMES, colours, strict=True)
    list(mine.add([pictures.incoming(name, name.partition("/")[0], colour) for name, colour in parts]))
    return mine


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def vectors(*ids: str) -> Vectors:
    return Vectors(ids or None, unit(CROSSED))


@pytest.mark.parametrize("prefix", ["", "photos.zip/", "/home/me/photos/"])
def test_files_are_known_by_their_names_in_any_order(prefix):
    mine = catalogue()
    order = [2, 0, 3, 1]
    shuffled = Vectors(tuple(prefix + NAMES[i] for i in order), unit(CROSSED)[order])
    np.testing.assert_array_equal(mine.bring(shuffled, "x.npz").of(mine.items), unit(CROSSED))
    by_id = Vectors(tuple(mine.items[i].id for i in order), unit(CROSSED)[order])
    np.testing.assert_array_equal(fit_to(mine.items, by_id, "x").of(mine.items), unit(CROSSED))


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ((*NAMES[:3], "nobody.png"), "no picture with the id or the file name nobody.png"),
        ((*NAMES[:3], "own/1"), "The id own/1 is there twice"),
    ],
)
def test_ids_of_nobody_and_ids_that_mean_one_picture_are_refused(ids, words):
    with pytest.raises(DataError, match=words):
        catalogue().bring(vectors(*ids), "x")


def test_too_few_too_many_and_too_large_are_refused_and_what_was_there_stays():
    mine = catalogue()
    mine.bring(vectors(), "first")
    with pytest.raises(DataError, match=r"no embedding for 1 pictures of the catalogue; the first is blue/2\.png"):
        mine.bring(Vectors(tuple(NAMES[:3]), unit(CROSSED)[:3]), "x")
    with pytest.raises(DataError, match="one embedding for each of the 4 pictures, in their order; it holds 3"):
        mine.bring(Vectors(None, unit(CROSSED)[:3]), "x")
    assert mine.brought.name == "first"
    small = catalogue(Quota(memory=mine.n_bytes + 40))
    with pytest.raises(DataError, match="more than the"):
        small.bring(vectors(), "x")
    twice = [*mine.items, mine.items[0].__class__(**{**vars(mine.items[0]), "id": "own/9"})]
    with pytest.raises(DataError, match=r"Several pictures are called red/1\.png"):
        fit_to(twice, vectors(*NAMES), "x")


def test_an_item_and_a_vector_are_searched_with_a_photo_is_not():
    mine = catalogue()
    mine.bring(vectors(), "x")
    engine = BroughtSearch(mine)
    hits = engine.search(Query(item="own/1", k=2, filters=Filters(("own",)))).hits
    assert [(hit.id, round(hit.similarity, 3)) for hit in hits] == [("own/3", 0.994), ("own/4", 0.11)]
    (hit,) = engine.search(Query(embedding=np.array([0, 1, 0], np.float32), k=1)).hits
    assert hit.id == "own/2"
    with pytest.raises(VitrineError, match="The query has 2 numbers, the embeddings have 3"):
        engine.search(Query(embedding=np.ones(2, np.float32)))
    for query in (Query(photo=b"x"), Query(text="red")):
        with pytest.raises(VitrineError, match="would have to be embedded by the model that made them"):
            engine.search(query)
    with pytest.raises(UnknownNameError):
        engine.search(Query(item="clothing/x"))


def test_they_are_evaluated_beside_others_and_follow_what_is_removed():
    mine = catalogue()
    mine.bring(vectors(*NAMES), "x")
    evaluation = OwnEvaluation(mine.items, [BROUGHT, "reddish"], brought=mine.brought)
    list(evaluation.run())
    assert evaluation.figures[BROUGHT]["R@1"].value == 0
    assert evaluation.taken[BROUGHT].matrix("first").tolist() == [[0, 2], [2, 0]]
    mine.remove(["own/1"])
    assert mine.brought.of(mine.items).shape == (3, 3)
    list(mine.add([pictures.incoming("new.png", "red", (200, 0, 0))]))
    later = OwnEvaluation(mine.items, [BROUGHT], brought=mine.brought)
    list(later.run())
    assert "no embedding for 1 pictures" in str(later.problems[BROUGHT])


def test_they_are_kept_with_the_catalogue_and_read_as_carefully(tmp_path):
    mine = catalogue()
    mine.bring(vectors(*NAMES), "mine.npz")
    mine.remove(["own/2"])
    write_own(mine, "mine", tmp_path)
    again = open_own("mine", tmp_path, mine.embedder)
    assert again.brought.name == "mine.npz"
    np.testing.assert_allclose(again.brought.of(again.items), mine.brought.of(mine.items), atol=1e-7)
    file = tmp_path / "mine" / "vectors.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"vectors\.npz is damaged"):
        open_own("mine", tmp_path, mine.embedder)


def test_the_command_line_adds_searches_and_evaluates_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    write_own(catalogue(), "mine", own_dir())
    np.savez(tmp_path / "v.npz", ids=np.array(NAMES), vectors=CROSSED)
    search = ["search", "--catalogue", "mine", "--backbone", "own"]
    assert main([*search, "--item", "own/1"]) == 1
    assert "python -m core build --catalogue mine --embeddings FILE" in capsys.readouterr().err
    assert main(["build", "--catalogue", "mine", "--embeddings", str(tmp_path / "v.npz")]) == 0
    assert "4 embeddings of 3 numbers were added" in capsys.readouterr().err
    assert main([*search, "--item", "own/1", "--paths", "--k", "1"]) == 0
    assert capsys.readouterr().out == "own/3\n"
    assert main([*search, "--vector", str(tmp_path / "v.npz"), "--paths", "--k", "1"]) == 0
    assert capsys.readouterr().out.split() == ["own/1", "own/2", "own/3", "own/4"]
    assert main([*search, "--text", "red"]) == 1
    assert main([*search[:3], "--vector", str(tmp_path / "v.npz")]) == 1
    assert "The query has 3 numbers, the embeddings have 4" in capsys.readouterr().err
    assert main(["evaluate", "--catalogue", "mine", "--backbones", "own", "reddish", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["results"]
    assert {row["backbone"]: row["R@1"] for row in rows} == {"own": 0, "reddish": 1}
    (tmp_path / "bad.npy").write_bytes(b"no")
    assert main(["build", "--catalogue", "mine", "--embeddings", str(tmp_path / "bad.npy")]) == 1
    assert main(["build", "--catalogue", "nobody", "--embeddings", str(tmp_path / "v.npz")]) == 2
    for wrong in (["build", "--embeddings", "x"], ["build", "--catalogue", "x"], ["search", "--backbone", "own"]):
        with pytest.raises(SystemExit, match="2"):
            main(wrong)
