"""What the API answers beside searches: each is what the engine, a catalogue or a classifier itself gives."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakes
import jsonschema
import numpy as np
import pytest
from sorted_pictures import make_zip
from starlette.testclient import TestClient

from core import api
from core.api.description import description
from core.classifier.model import files
from core.classifier.model.classifier import Classifier
from core.classifier.model.predict import Predictor
from core.classifier.training.head import Head
from core.config import API_MAX_BATCH, classifiers_dir
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import load_items
from core.engine.files.tables import from_csv
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query
from core.own.ingest.incoming import Incoming


def png(rgb: tuple[int, int, int] = (200, 30, 40)) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb, (40, 30)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def client(tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VITRINE_API_PER_MINUTE", "0")
    with TestClient(api.application(), raise_server_exceptions=False) as client:
        yield client


def conforms(response: Any, schema: str, status: int = 200) -> dict[str, Any]:
    """The JSON of an answer, which must be as the description says."""
    content = response.json()
    assert response.status_code == status, content
    jsonschema.validate(content, {"$ref": f"#/components/schemas/{schema}", "components": description()["components"]})
    return content


def test_a_picture_and_words_become_the_vectors_of_the_engine(client: TestClient, engine: SearchEngine) -> None:
    for response, query in (
        (client.post("/api/embed", files={"image": png()}), Query(photo=png())),
        (client.post("/api/embed", json={"text": "red"}), Query(text="red")),
    ):
        content = conforms(response, "Embedded")
        np.testing.assert_allclose(content["embedding"], engine.embed(query)[0], atol=1e-6)
        assert (content["backbone"], content["dim"]) == ("vitrine-clip", 4)
    assert conforms(client.post("/api/embed", json={"item": "x"}), "Error", 422)["code"] == "invalid"
    assert (
        conforms(client.post("/api/embed", files={"image": b"text"}), "Error", 415)["code"] == "engine.picture-unknown"
    )


def test_catalogues_are_what_their_records_say(client: TestClient) -> None:
    found = conforms(client.get("/api/catalogues"), "Catalogues")["catalogues"]
    assert [(one["id"], one["n_items"], len(one["labels"])) for one in found] == [
        (id, record.n_items, len(record.classes)) for id, record in CATALOGUES.items()
    ]


def test_items_come_page_by_page_and_each_once(client: TestClient) -> None:
    table, found, cursor = load_items("clothing"), [], None
    for _ in range(100):
        asked = {"catalogue": "clothing", "limit": "7"} | ({"cursor": cursor} if cursor else {})
        page = conforms(client.get("/api/items", params=asked), "Items")
        found += page["items"]
        assert len(page["items"]) == 7 or page["next"] is None
        if (cursor := page["next"]) is None:
            break
    assert [one["id"] for one in found] == table.frame["id"].tolist()
    label = found[0]["label"]
    of_label = client.get("/api/items", params={"catalogue": "clothing", "label": label, "limit": "100"}).json()[
        "items"
    ]
    assert [one["id"] for one in of_label] == [one["id"] for one in found if one["label"] == label][:100]
    for wrong in ({}, {"catalogue": "x"}, {"limit": "0"}, {"limit": "x"}):
        conforms(client.get("/api/items", params={"catalogue": "clothing"} | wrong if wrong else {}), "Error", 422)
    conforms(client.get("/api/items", params={"catalogue": "clothing", "label": "Sock"}), "Error", 404)
    lost = client.get("/api/items", params={"catalogue": "clothing", "cursor": "clothing/none"})
    assert conforms(lost, "Error", 404)["code"] == "engine.no-item"


def test_each_picture_of_a_batch_gets_its_own_answer(client: TestClient, engine: SearchEngine) -> None:
    contents = [("a.png", png()), ("b.txt", b"no picture"), ("c.png", png((10, 200, 30)))]
    response = client.post("/api/search/batch", files=[("image", one) for one in contents], data={"k": "3"})
    first, second, third = conforms(response, "Batch")["answers"]
    for answer, (name, content) in ((first, contents[0]), (third, contents[2])):
        hits = engine.search(Query(photo=content, k=3)).hits
        assert (answer["query"], [hit["id"] for hit in answer["hits"]]) == (name, [hit.id for hit in hits])
    assert (second["query"], second["problem"]["code"]) == ("b.txt", "engine.picture-unknown")
    assert second["problem"]["detail"].startswith("b.txt: it is not a picture")
    many = [("image", contents[0])] * (API_MAX_BATCH + 1)
    conforms(client.post("/api/search/batch", files=many), "Error", 400)
    conforms(client.post("/api/search/batch", files={"other": png()}), "Error", 422)
    conforms(client.post("/api/search/batch", json={}), "Error", 415)


REDS = {"red/1.png": png((250, 0, 0)), "red/2.png": png((240, 20, 0)), "blue/1.png": png((0, 0, 250))}
QUERIES = {"red/q.png": png((245, 5, 5)), "green/q.png": png((0, 250, 0)), "notes.txt": b"text"}


def test_queries_are_matched_against_an_archive_and_no_match_is_an_answer(client: TestClient) -> None:
    parts = {"gallery": make_zip(REDS), "queries": make_zip(QUERIES)}
    asked = {"min_similarity": "0.95", "k": "2"}
    content = conforms(client.post("/api/match", files=parts, data=asked), "Matched")
    red, green = content["queries"]
    assert (red["query"], red["answer"]) == ("red/q.png", "match")
    assert [hit["label"] for hit in red["hits"]] == ["red", "red"]
    assert (green["answer"], green["hits"]) == ("no match", [])
    assert [one["name"] for one in content["skipped"]] == ["notes.txt"]
    table = client.post("/api/match", files=parts, data=asked | {"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert [row["answer"] for row in from_csv(table.text)] == ["match", "match", "no match"]


def test_a_built_catalogue_takes_the_place_of_the_first_archive(client: TestClient, engine: SearchEngine) -> None:
    parts = {"queries": make_zip({"q.png": png()})}
    content = conforms(client.post("/api/match", files=parts, data={"catalogue": "clothing", "k": "1"}), "Matched")
    best = max(engine.search(Query(photo=png(), k=20)).hits, key=lambda hit: (hit.catalogue == "clothing", -hit.rank))
    assert [hit["id"] for hit in content["queries"][0]["hits"]] == [best.id]
    for wrong in ({"catalogue": "x"}, {}, {"catalogue": "clothing", "format": "xml"}):
        conforms(client.post("/api/match", files=parts, data=wrong), "Error", 422)
    bad = client.post("/api/match", files={"queries": b"no zip"}, data={"catalogue": "clothing"})
    assert conforms(bad, "Error", 422)["code"] == "own.no-zip"


def test_a_saved_classifier_gives_what_it_gives_itself(client: TestClient) -> None:
    layers = [(np.arange(8, dtype=np.float32).reshape(4, 2), np.zeros(2, np.float32))]
    facts = {"data": "colours", "pictures": {"train": 3}, "figures": []}
    classifier = Classifier(Head(layers), ("warm", "cold"), "vitrine-clip", "", "linear", facts)
    files.save(classifier, classifiers_dir() / "mine")
    contents = [("a.png", png()), ("b.txt", b"x"), ("c.png", png((0, 0, 250)))]
    response = client.post("/api/classify", files=[("image", one) for one in contents], data={"classifier": "mine"})
    content = conforms(response, "Classified")
    predictor = Predictor(classifier, fakes.FakeEmbedder(fakes.fake_record()))
    list(predictor.add([Incoming(name, "", data) for name, data in contents]))
    assert [(one["name"], one["label"]) for one in content["predictions"]] == [
        (one.name, one.label) for one in predictor.predictions
    ]
    assert sum(content["predictions"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert [one["name"] for one in content["skipped"]] == ["b.txt"]
    for name in ("none", "../mine"):
        unknown = client.post("/api/classify", files={"image": png()}, data={"classifier": name})
        assert "Known: mine." in conforms(unknown, "Error", 404)["detail"]


def test_the_description_is_a_page_without_scripts(client: TestClient) -> None:
    for address in ("/api", "/api/"):
        assert conforms(client.get(address), "Index")["documentation"] == "/api/docs"
    response = client.get("/api/docs")
    assert response.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.search(r"<script|<link|src=|https?://", response.text)
    assert "<code>detail</code> is one plain sentence" in response.text
    for path, methods in description()["paths"].items():
        for method, said in methods.items():
            assert f'<section id="{said["operationId"]}">' in response.text
            assert f"{method.upper()}</span> <code>{path}</code>" in response.text
