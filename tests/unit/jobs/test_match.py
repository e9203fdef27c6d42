"""`python -m core match`: what the page and the API say of a set of queries, on the command line."""

from __future__ import annotations

import csv
import io
import json

import brought
import fakes
import pytest
from sorted_pictures import make_zip

from core.__main__ import main
from core.config import own_dir
from core.own.catalogue import OwnCatalogue
from core.own.files import write_own
from core.own.ingest.zip_source import ZipSource
from core.own.items import OWN
from core.own.queries import QuerySet, results_csv, results_json
from core.own.search import OwnSearch

COLOURS = {"red/1.png": (250, 10, 10), "red/2.png": (230, 0, 30), "blue/1.png": (10, 10, 250)}
QUERIES = {"red/q.png": brought.picture((240, 5, 20)), "blue/q.png": brought.picture((0, 30, 230)), "x.png": b"nothing"}


@pytest.fixture
def mine(tiny_artifacts, tmp_path, monkeypatch) -> OwnCatalogue:
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    catalogue = OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record()))
    parts = [brought.incoming(name, name.partition("/")[0], rgb) for name, rgb in COLOURS.items()]
    list(catalogue.add(parts))
    write_own(catalogue, "mine", own_dir())
    (tmp_path / "q.zip").write_bytes(make_zip(QUERIES))
    return catalogue


def asked(mine: OwnCatalogue) -> QuerySet:
    from core.compare.gallery import search_engine

    queries = QuerySet(OwnSearch(search_engine("vitrine-clip"), mine), OWN, 2)
    list(queries.run(ZipSource(make_zip(QUERIES))))
    return queries


def test_it_gives_the_answers_of_the_page_in_every_form(mine, tmp_path, capsys):
    expected, ask = asked(mine), ["match", str(tmp_path / "q.zip"), "--catalogue", "mine", "--k", "2"]
    least = expected.results[0].hits[1].similarity - 1e-6
    ask += ["--min-similarity", str(least)]
    assert main([*ask, "--json"]) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["queries"] == json.loads(json.dumps(results_json(expected.results, least)))
    assert [one["answer"] for one in told["queries"]].count("match") >= 1
    assert [one["name"] for one in told["skipped"]] == ["x.png"]
    assert "Best balance at --min-similarity" in printed.err
    assert main([*ask, "--csv"]) == 0
    printed = capsys.readouterr()
    assert printed.out == results_csv(expected.results, least)
    assert {row["answer"] for row in csv.DictReader(io.StringIO(printed.out))} <= {"match", "no match"}
    assert "skipped: x.png" in printed.err


def test_a_folder_against_a_built_catalogue_and_what_matches_nothing_says_so(mine, tmp_path, capsys):
    (tmp_path / "folder" / "red").mkdir(parents=True)
    (tmp_path / "folder" / "red" / "q.png").write_bytes(QUERIES["red/q.png"])
    ask = ["match", str(tmp_path / "folder"), "--catalogue", "clothing"]
    assert main([*ask, "--k", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and all("clothing/" in line for line in lines[1:])
    assert main([*ask, "--min-similarity", "1"]) == 0
    assert "q.png: no match (the closest has 0." in capsys.readouterr().out


def test_what_is_asked_wrongly_is_one_sentence(mine, tmp_path, capsys):
    (tmp_path / "table.csv").write_text("image_url\nhttps://example.org/a.png\n")
    assert main(["match", str(tmp_path / "table.csv"), "--catalogue", "mine"]) == 1
    assert "neither a folder nor a ZIP archive" in capsys.readouterr().err
    assert main(["match", str(tmp_path / "q.zip"), "--catalogue", "nobody"]) == 2
    (tmp_path / "none.zip").write_bytes(make_zip({"x.png": b"nothing"}))
    assert main(["match", str(tmp_path / "none.zip"), "--catalogue", "mine"]) == 1
    for wrong in (["--k", "0"], ["--min-similarity", "2"], ["--json", "--csv"]):
        with pytest.raises(SystemExit, match="2"):
            main(["match", str(tmp_path / "q.zip"), "--catalogue", "mine", *wrong])
