"""The HTTP API without a server: every refusal with its sentence, and the hits of the engine itself."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import anyio
import fakes
import jsonschema
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import __main__, __version__, api
from core.api import answers, body, endpoints
from core.api.description import description
from core.config import MAX_IMAGE_BYTES, MAX_SEARCHES, ROOT
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES, fashion_mnist
from core.engine.files.manifest import load_manifest, save_manifest
from core.engine.images.region import Region
from core.engine.search import process
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Filters, Query, Wording

RED_ITEM = fakes.make_items("clothing").row(0).id
GREY_ITEM = fakes.make_items("fashion-mnist").row(7).id
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


def png(rgb: tuple[int, int, int] = (200, 30, 40), size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb, size).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def app(tiny_artifacts: Path) -> Starlette:
    return api.application()


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def conforms(response: Any, schema: str) -> dict[str, Any]:
    """The JSON of a response, which must be as the description says."""
    whole = description()
    content = response.json()
    jsonschema.validate(content, {"$ref": f"#/components/schemas/{schema}", "components": whole["components"]})
    return content


def refused(response: Any, status: int, sentence: str) -> None:
    assert (response.status_code, conforms(response, "Error")["detail"]) == (status, sentence)
    assert response.headers["content-type"] == "application/problem+json"


def ids(content: dict[str, Any]) -> list[str]:
    return [hit["id"] for hit in content["hits"]]


# What is found


def test_a_picture_gets_the_hits_of_the_engine(client: TestClient, engine: SearchEngine) -> None:
    response = client.post("/api/search", files={"image": ("my red.png", png())}, data={"k": "7"})
    assert response.status_code == 200
    content = conforms(response, "Found")
    expected = engine.search(Query(photo=png(), k=7)).hits
    assert [(hit["rank"], hit["id"], hit["catalogue"], hit["label"], hit["title"]) for hit in content["hits"]] == [
        (hit.rank, hit.id, hit.catalogue, hit.label, hit.title) for hit in expected
    ]
    for got, hit in zip(content["hits"], expected, strict=True):
        wanted = (hit.similarity, hit.closer_than, hit.same_kind)
        assert (got["similarity"], got["closer_than"], got["same_kind"]) == pytest.approx(wanted, abs=1e-5)
    assert (content["backbone"], content["query"]) == ("vitrine-clip", "my red.png")
    assert list(content["timings_ms"]) == ["decode", "embed", "search"]


def test_the_answer_is_that_of_the_command_line_and_more(
    client: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(png())
    assert __main__.main(["search", str(photo), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    content = client.post("/api/search", files={"image": photo.read_bytes()}).json()
    assert list(printed) == list(content)
    assert [{key: hit[key] for key in printed["hits"][0]} for hit in content["hits"]] == printed["hits"]
    assert printed["timings_ms"].keys() == content["timings_ms"].keys()


def test_words_get_the_hits_of_the_engine(client: TestClient, engine: SearchEngine) -> None:
    content = conforms(client.post("/api/search", json={"text": "red", "k": 4}), "Found")
    assert ids(content) == [hit.id for hit in engine.search(Query(text="red", k=4)).hits]
    assert all(0 <= hit["closer_than"] <= 1 and 0 <= hit["same_kind"] <= 1 for hit in content["hits"])
    assert content["query"] == "red"


def test_words_beside_the_subject_change_the_hits(client: TestClient, engine: SearchEngine) -> None:
    said = {"but": "blue", "less": "red", "weight": 0.5}
    wanted = [hit.id for hit in engine.search(Query(item=GREY_ITEM, k=6, wording=Wording(**said))).hits]
    asked = conforms(client.post("/api/search", json={"item": GREY_ITEM, "k": 6} | said), "Found")
    got = conforms(client.get("/api/similar", params={"item": GREY_ITEM, "k": 6} | said), "Found")
    assert ids(asked) == ids(got) == wanted != [hit.id for hit in engine.search(Query(item=GREY_ITEM, k=6)).hits]
    assert {(hit["closer_than"], hit["same_kind"]) for hit in got["hits"]} == {(None, None)}
    for wrong in ({"weight": 2}, {"weight": None}, {"but": ""}, {"less": 3}, {"but": "x" * 600}):
        assert client.post("/api/search", json={"text": "red"} | wrong).status_code == 422


def test_what_agrees_is_said_and_colours_and_patterns_can_be_asked_for(client: TestClient) -> None:
    fakes.add_looks()
    asked = {"item": fakes.make_items("clothing").row(1).id, "colours": ["blue", "pink"], "patterns": ["striped"]}
    content = conforms(client.post("/api/search", json=asked), "Found")
    assert content["reads"]["kind"] == {"class": "boot", "probability": 0.9}
    assert sorted(int(id.rpartition("-")[2], 16) for id in ids(content)) == [5, 15, 25]
    assert {hit["agrees"]["colour"]["probability"] for hit in content["hits"]} == {0.8}
    assert ids(conforms(client.get("/api/similar", params=asked), "Found")) == ids(content)
    sent = client.post("/api/search", files={"image": png()}, data={"colours": ["blue"], "patterns": ["striped"]})
    assert sorted(ids(conforms(sent, "Found"))) == sorted(ids(content))
    for wrong in ({"colours": ["mint"]}, {"colours": "red"}, {"patterns": [3]}, {"patterns": ["solid"] * 21}):
        assert client.post("/api/search", json={"text": "red"} | wrong).status_code == 422
    refused(
        client.post("/api/search", json={"text": "red", "patterns": ["plain"]}),
        422,
        "There is no pattern named 'plain'. Known: animal, camouflage, checked, colourblock, dotted, floral, graphic, "
        "printed, solid, striped, textured.",
    )


def test_items_can_be_wanted_less_in_all_three_ways(client: TestClient, engine: SearchEngine) -> None:
    less = [hit.id for hit in engine.search(Query(item=GREY_ITEM, k=2)).hits]
    wanted = [hit.id for hit in engine.search(Query(item=GREY_ITEM, k=6, wording=Wording(less_items=tuple(less)))).hits]
    asked = conforms(client.post("/api/search", json={"item": GREY_ITEM, "k": 6, "less_items": less}), "Found")
    got = conforms(client.get("/api/similar", params={"item": GREY_ITEM, "k": 6, "less_items": less}), "Found")
    assert ids(asked) == ids(got) == wanted
    assert not set(less) & set(wanted)
    sent = client.post("/api/search", files={"image": png()}, data={"less_items": less})
    expected = engine.search(Query(photo=png(), wording=Wording(less_items=tuple(less)))).hits
    assert ids(conforms(sent, "Found")) == [hit.id for hit in expected]
    unknown = client.post("/api/search", json={"text": "red", "less_items": ["clothing/none"]})
    refused(unknown, 404, "There is no item with the id 'clothing/none' in this catalogue.")
    for wrong in ("clothing/1", [3], [""], ["x"] * 6, ["x" * 201]):
        assert client.post("/api/search", json={"text": "red", "less_items": wrong}).status_code == 422


def test_a_part_of_a_picture_can_be_meant(client: TestClient, engine: SearchEngine) -> None:
    photo, region = halves(), "0.5,0,1,1"
    sent = client.post("/api/search", files={"image": photo}, data={"region": region})
    expected = engine.search(Query(photo=photo, region=Region.read(region))).hits
    assert ids(conforms(sent, "Found")) == [hit.id for hit in expected]
    assert ids(sent.json()) != ids(client.post("/api/search", files={"image": photo}).json())
    several = client.post("/api/search/batch", files=[("image", photo)] * 2, data={"region": region}).json()
    assert [ids(answer) for answer in several["answers"]] == [ids(sent.json())] * 2
    for wrong, code in (("0,0,1", "engine.region-odd"), ("0.5,0,0.5,1", "engine.region-small")):
        refusal = client.post("/api/search", files={"image": photo}, data={"region": wrong})
        assert (refusal.status_code, refusal.json()["code"]) == (422, code)
    tiny = client.post("/api/search", files={"image": png(size=(40, 30))}, data={"region": "0,0,0.1,0.1"})
    refused(tiny, 422, "upload: the chosen part of it has only 4 × 3 pixels; each side must have at least 8.")
    by_words = client.post("/api/search", json={"text": "red", "region": region})
    assert by_words.json()["detail"].startswith("There is no field named 'region'. Known: item, text, image_url, k,")


def halves() -> bytes:
    """A picture, red on its left and blue on its right."""
    image = fakes.solid((200, 30, 40), (80, 40))
    image.paste((30, 40, 200), (40, 0, 80, 40))
    with io.BytesIO() as buffer:
        image.save(buffer, "PNG")
        return buffer.getvalue()


def test_an_item_gets_the_same_hits_by_both_ways(client: TestClient, engine: SearchEngine) -> None:
    asked = conforms(client.post("/api/search", json={"item": GREY_ITEM, "k": 6}), "Found")
    got = conforms(client.get("/api/similar", params={"item": GREY_ITEM, "k": 6}), "Found")
    assert ids(asked) == ids(got) == [hit.id for hit in engine.search(Query(item=GREY_ITEM, k=6)).hits]
    assert GREY_ITEM not in ids(got)
    assert all(hit["closer_than"] is not None for hit in got["hits"])


def test_misspelt_words_are_corrected_and_unknown_ones_get_no_figures(client: TestClient) -> None:
    typed, right = (
        conforms(client.post("/api/search", json={"text": text}), "Found") for text in ("red dres", "red dress")
    )
    assert typed["hits"] == right["hits"]
    assert typed["notices"][0].startswith("Searched for “red dress” in place of “red dres”")
    assert typed["notices"][1:] == right["notices"]
    unknown = conforms(client.post("/api/search", json={"text": "qqxz"}), "Found")
    assert {(hit["closer_than"], hit["same_kind"]) for hit in unknown["hits"]} == {(None, None)}
    assert len(unknown["notices"]) == 1


@pytest.mark.parametrize("asked", [{"text": "a Blue shirt"}, {"item": GREY_ITEM, "but": "blue"}])
def test_a_colour_is_not_looked_for_among_grey_pictures(client: TestClient, asked: dict[str, str]) -> None:
    content = conforms(client.post("/api/search", json=asked | {"k": 70}), "Found")
    assert [hit["catalogue"] for hit in content["hits"]] == ["clothing"] * fakes.N_CLOTHING
    assert content["notices"] == [
        "Fashion-MNIST has no colours, so it was not searched; name it as the catalogue (fashion-mnist) "
        "to search it anyhow."
    ]
    chosen = conforms(client.post("/api/search", json=asked | {"catalogue": "fashion-mnist"}), "Found")
    assert [hit["catalogue"] for hit in chosen["hits"]] == ["fashion-mnist"] * 5
    assert chosen["notices"] == ["Fashion-MNIST has no colours, so its pieces cannot show the one that was asked for."]


@pytest.mark.parametrize("k", [1, 5, 70, 100])
def test_k_hits_are_given_where_there_are_as_many(client: TestClient, k: int) -> None:
    content = client.post("/api/search", json={"text": "dark", "k": k}).json()
    assert [hit["rank"] for hit in content["hits"]] == list(range(1, min(k, 70) + 1))


@pytest.mark.parametrize("catalogue", ["all", *CATALOGUES])
def test_a_catalogue_can_be_chosen(client: TestClient, engine: SearchEngine, catalogue: str) -> None:
    filters = Filters(() if catalogue == "all" else (catalogue,))
    expected = [hit.id for hit in engine.search(Query(photo=png(), k=5, filters=filters)).hits]
    asked = client.post("/api/search", files={"image": png()}, data={"catalogue": catalogue}).json()
    assert ids(asked) == expected
    got = client.get("/api/similar", params={"item": RED_ITEM, "catalogue": catalogue}).json()
    assert ids(got) == [hit.id for hit in engine.search(Query(item=RED_ITEM, k=5, filters=filters)).hits]


def test_labels_and_a_minimum_can_be_chosen_in_all_three_ways(client: TestClient, engine: SearchEngine) -> None:
    chosen = ["fashion-mnist/T-shirt/top", "clothing/Dress"]
    labels = frozenset({("fashion-mnist", "T-shirt/top"), ("clothing", "Dress")})
    expected = [hit.id for hit in engine.search(Query(item=RED_ITEM, k=20, filters=Filters((), labels, 0.5))).hits]
    values = {"item": RED_ITEM, "k": 20, "min_similarity": 0.5, "labels": chosen}
    assert 1 < len(expected) < 20
    assert ids(client.post("/api/search", json=values).json()) == expected
    assert ids(client.get("/api/similar", params=values).json()) == expected
    form = {"k": "20", "min_similarity": "0.5", "labels": chosen}
    by_picture = client.post("/api/search", files={"image": png()}, data=form).json()
    wanted = engine.search(Query(photo=png(), k=20, filters=Filters((), labels, 0.5))).hits
    assert ids(by_picture) == [hit.id for hit in wanted]


def test_nothing_close_enough_is_an_answer(client: TestClient) -> None:
    response = client.post("/api/search", json={"text": "red", "catalogue": "fashion-mnist", "min_similarity": 1.0})
    assert (response.status_code, conforms(response, "Found")["hits"]) == (200, [])


def test_a_hit_says_where_its_picture_is(client: TestClient) -> None:
    content = client.post("/api/search", json={"text": "dark", "k": 70}).json()
    addresses = {hit["id"]: hit["picture"] for hit in content["hits"]}
    assert addresses[RED_ITEM].startswith("https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset/")
    response = client.get(addresses[GREY_ITEM])
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(response.content)) as picture:
        grey = int(fakes.colours_of("fashion-mnist")[7][0])
        assert (picture.size, picture.getextrema()) == ((112, 112), (grey, grey))


def test_photos_are_given_as_they_lie_on_this_computer(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = client.get("/api/picture", params={"item": RED_ITEM})
    url = client.get("/api/similar", params={"item": RED_ITEM, "k": 1, "catalogue": "clothing"}).json()["hits"][0]
    assert url["picture"].startswith("https://")
    assert elsewhere.status_code == 404
    assert conforms(elsewhere, "Error")["detail"].startswith("That photo is not on this server; it is published at htt")
    photos = tmp_path / "data" / "clothing-dataset" / "images"
    photos.mkdir(parents=True)
    (photos.parent / "images.csv").write_text("image,sender_id,label,kids\n")
    (photos / f"{RED_ITEM.partition('/')[2]}.jpg").write_bytes(b"the photo's own bytes")
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    hits = client.post("/api/search", json={"text": "red", "k": 70}).json()["hits"]
    addresses = {hit["id"]: hit["picture"] for hit in hits}
    assert addresses[RED_ITEM] == f"/api/picture?item={RED_ITEM}"
    assert addresses[url["id"]] == url["picture"]
    response = client.get(addresses[RED_ITEM])
    assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
    assert response.content == b"the photo's own bytes"


@pytest.fixture
def other_backbone(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A second backbone, which has been built."""
    before = load_manifest()
    fakes.write_artifacts(tiny_artifacts, "other")
    after = load_manifest()
    for part in ("indexes", "backbones", "files"):
        after[part] = before[part] | after[part]
    save_manifest(after)
    monkeypatch.setitem(BACKBONES, "other", fakes.fake_record("other"))
    return "other"


def test_another_backbone_answers_where_it_has_been_built(client: TestClient, other_backbone: str) -> None:
    expected = [hit.id for hit in SearchEngine("other").search(Query(photo=png())).hits]
    answer = conforms(client.post("/api/search", files={"image": png()}, data={"backbone": "other"}), "Found")
    assert (answer["backbone"], ids(answer)) == ("other", expected)
    answer = conforms(client.get("/api/similar", params={"item": RED_ITEM, "backbone": "other"}), "Found")
    assert answer["backbone"] == "other"
    assert ids(answer) == [hit.id for hit in SearchEngine("other").search(Query(item=RED_ITEM)).hits]
    options = client.get("/api/openapi.json").json()["components"]["parameters"]
    assert options["backbone"]["schema"]["enum"] == ["vitrine-clip", "other"]


def test_a_backbone_that_is_unknown_or_not_built_is_refused(client: TestClient) -> None:
    sentence = "efficientnet-lite0 cannot be searched with here; these backbones can: vitrine-clip."
    refused(client.post("/api/search", json={"text": "red", "backbone": "efficientnet-lite0"}), 422, sentence)
    known = ", ".join(BACKBONES)
    for value in ("vgg", 5, None, ["vitrine-clip"]):
        answer = client.post("/api/search", json={"text": "red", "backbone": value})
        refused(answer, 422, f"backbone must be one of {known}.")


def test_other_backbones_never_push_out_the_default_one(tiny_artifacts: Path) -> None:
    default = process.engine()
    for number in range(5):
        process.engine(f"other-{number}")
    assert process.engine() is default


def test_the_file_name_is_only_a_name(client: TestClient) -> None:
    for sent, shown in (("../../etc/passwd", "passwd"), ("C:\\a\\b.png", "b.png"), ("x" * 400, "x" * 100)):
        assert client.post("/api/search", files={"image": (sent, png())}).json()["query"] == shown


# What there is


def test_the_index_points_to_the_description(client: TestClient) -> None:
    content = conforms(client.get("/api"), "Index")
    links = {"description": "/api/openapi.json", "documentation": "/api/docs"}
    assert content == {"name": "Vitrine", "version": __version__, **links}
    assert client.get(content["description"]).json()["openapi"] == "3.1.0"


def test_the_version_is_that_of_the_project() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_health_loads_nothing_and_says_what_is_loaded(client: TestClient) -> None:
    before = conforms(client.get("/api/health"), "Health")
    assert (before["status"], before["loaded"], before["artifacts"]) == ("ok", False, "present")
    client.post("/api/search", json={"text": "dark"})
    after = conforms(client.get("/api/health"), "Health")
    assert (after["loaded"], after["artifacts"], after["notices"]) == (True, "verified", [])


def test_health_knows_that_a_damaged_graph_has_a_stand_in(client: TestClient, tiny_artifacts: Path) -> None:
    graph = tiny_artifacts / "indexes" / "vitrine-clip" / "clothing.hnsw"
    graph.write_bytes(graph.read_bytes()[:-1])
    assert client.post("/api/search", json={"text": "red"}).status_code == 200
    assert "compared" in conforms(client.get("/api/health"), "Health")["notices"][0]


def test_backbones_say_what_they_can_search(client: TestClient) -> None:
    content = conforms(client.get("/api/backbones"), "Backbones")
    assert [backbone["id"] for backbone in content["backbones"] if backbone["searchable"]] == ["vitrine-clip"]
    indexed = {backbone["id"]: backbone["indexed"] for backbone in content["backbones"]}
    assert content["default"] == "vitrine-clip"
    assert (indexed["vitrine-clip"], indexed["efficientnet-lite0"]) == (["fashion-mnist", "clothing"], [])


def test_the_api_keeps_to_its_prefix(tiny_artifacts: Path) -> None:
    with TestClient(Starlette(routes=api.routes("/shop"))) as client:
        assert client.get("/shop/api").json()["description"] == "/shop/api/openapi.json"
        assert "/shop/api/search" in client.get("/shop/api/openapi.json").json()["paths"]
        hits = client.get("/shop/api/similar", params={"item": GREY_ITEM}).json()["hits"]
        assert client.get(hits[0]["picture"]).status_code == 200
        assert client.get("/shop/api/nothing").json()["detail"].startswith("There is nothing")
        assert client.get("/api").headers["content-type"].startswith("text/plain")


def test_no_other_site_may_read_an_answer(client: TestClient) -> None:
    response = client.get("/api/health", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert response.headers["x-content-type-options"] == "nosniff"
    refused(
        client.options("/api/search", headers={"Origin": "https://elsewhere.example"}),
        405,
        "This address is not asked with OPTIONS, but with POST.",
    )


# What is refused


@pytest.mark.parametrize("path", ["/api/nothing", "/api/search/", "/api/health/x"])
def test_404_where_there_is_nothing(client: TestClient, path: str) -> None:
    refused(client.get(path), 404, "There is nothing at this address; /api/openapi.json describes what there is.")


def test_404_for_unknown_items(client: TestClient) -> None:
    sentence = "There is no item with the id 'clothing/x' in this catalogue."
    refused(client.post("/api/search", json={"item": "clothing/x"}), 404, sentence)
    refused(client.get("/api/similar", params={"item": "clothing/x"}), 404, sentence)
    sentence = "There is no catalogue named 'x'. Known: clothing, fashion-mnist."
    refused(client.get("/api/similar", params={"item": "x"}), 404, sentence)
    sentence = "There is no item with the id 'fashion-mnist/x' in this catalogue."
    refused(client.get("/api/picture", params={"item": "fashion-mnist/x"}), 404, sentence)


def test_405_names_what_is_allowed(client: TestClient) -> None:
    response = client.get("/api/search")
    refused(response, 405, "This address is not asked with GET, but with POST.")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The body is not readable JSON."),
        (b"{", "The body is not readable JSON."),
        (b'"\xff"', "The body is not readable JSON."),
        (b"[" * 60_000, "The body is not readable JSON."),
        (b'{"k": ' + b"9" * 5000 + b"}", "The body is not readable JSON."),
        (b"[1]", "The body must be a JSON object."),
    ],
)
def test_400_for_broken_json(client: TestClient, content: bytes, sentence: str) -> None:
    refused(client.post("/api/search", content=content, headers={"content-type": "application/json"}), 400, sentence)


PART = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nx\r\n'
NO_NAME = 'The Content-Disposition header field "name" must be provided.'
BROKEN_FORMS = [
    ("multipart/form-data", b"", "Missing boundary in multipart."),
    (MULTIPART["content-type"], b"--c\r\n", "Invalid multipart data."),
    (
        MULTIPART["content-type"],
        b"--b\r\n\r\n\r\n--b--",
        'The Content-Disposition header field "name" must be provided.',
    ),
    (MULTIPART["content-type"], PART * 2 + b"--b--", "Too many files. Maximum number of files is 1."),
    (
        MULTIPART["content-type"] + "; charset=undefined",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--',
        "The body is not a readable multipart form.",
    ),
]


@pytest.mark.parametrize(("content_type", "content", "sentence"), BROKEN_FORMS)
def test_400_for_broken_forms(client: TestClient, content_type: str, content: bytes, sentence: str) -> None:
    refused(client.post("/api/search", content=content, headers={"content-type": content_type}), 400, sentence)


def test_400_for_more_or_longer_fields_than_there_are(client: TestClient) -> None:
    labels = {"labels": ["clothing/Dress"] * (body.MAX_FIELDS + 1)}
    response = client.post("/api/search", files={"image": png()}, data=labels)
    refused(response, 400, f"Too many fields. Maximum number of fields is {body.MAX_FIELDS}.")
    response = client.post("/api/search", files={"image": png()}, data={"k": "1" * 3000})
    refused(response, 400, "Part exceeded maximum size of 2KB.")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "image/png"])
def test_415_for_other_bodies(client: TestClient, content_type: str) -> None:
    sentence = "Send a picture as multipart/form-data, or an item or words as application/json."
    headers = {"content-type": content_type} if content_type else {}
    refused(client.post("/api/search", content=b"k=1", headers=headers), 415, sentence)


def test_415_for_what_is_no_picture(client: TestClient) -> None:
    response = client.post("/api/search", files={"image": ("notes.png", b"only text", "image/png")})
    assert response.status_code == 415
    assert conforms(response, "Error")["detail"].startswith("notes.png: it is not a picture of an accepted type (JPEG")


def test_422_for_pictures_that_cannot_be_used(client: TestClient) -> None:
    damaged = "cut.png: the file is damaged or cut short, so it cannot be decoded."
    refused(client.post("/api/search", files={"image": ("cut.png", png()[:60])}), 422, damaged)
    refused(client.post("/api/search", files={"image": ("no.png", b"")}), 422, "no.png: the file is empty.")
    small = client.post("/api/search", files={"image": ("s.png", png(size=(3, 3)))})
    assert (small.status_code, "3 × 3 pixels" in small.json()["detail"]) == (422, True)
    missing = "The form must hold one picture, as a file named image."
    refused(client.post("/api/search", files={"photo": png()}), 422, missing)


K = "k must be a whole number from 1 to 100."
MINIMUM = "min_similarity must be a number from -1 to 1."
LABELS = "labels must be at most 50 texts such as clothing/Dress."
TEXT = "text must be a text of 1 to 500 characters, not blank."
KNOWN = "k, catalogue, min_similarity, labels, colours, patterns, backbone, but, less, weight, less_items"
OUT_OF_RANGE: list[tuple[dict[str, Any], str]] = [
    *(({"text": "red", "k": k}, K) for k in (0, -1, 101, 1.5, "5", True, None, [], 10**30)),
    *(({"text": "red", "min_similarity": m}, MINIMUM) for m in (-1.01, 2, "0", False, None, {}, 10**400)),
    ({"text": "red", "catalogue": "shoes"}, "catalogue must be one of all, fashion-mnist, clothing."),
    ({"text": "red", "catalogue": ["all"]}, "catalogue must be one of all, fashion-mnist, clothing."),
    *(({"text": "red", "labels": value}, LABELS) for value in ("clothing/Dress", [1], None, ["clothing/Dress"] * 51)),
    (
        {"text": "red", "labels": ["Dress"]},
        "'Dress' is no label; a label is written as in clothing/Dress.",
    ),
    (
        {"text": "red", "labels": ["x/Dress"]},
        "There is no catalogue named 'x'. Known: clothing, fashion-mnist.",
    ),
    *(({"text": text}, TEXT) for text in ("", "  \n", 5, None, "x" * 501)),
    ({"text": "\ud800"}, "text holds a character that is none."),
    ({"item": "y" * 201}, "item must be a text of 1 to 200 characters, not blank."),
    ({}, "Give exactly one of item, text, image_url."),
    ({"text": "red", "item": RED_ITEM}, "Give exactly one of item, text, image_url."),
    (
        {"text": "red", "top": 5},
        "There is no field named 'top'. Known: item, text, image_url, k, catalogue, min_similarity, labels, "
        "colours, patterns, backbone, but, less, weight, less_items.",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), OUT_OF_RANGE)
def test_422_for_values_in_json(client: TestClient, values: dict[str, Any], sentence: str) -> None:
    content = json.dumps(values).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    refused(client.post("/api/search", content=content, headers=headers), 422, sentence)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "item is missing."),
        (f"item={RED_ITEM}&k=0", K),
        (f"item={RED_ITEM}&k=", K),
        (f"item={RED_ITEM}&k=nan", K),
        (f"item={RED_ITEM}&k=1e400", K),
        (f"item={RED_ITEM}&min_similarity=inf", MINIMUM),
        (f"item={RED_ITEM}&k=1&k=2", "'k' is given twice."),
        (
            f"item={RED_ITEM}&text=red",
            f"There is no field named 'text'. Known: item, {KNOWN}.",
        ),
    ],
)
def test_422_for_values_in_the_address(client: TestClient, query: str, sentence: str) -> None:
    refused(client.get(f"/api/similar?{query}"), 422, sentence)


def test_422_for_unknown_classes_and_values_in_forms(client: TestClient) -> None:
    response = client.post("/api/search", files={"image": png()}, data={"labels": "clothing/Sock"})
    assert response.status_code == 422
    assert response.json()["detail"].startswith("There is no class named 'Sock'. Known: Blazer, Blouse")
    response = client.post("/api/search", files={"image": png()}, data={"k": "many"})
    refused(response, 422, K)
    response = client.post("/api/search", files={"image": png()}, data={"item": RED_ITEM})
    refused(response, 422, f"There is no field named 'item'. Known: {KNOWN}, region.")
    response = client.post("/api/search?k=5", json={"text": "red"})
    refused(response, 422, "There is no field named 'k' here.")


def test_urls_are_off_refused_inside_and_fetched_outside(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"image_url": "https://pictures.example/red.png"}
    refused(client.post("/api/search", json=asked), 403, endpoints.URLS_OFF)
    monkeypatch.setenv("VITRINE_ALLOW_URLS", "1")
    for address in (
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
    ):
        answer = client.post("/api/search", json={"image_url": address})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(f"{address}: ")
    monkeypatch.setattr(endpoints, "fetch_url", lambda url: png() if url == asked["image_url"] else b"")
    content = conforms(client.post("/api/search", json=asked), "Found")
    assert ids(content) == [hit.id for hit in engine.search(Query(photo=png())).hits]


@pytest.mark.parametrize("file", ["manifest.json", "catalogues/clothing.json", "indexes/vitrine-clip/clothing.npy"])
def test_503_where_artifacts_are_damaged(client: TestClient, tiny_artifacts: Path, file: str) -> None:
    path = tiny_artifacts / file
    path.write_bytes(path.read_bytes()[:-2])
    for response in (
        client.post("/api/search", files={"image": png()}),
        client.get("/api/similar", params={"item": RED_ITEM}),
        client.get("/api/health"),
    ):
        assert response.status_code == 503
        sentence = conforms(response, "Error")["detail"]
        assert sentence.startswith(f"artifacts/{file} is ")
        assert "To repair it, run: git restore artifacts" in sentence
        assert str(tiny_artifacts) not in sentence


def test_500_tells_nothing_of_a_bug(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug() -> dict[str, Any]:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(answers, "health", bug)
    sentence = "Something went wrong here that should not have; whoever runs this server finds it in the log."
    refused(client.get("/api/health"), 500, sentence)


# Bodies that are too long or too slow


async def send(app: Starlette, headers: dict[str, str], messages: AsyncIterator[dict[str, Any]]) -> tuple[int, str]:
    """Speak ASGI by hand; gives status and sentence."""
    sent: list[dict[str, Any]] = []
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/search", "query_string": b"", "headers": raw}

    async def receive() -> dict[str, Any]:
        return await anext(messages)

    async def answer(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope | {"root_path": "", "http_version": "1.1", "scheme": "http"}, receive, answer)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))["detail"]


async def chunks(parts: Iterable[bytes], end: bool = True) -> AsyncIterator[dict[str, Any]]:
    for part in parts:
        yield {"type": "http.request", "body": part, "more_body": True}
    if end:
        yield {"type": "http.request", "body": b"", "more_body": False}
    await anyio.sleep_forever()


TOO_HEAVY = (413, "The picture is larger than 10 MB, the limit for one picture.")
HEAD = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'


def test_413_for_a_picture_one_byte_too_heavy(client: TestClient) -> None:
    response = client.post("/api/search", files={"image": b"\0" * (MAX_IMAGE_BYTES + 1)})
    refused(response, *TOO_HEAVY)
    response = client.post("/api/search", files={"image": b"\0" * MAX_IMAGE_BYTES})
    assert response.status_code == 415  # ten megabytes are read; they are no picture


@pytest.mark.parametrize("n", [12, 10_000])
def test_413_without_a_length_however_much_still_comes(app: Starlette, n: int) -> None:
    """What is too much is dropped for a while, so that the sender gets to read why, but not for ever."""
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield HEAD
        for _ in range(n):
            read += 1
            yield b"x" * 1_000_000

    assert anyio.run(send, app, MULTIPART, chunks(endless())) == TOO_HEAVY
    assert read == min(n, 10 + 1 + 41)


def test_413_by_the_length_alone(app: Starlette) -> None:
    headers = MULTIPART | {"content-length": str(10**12)}
    assert anyio.run(send, app, headers, chunks([], end=False)) == TOO_HEAVY
    headers = MULTIPART | {"content-length": "12000000", "expect": "100-continue"}
    assert anyio.run(send, app, headers, chunks([], end=False)) == TOO_HEAVY


def test_413_for_long_json(client: TestClient) -> None:
    refused(client.post("/api/search", json={"text": "x" * 64_000}), 413, "The JSON is longer than 64 kB.")


@pytest.mark.parametrize("headers", [MULTIPART, {"content-type": "application/json"}])
def test_408_for_a_body_that_does_not_come(
    app: Starlette, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(body, "API_UPLOAD_S", 0.05)
    sentence = body._TOO_SLOW
    assert anyio.run(send, app, headers, chunks([HEAD], end=False)) == (408, sentence)


def test_a_body_has_time_as_long_as_it_comes(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the least rate it is read to its end, below it is given up long before the last of the time is over."""
    monkeypatch.setattr(body, "API_GRACE_S", 0.2)
    monkeypatch.setattr(body, "API_BYTES_PER_S", 100)

    async def dripping(n_bytes: int, n: int) -> AsyncIterator[dict[str, Any]]:
        for _ in range(n):
            await anyio.sleep(0.05)
            yield {"type": "http.request", "body": b" " * n_bytes, "more_body": True}
        yield {"type": "http.request", "body": b"{}", "more_body": False}

    json_type = {"content-type": "application/json"}
    started = time.monotonic()
    assert anyio.run(send, app, json_type, dripping(20, 12)) == (422, "Give exactly one of item, text, image_url.")
    assert time.monotonic() - started > 0.5
    assert anyio.run(send, app, json_type, dripping(1, 1000)) == (408, body._TOO_SLOW)


# Too much at once


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Searches by words do not end before this is set."""
    event = threading.Event()

    def slowly(search: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            assert not arguments[1].text or event.wait(30)
            return search(*arguments)

        return run

    monkeypatch.setattr(SearchEngine, "search", slowly(SearchEngine.search))
    yield event
    event.set()


BUSY = "Too much is being asked at the moment; try again in 1 second."


def ask(client: TestClient) -> Any:
    return client.post("/api/search", json={"text": "red"})


def test_429_when_enough_are_searching_and_waiting(
    tiny_artifacts: Path, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "API_MAX_WAITING", 3)
    n = MAX_SEARCHES + 3
    with TestClient(api.application()) as client, ThreadPoolExecutor(n + 1) as pool:
        asked = [pool.submit(ask, client) for _ in range(n + 1)]
        done, others = wait(asked, 20, FIRST_COMPLETED)
        assert len(done) == 1
        response = done.pop().result()
        refused(response, 429, BUSY)
        assert response.headers["retry-after"] == "1"
        assert client.get("/api/health").status_code == 200  # what needs no search is not held up
        held.set()
        assert [future.result().status_code for future in others] == [200] * n
    assert ask(client).status_code == 200  # all places are free again


def test_429_when_the_wait_is_too_long(
    tiny_artifacts: Path, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "API_PATIENCE_S", 0.1)
    n = MAX_SEARCHES + 1
    with TestClient(api.application()) as client, ThreadPoolExecutor(n) as pool:
        asked = [pool.submit(ask, client) for _ in range(n)]
        done, others = wait(asked, 20, FIRST_COMPLETED)
        refused(done.pop().result(), 429, BUSY)
        held.set()
        assert [future.result().status_code for future in others] == [200] * MAX_SEARCHES


def test_429_when_too_many_bodies_are_in_hand(
    tiny_artifacts: Path, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "API_MAX_UPLOADS", 1)
    monkeypatch.setattr(endpoints, "API_MAX_WAITING", 0)
    with TestClient(api.application()) as client, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, client) for _ in range(2)]
        done, others = wait(asked, 20, FIRST_COMPLETED)
        refused(done.pop().result(), 429, BUSY)
        assert client.get("/api/similar", params={"item": RED_ITEM}).status_code == 200
        held.set()
        assert [future.result().status_code for future in others] == [200]


# One engine for all


def test_all_threads_share_one_engine_and_its_files(tiny_artifacts: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        engines = set(pool.map(lambda _: process.engine(), range(32)))
        files = set(pool.map(lambda _: fashion_mnist.sheets(), range(32)))
    assert engines == {process.engine()}
    assert files == {fashion_mnist.sheets()}


def test_other_artifacts_get_another_engine(
    tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process.engine()
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(tmp_path / "other"))
    assert process.engine() is not one


def test_connections_of_the_server_send_at_once() -> None:
    from core.ui import server

    with socket.socket() as listening, socket.socket() as client:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server.send_at_once()
        client.connect(listening.getsockname())
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0  # nothing else is changed
