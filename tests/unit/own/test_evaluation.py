"""A catalogue of one's own as a protocol, on colours whose neighbours are known by hand."""

from __future__ import annotations

import json

import brought
import compared
import fakes
import numpy as np
import pytest

from core.__main__ import main
from core.config import own_dir
from core.engine.metrics import bootstrap
from core.errors import DataError
from core.own.catalogue import OwnCatalogue
from core.own.evaluation import OwnEvaluation
from core.own.files import write_own

REDS = [(250, 10, 10), (240, 0, 20), (230, 20, 0)]
BLUES = [(10, 10, 250), (0, 20, 240), (20, 0, 230)]


def catalogue(*pictures) -> OwnCatalogue:
    """Of (label, colour) each."""
    mine = OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record()))
    list(mine.add([brought.incoming(f"{n}.png", label, rgb) for n, (label, rgb) in enumerate(pictures)]))
    assert not mine.skipped
    return mine


def evaluated(mine: OwnCatalogue, *backbones: str) -> OwnEvaluation:
    evaluation = OwnEvaluation(mine.items, backbones)
    assert [progress.finished for progress in evaluation.run()][-1]
    return evaluation


@pytest.fixture(autouse=True)
def _fakes(tiny_artifacts, monkeypatch):
    compared.register(monkeypatch)


def test_each_labelled_picture_asks_among_all_others():
    wrong = ("blue", (200, 40, 60))  # looks red
    mine = catalogue(*(("red", rgb) for rgb in REDS), *(("blue", rgb) for rgb in BLUES), wrong, ("", REDS[0]))
    found = evaluated(mine, "reddish").figures["reddish"]
    # Among six others: a red finds two reds and what is called blue, a blue two blues and that, and that three reds;
    # then two of the other colour.
    assert {name: (round(one.value, 4), one.n) for name, one in found.items() if name != "knn_accuracy"} == {
        "R@1": (round(6 / 7, 4), 7),
        "P@5": (round((3 * 2 / 5 + 3 * 3 / 5 + 2 / 5) / 7, 4), 7),
        "mAP@100": (round((3 + 3 + (1 / 4 + 2 / 5 + 3 / 6) / 3) / 7, 4), 7),
    }
    assert found["R@1"] == bootstrap(np.array([1, 1, 1, 1, 1, 1, 0]))


def test_what_is_taken_for_what_is_told_label_by_label():
    wrong = ("blue", (200, 40, 60))  # looks red
    mine = catalogue(("", REDS[0]), *(("red", rgb) for rgb in REDS), *(("blue", rgb) for rgb in BLUES), wrong)
    evaluation = evaluated(mine, "reddish")
    found = evaluation.taken["reddish"]
    assert found.matrix("first").tolist() == [[3, 1], [0, 3]]
    (row,) = found.misses("first")
    assert evaluation.items[found.queries[row]].name == "7.png"
    assert [evaluation.items[position].label for position in found.near[row][:3]] == ["red"] * 3
    rows = evaluation.by_class("reddish")
    assert [(one["class"], one["n"], one["R@1"]) for one in rows] == [("blue", 4, 0.75), ("red", 3, 1)]


def test_a_set_of_queries_asks_in_place_of_the_catalogue():
    mine = catalogue(*(("red", rgb) for rgb in REDS), ("blue", BLUES[0]))
    copy, wrong, stranger = (brought.incoming(f"{n}.png", label, rgb) for n, label, rgb in [
        ("copy", "red", REDS[0]), ("wrong", "blue", (220, 30, 30)), ("stranger", "green", (0, 255, 0)),
    ])  # fmt: skip
    queries = OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record()))
    evaluation = OwnEvaluation(mine.items, ["reddish", "own"], queries=queries)
    list(evaluation.run([copy, wrong, stranger, brought.BASIC[3]]))
    found = evaluation.taken["reddish"]
    assert [evaluation.items[position].name for position in found.queries] == ["copy.png", "wrong.png"]
    assert [evaluation.items[position].name for position in found.near[0][:2]] == ["1.png", "2.png"]  # never its copy
    assert found.matrix("first").tolist() == [[0, 1], [0, 1]]
    assert evaluation.figures["reddish"]["R@1"].n == 2
    assert [one.name for one in evaluation.skipped] == ["text.png"]
    assert "would have to be embedded by the model that made them" in str(evaluation.problems["own"])
    again = OwnEvaluation(mine.items, ["reddish"], queries=OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record())))
    with pytest.raises(DataError, match="No query has a label that the catalogue knows"):
        list(again.run([stranger]))


def test_copies_never_find_each_other_and_a_lonely_label_asks_nothing():
    mine = catalogue(("red", REDS[0]), ("red", REDS[0]), ("red", REDS[1]), ("blue", BLUES[0]), ("lonely", BLUES[1]))
    found = evaluated(mine, "reddish").figures["reddish"]["R@1"]
    assert (found.value, found.n) == (1, 3)  # both copies and the other red; neither blue has a second
    assert found == bootstrap(np.ones(3))
    with pytest.raises(DataError, match="No two pictures of the catalogue share a label"):
        OwnEvaluation(catalogue(("red", REDS[0]), ("red", REDS[0]), ("blue", BLUES[0])).items, ["reddish"])


def test_what_cannot_be_used_is_said_and_the_others_go_on():
    mine = catalogue(*(("red", rgb) for rgb in REDS), *(("blue", rgb) for rgb in BLUES))
    evaluation = evaluated(mine, "dark", "nothing", "reddish", "dark", "nobody", "unbuilt")
    assert list(evaluation.figures) == ["dark", "reddish"]  # the fifth is one too many
    assert [str(problem).partition(".")[0] for problem in evaluation.problems.values()] == [
        "There is no backbone named 'nothing'", "There is no backbone named 'nobody'",
    ]  # fmt: skip
    assert list(evaluation.differences("R@1")) == [("dark", "reddish")]
    rows = evaluation.rows()
    assert [row["R@1"] for row in rows] == sorted((row["R@1"] for row in rows), reverse=True)
    assert {(row["n"], row["R@1 low"] <= row["R@1"] <= row["R@1 high"]) for row in rows} == {(6, True)}


def test_stopping_keeps_what_is_done():
    mine = catalogue(*(("red", rgb) for rgb in REDS))
    evaluation = OwnEvaluation(mine.items, ["dark", "reddish"])
    steps = evaluation.run()
    steps.close()
    assert evaluation.figures == {}


def test_the_command_line_prints_the_table_in_every_form(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    write_own(catalogue(*(("red", rgb) for rgb in REDS), *(("blue", rgb) for rgb in BLUES)), "mine", own_dir())
    ask = ["evaluate", "--catalogue", "mine", "--backbones", "dark", "reddish"]
    assert main([*ask, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["backbone"], row["R@1"], row["n"]) for row in told["results"]] == [("dark", 1, 6), ("reddish", 1, 6)]
    assert [(one["first"], one["second"], one["p"]) for one in told["differences"]] == [("dark", "reddish", 1)]
    for form, start in (("csv", "backbone,title,"), ("markdown", "| backbone | R@1 |"), ("latex", r"\begin{tabular}")):
        assert main([*ask, "--format", form]) == 0
        out = capsys.readouterr().out
        assert out.startswith(start)
        assert "1.000" in out
    assert main(ask) == 0
    assert "| dark | 1.000 [0.610, 1.000] |" in (out := capsys.readouterr().out)
    assert "dark − reddish: R@1 +0.000 [+0.000, +0.000], p = 1.000 (Holm)" in out
    assert main([*ask, "--by-class", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["backbones"][0]
    assert (first["backbone"], first["confusion"]["first"], first["misses"]["first"]) == ("dark", [[3, 0], [0, 3]], [])
    assert main([*ask, "--by-class"]) == 0
    assert "reddish, taken for: first" in capsys.readouterr().out
    (tmp_path / "q" / "red").mkdir(parents=True)
    (tmp_path / "q" / "blue").mkdir()
    (tmp_path / "q" / "red" / "1.png").write_bytes(brought.picture((235, 5, 5)))
    (tmp_path / "q" / "blue" / "1.png").write_bytes(brought.picture((5, 5, 235)))
    assert main([*ask, "--queries", str(tmp_path / "q"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["results"]
    assert [(row["R@1"], row["n"]) for row in rows] == [(1, 2), (1, 2)]
    assert main(["evaluate", "--catalogue", "mine", "--backbones", "nothing"]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "--backbones", "dark"])
