"""Backbones class by class, on the tiny catalogues, against plain loops and against what an evaluation keeps."""

from __future__ import annotations

import json

import compared
import fakes
import numpy as np
import pytest

from core.__main__ import main
from core.compare import gallery
from core.compare.figures.classes import class_figures, confused, sides_of
from core.compare.figures.outcomes import load_outcomes
from core.config import DEFAULT_BACKBONE
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.embedded import Labelled
from core.engine.catalogues.items import load_items
from core.engine.embedders.base import Embedder
from core.engine.search import process
from core.errors import VitrineError
from core.jobs.evaluate import protocols
from core.jobs.evaluate.protocols import evaluate


@pytest.fixture(autouse=True)
def _evaluated(tiny_artifacts, monkeypatch):
    compared.register(monkeypatch)
    compared.write_galleries()
    gallery._compare_engine.cache_clear()
    process._default_engine.cache_clear()
    monkeypatch.setattr(protocols, "_cost", lambda record, report: {})
    known = protocols.labelled

    def labelled(embedder: Embedder, catalogue: str) -> Labelled:
        if embedder.record.id == DEFAULT_BACKBONE:
            return known(embedder, catalogue)
        return Labelled(load_items(catalogue), compared.embeddings_of(embedder.record.id, catalogue))

    monkeypatch.setattr(protocols, "labelled", labelled)
    for id in (DEFAULT_BACKBONE, "dark"):
        evaluate(id, lambda line: None, only=("clothing", "fashion-mnist"))


def test_who_asks_is_who_is_evaluated_and_what_they_find_is_what_is_kept():
    for protocol in ("clothing", "fashion-mnist"):
        found, kept = confused(DEFAULT_BACKBONE, protocol), load_outcomes(DEFAULT_BACKBONE)
        np.testing.assert_array_equal(found.guesses["first"] == found.truth, kept[protocol, "R@1"])
        np.testing.assert_array_equal(found.guesses["vote"] == found.truth, kept[protocol, "knn_accuracy"])


def test_a_photo_of_clothes_finds_no_photo_of_its_sender():
    items = load_items("clothing")
    found, senders = confused(DEFAULT_BACKBONE, "clothing"), items.frame["sender"].to_numpy()
    usable = found.similarities > -1
    assert usable.all(axis=1).any()
    assert not ((senders[found.near] == senders[found.queries][:, None]) & usable).any()
    labels = items.frame["label"].astype(str).to_numpy()
    np.testing.assert_array_equal(labels[found.near], np.array(found.names)[found.near_classes])
    assert not set(labels[found.queries]) & set(CATALOGUES["clothing"].no_garment)


def test_the_figures_of_all_classes_make_the_figure_of_all():
    rows = class_figures("dark", "clothing")
    queries = sides_of("clothing", load_items("clothing")).queries
    assert sum(row["n"] for row in rows) == len(queries)
    mean = sum(row["n"] * row["P@5"] for row in rows) / len(queries)
    assert mean == pytest.approx(load_outcomes("dark")["clothing", "P@5"].mean())
    assert class_figures("reddish", "clothing") == []  # which nobody has evaluated


def test_a_gallery_without_the_test_pictures_says_so():
    assert confused("dark", "clothing").matrix("first").sum() == len(confused("dark", "clothing").queries)
    with pytest.raises(VitrineError, match="holds no test pictures of fashion-mnist"):
        confused("dark", "fashion-mnist")


def test_the_command_line_prints_every_form(capsys):
    ask = ["evaluate", "--by-class", "--backbone", "dark", "--only", "clothing", "fashion-mnist"]
    assert main(ask) == 0
    told = capsys.readouterr()
    assert "clothing, taken for: vote" in told.out
    assert "| Ankle boot |" in told.out
    assert told.err.count("holds no test pictures") == 1
    assert main([*ask, "--json"]) == 0
    clothing, mnist = json.loads(capsys.readouterr().out)["protocols"]
    assert (clothing["protocol"], mnist["protocol"], "confusion" in mnist) == ("clothing", "fashion-mnist", False)
    found = confused("dark", "clothing")
    assert clothing["confusion"]["first"] == found.matrix("first").tolist()
    assert len(clothing["misses"]["first"]) == min(100, len(found.misses("first")))
    miss = clothing["misses"]["first"][0]
    assert miss["label"] != miss["taken_for"] == miss["hits"][0]["label"]
    assert miss["id"] == fakes.make_items("clothing").row(int(found.queries[found.misses("first")[0]])).id
    for form, start in (("csv", "class,n,R@1,R@1 low"), ("latex", r"\begin{tabular}")):
        assert main([*ask, "--format", form]) == 0
        assert capsys.readouterr().out.startswith(start)
    assert main(["evaluate", "--by-class", "--backbone", "reddish"]) == 1
    assert "reddish has not been evaluated" in capsys.readouterr().err
