"""A catalogue in Milvus, as visitors, programs and the command line meet it: built, found, browsed, and gone."""

from __future__ import annotations

import io
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import compared
import fakes
import milvus
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from visits import hits_of, html_of, open_page

from core import api
from core.__main__ import main
from core.compare import gallery as compare
from core.compare import side_by_side
from core.config import DEFAULT_BACKBONE, MilvusPlace
from core.engine import catalogues
from core.engine.catalogues import CATALOGUES, photos
from core.engine.index.milvus import server as servers
from core.engine.search import process, remote
from core.engine.search.query import Query
from core.own.large import shards
from core.ui.words import WORDS

BROWSE = "pages/1_Browse.py"
#: The tones go round, so that no two pictures are alike.
COLOURS = {
    f"{('boots', 'shirts')[at % 2]}/{at:02}.png": (40 + 5 * at, 250 - 7 * at, (90 * at) % 251) for at in range(30)
}
QUERY = (120, 160, 70)
SECRET = "root:tOp-sEcret"


@pytest.fixture(scope="module", params=["lite", "server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusPlace]:
    place = milvus.place_of(request.param, tmp_path_factory.mktemp("milvus"))
    yield place
    milvus.close(place, "shop")


@pytest.fixture(autouse=True)
def _here(tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fake backbone, which reads colours, and nothing left of what another test has opened."""
    fakes.add_looks()
    monkeypatch.setattr(shards, "ROOT", tmp_path)
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    yield
    forget()


def forget() -> None:
    remote._of.cache_clear()
    process._default_engine.cache_clear()
    for opened in (catalogues.OPENED, photos.OPENED):
        opened.clear()


@pytest.fixture
def shop(place: MilvusPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogue, built by the command; its pictures' folder."""
    monkeypatch.setenv("VITRINE_MILVUS_URI", place.uri)
    monkeypatch.setenv("VITRINE_MILVUS_TOKEN", place.token)
    monkeypatch.setattr("core.own.large.build.GRACE_S", 0)
    folder = milvus.write_pictures(tmp_path / "pictures", COLOURS)
    (folder / "boots" / "notes.png").write_bytes(b"no picture")
    assert main(["build", "--catalogue", "shop", "--from", str(folder), "--index", "milvus"]) == 0
    forget()
    return folder


def png(rgb: tuple[int, int, int] = QUERY) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def nearest(rgb: tuple[int, int, int], allowed: list[int] | None = None) -> list[str]:
    """All ids, closest first, by a look at every picture."""
    allowed = list(range(len(COLOURS))) if allowed is None else allowed
    names = sorted(COLOURS)
    tones = [rgb, *(COLOURS[names[at]] for at in allowed)]
    embeddings = fakes.FakeEmbedder(fakes.fake_record()).embed_images(map(fakes.solid, tones))
    order = np.argsort(-embeddings[1:] @ embeddings[0], kind="stable")
    return [f"shop/{allowed[at]}" for at in order]


def ask(page: AppTest, photo: bytes) -> AppTest:
    page.file_uploader[0].upload("photo.png", photo).run()
    assert not page.exception
    return page


def test_page_api_and_command_line_find_the_same(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    assert main(["search", str(tmp_path / "photo.png"), "--catalogue", "shop", "--k", "7", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)["hits"]
    assert [hit["id"] for hit in printed] == nearest(QUERY)[:7]
    with TestClient(api.application()) as client:
        answer = client.post("/api/search", files={"image": png()}, data={"catalogue": "shop", "k": "7"}).json()
        assert [{name: hit[name] for name in printed[0]} for hit in answer["hits"]] == printed
    page = ask(open_page(catalogue="shop", k="7"), png())
    assert [id for _, id, _ in hits_of(page)] == nearest(QUERY)[:7]
    assert f"searched {len(COLOURS)} pieces" in " ".join(caption.value for caption in page.caption)


def test_an_item_is_the_query_and_is_not_found_itself(shop: Path) -> None:
    names = sorted(COLOURS)
    page = open_page(item="shop/4", catalogue="shop", k="5")
    assert [id for _, id, _ in hits_of(page)] == [id for id in nearest(COLOURS[names[4]]) if id != "shop/4"][:5]
    with TestClient(api.application()) as client:
        answer = client.get("/api/similar", params={"item": "shop/4", "catalogue": "shop", "k": 5}).json()
        assert [hit["id"] for hit in answer["hits"]] == [id for _, id, _ in hits_of(page)]
        assert client.get("/api/similar", params={"item": "shop/400"}).status_code == 404


def test_labels_colours_and_least_similarity_are_filters(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boots = [at for at, name in enumerate(sorted(COLOURS)) if name.startswith("boots")]
    command = ["search", "--text", "teal", "--catalogue", "shop", "--k", "9", "--json"]
    assert main([*command, "--label", "shop/boots"]) == 0
    found = json.loads(capsys.readouterr().out)["hits"]
    assert [hit["id"] for hit in found] == nearest((0, 128, 128), boots)[:9]
    assert {hit["label"] for hit in found} == {"boots"}
    assert main([*command, "--colour", "green"]) == 0
    found = json.loads(capsys.readouterr().out)["hits"]
    assert found
    assert all(hit["agrees"]["colour"]["class"] == "green" for hit in found)
    least = found[3]["similarity"] - 1e-5  # it is rounded
    assert main([*command, "--colour", "green", "--min-similarity", str(least)]) == 0
    assert [hit["similarity"] for hit in json.loads(capsys.readouterr().out)["hits"]] == [
        hit["similarity"] for hit in found[:4]
    ]


def test_it_is_searched_only_where_it_is_named(shop: Path) -> None:
    page = ask(open_page(k="20"), png())
    assert {id.partition("/")[0] for _, id, _ in hits_of(page)} <= set(CATALOGUES)
    assert "shop" in page.segmented_control(key="catalogue").options


def test_it_is_browsed_page_by_page_and_an_item_opened(shop: Path) -> None:
    page = open_page(BROWSE, catalogue="shop", page="2")
    ids = re.findall(r'<article class="vt-tile" data-id="([^"]+)"', html_of(page))
    assert ids == [f"shop/{at}" for at in range(24, 30)]
    page = open_page(BROWSE, catalogue="shop", **{"class": "shop/shirts"})
    ids = re.findall(r'<article class="vt-tile" data-id="([^"]+)"', html_of(page))
    assert ids == [f"shop/{at}" for at in range(15, 30)]
    page = open_page(BROWSE, catalogue="shop", sort="class")
    assert WORDS.browse.own_order in [note.value for note in page.info]
    page = open_page(BROWSE, item="shop/17")
    assert 'data-id="shop/17"' in html_of(page)
    assert "data:image/jpeg;base64," in html_of(page)


def test_programs_page_through_it_and_get_its_pictures(shop: Path) -> None:
    with TestClient(api.application()) as client:
        seen, cursor = [], ""
        while cursor is not None:
            asked = {"catalogue": "shop", "label": "boots", "limit": 4} | ({"cursor": cursor} if cursor else {})
            answer = client.get("/api/items", params=asked).json()
            seen += [item["id"] for item in answer["items"]]
            cursor = answer["next"]
        assert seen == [f"shop/{at}" for at in range(15)]
        known = next(one for one in client.get("/api/catalogues").json()["catalogues"] if one["id"] == "shop")
        assert (known["n_items"], [one["label"] for one in known["labels"]]) == (30, ["boots", "shirts"])
        response = client.get(answer["items"][0]["picture"])
        assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
        with Image.open(io.BytesIO(response.content), formats=["JPEG"]) as picture:
            shown = np.asarray(picture).reshape(-1, 3).mean(axis=0)
        assert shown == pytest.approx(COLOURS[sorted(COLOURS)[int(seen[-3].partition("/")[2])]], abs=4)


def test_an_item_is_compared_by_its_picture(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One backbone alone has seen the catalogue; each embeds the picture, so that they answer the same question."""
    compared.register(monkeypatch)
    compared.write_galleries()
    compare._compare_engine.cache_clear()
    backbones = ["reddish", "dark", DEFAULT_BACKBONE]
    page = open_page("pages/3_Compare.py", item="shop/4", **{"with": backbones})
    for _ in range(100):
        if WORDS.compare.waiting not in html_of(page):
            break
        time.sleep(0.1)
        page.run()
    assert not page.exception
    assert not page.warning
    rows = [re.findall(r'role="listitem" data-id="([^"]+)"', one) for one in html_of(page).split('class="vt-rows"')[1:]]
    picture = (shop / sorted(COLOURS)[4]).read_bytes()
    assert rows == [[hit.id for hit in side_by_side.ask(id, Query(photo=picture, k=5)).hits] for id in backbones]
    (shop / sorted(COLOURS)[4]).unlink()
    answer = side_by_side.ask("dark", Query(item="shop/4"))
    assert "not on this computer" in str(answer.problem)


def test_a_page_names_what_the_server_keeps(shop: Path) -> None:
    page = open_page("pages/2_Your_catalogue.py")
    assert WORDS.own.others in " ".join(text.value for text in page.markdown)
    assert ["shop"] in [
        link.proto.query_string and ["shop"] for link in page.get("page_link") if link.proto.label == "shop"
    ]


@pytest.fixture(params=["down", "silent"])
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that is not there, and one that takes connections and says nothing; its sentence."""
    pytest.importorskip("pymilvus", reason=milvus.INSTALLED)
    monkeypatch.setattr(servers, "MILVUS_DEADLINE_S", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "silent":
            listener.listen(16)
        monkeypatch.setenv("VITRINE_MILVUS_URI", f"http://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("VITRINE_MILVUS_TOKEN", SECRET)
        yield "does not answer" if request.param == "down" else "did not answer within 0.5 seconds"


def test_a_server_that_does_not_answer_costs_a_sentence_and_the_rest_goes_on(
    broken: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    assert main(["search", str(tmp_path / "photo.png"), "--catalogue", "shop"]) == 1
    assert main(["search", str(tmp_path / "photo.png"), "--k", "3"]) == 0
    with TestClient(api.application()) as client:
        answer = client.post("/api/search", files={"image": png()}, data={"catalogue": "shop"})
        assert answer.status_code == 503
        assert broken in answer.json()["detail"]
        assert len(client.post("/api/search", files={"image": png()}).json()["hits"]) == 5
        assert [one["id"] for one in client.get("/api/catalogues").json()["catalogues"]] == list(CATALOGUES)
    said = capfd.readouterr()
    assert broken in said.err
    assert "Traceback" not in said.out + said.err + caplog.text
    page = ask(open_page(catalogue="shop", k="5"), png())
    assert broken in page.warning[0].value
    assert len(hits_of(page)) >= 5
    page = open_page(BROWSE, catalogue="shop")
    assert broken in page.info[0].value
    assert "vt-tile" in html_of(page)
    later = capfd.readouterr()
    assert "sEcret" not in said.out + said.err + later.out + later.err + caplog.text


def test_without_pymilvus_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VITRINE_MILVUS_URI", "http://127.0.0.1:1")
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    assert main(["search", "--text", "red", "--catalogue", "shop"]) == 1
    assert "pip install -r requirements-scale.txt" in capsys.readouterr().err
    assert hits_of(ask(open_page(), png()))


def test_without_a_place_a_build_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--catalogue", "shop", "--from", str(tmp_path), "--index", "milvus"]) == 1
    assert "VITRINE_MILVUS_URI" in capsys.readouterr().err
