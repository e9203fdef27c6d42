"""The notebook does what it says, cell by cell, on the artifacts that ship."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from core.config import ROOT, artifacts_dir
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query

NOTEBOOK = ROOT / "docs" / "engine.ipynb"


@pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built")
def test_every_cell_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.path", list(sys.path))
    names: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    hits = SearchEngine().search(Query(photo=ROOT / "samples" / "dress.jpg", k=3)).hits
    assert [hit.id for hit in names["hits"]] == [hit.id for hit in hits]
    assert {hit.catalogue for hit in names["bluer"]} == {"clothing"}
    assert names["embedded"].embeddings.shape == (len(list((ROOT / "samples").glob("*.jpg"))), 160)
    figures = {id: of["R@1"].value for id, of in names["evaluation"].figures.items()}
    assert figures["vitrine-clip"] > figures["colour-histogram"]
    assert capsys.readouterr().out.count("\n| ") == 3
